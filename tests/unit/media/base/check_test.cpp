#include "media/base/check.h"

#include <gtest/gtest.h>

namespace media {
namespace {

TEST(CheckDeathTest, ABrokenInvariantEndsTheProcessAndNamesItself) {
  EXPECT_DEATH(CHECK(1 + 1 == 3), "CHECK failed: 1 \\+ 1 == 3 at .*check_test.cpp");
}

TEST(Check, ATrueInvariantCostsNothing) {
  int evaluated = 0;
  CHECK(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

}  // namespace
}  // namespace media

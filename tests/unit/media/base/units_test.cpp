#include "media/base/units.h"

#include <gtest/gtest.h>

namespace media {
namespace {

TEST(RateOf, IsBitsPerSecond) {
  EXPECT_EQ(rate_of(125'000, Duration::seconds(1)), DataRate::kilobits_per_second(1'000));
  EXPECT_EQ(rate_of(1'200, Duration::millis(10)).as_bps(), 960'000);
}

TEST(RateOf, AnEmptySpanHasNoRate) {
  EXPECT_EQ(rate_of(1'000, Duration()), DataRate());
  EXPECT_EQ(rate_of(1'000, -Duration::millis(1)), DataRate());
}

}  // namespace
}  // namespace media

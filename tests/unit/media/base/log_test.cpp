#include "media/base/log.h"

#include <gtest/gtest.h>

namespace media {
namespace {

TEST(Log, OneNameIsOneLogger) {
  EXPECT_EQ(logger("unit-a"), logger("unit-a"));
  EXPECT_NE(logger("unit-a"), logger("unit-b"));
}

TEST(Log, LevelsAreSetByNameAndUnknownNamesChangeNothing) {
  const auto log = logger("unit-level");
  ASSERT_TRUE(set_log_level("debug"));
  EXPECT_TRUE(log->should_log(spdlog::level::debug));
  EXPECT_FALSE(set_log_level("loud"));
  EXPECT_TRUE(log->should_log(spdlog::level::debug));
  ASSERT_TRUE(set_log_level("error"));
  EXPECT_FALSE(log->should_log(spdlog::level::warn));
  ASSERT_TRUE(set_log_level("off"));
  EXPECT_FALSE(log->should_log(spdlog::level::critical));
  ASSERT_TRUE(set_log_level("info"));
}

}  // namespace
}  // namespace media

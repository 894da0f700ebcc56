#include "media/net/clock.h"

#include <gtest/gtest.h>

#include <ctime>

namespace media::net {
namespace {

TEST(Clock, monotonic_never_steps_back) {
  Instant last = monotonic_now();
  for (int i = 0; i < 10000; ++i) {
    const Instant now = monotonic_now();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(Clock, wall_is_microseconds_since_1970) {
  const int64_t seconds = wall_now_us() / 1'000'000;
  EXPECT_LE(std::abs(seconds - static_cast<int64_t>(std::time(nullptr))), 1);
}

}  // namespace
}  // namespace media::net

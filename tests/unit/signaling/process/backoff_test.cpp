#include "signaling/process/backoff.h"

#include <gtest/gtest.h>

namespace signaling::process {
namespace {

using media::Duration;

TEST(Backoff, DoublesUpToTheLongestAndBeginsAgain) {
  Backoff backoff;
  for (const int64_t expected : {1, 2, 4, 8, 16, 30, 30})
    EXPECT_EQ(backoff.next(0), Duration::seconds(expected));
  backoff.reset();
  EXPECT_EQ(backoff.next(0), Duration::seconds(1));
}

TEST(Backoff, JitterTakesAwayAtMostHalf) {
  for (const double jitter : {0.0, 0.25, 0.5, 0.999, 7.0, -3.0}) {
    Backoff backoff;
    const Duration wait = backoff.next(jitter);
    EXPECT_GE(wait, Duration::millis(500)) << jitter;
    EXPECT_LE(wait, Duration::seconds(1)) << jitter;
  }
  Backoff backoff;
  EXPECT_EQ(backoff.next(0.5), Duration::millis(750));
}

}  // namespace
}  // namespace signaling::process

#include "tests/line/statistics.h"

#include <gtest/gtest.h>

namespace line {
namespace {

using media::Duration;

TEST(Histogram, QuantilesAreValuesThatWereSeen) {
  Histogram h;
  EXPECT_EQ(h.quantile(0.5), Duration());
  for (int i = 1; i <= 100; ++i) h.add(Duration::millis(i));
  EXPECT_EQ(h.quantile(0.5), Duration::millis(50));
  EXPECT_EQ(h.quantile(0.95), Duration::millis(95));
  EXPECT_EQ(h.quantile(1), Duration::millis(100));
  EXPECT_EQ(h.max(), Duration::millis(100));
  EXPECT_EQ(h.count(), 100U);
}

TEST(Histogram, WhatIsTooLongCountsAsTheLongest) {
  Histogram h;
  h.add(Duration::seconds(1'000));
  h.add(-Duration::millis(5));
  EXPECT_EQ(h.quantile(1), Duration::millis(Histogram::kMaxMillis));
  EXPECT_EQ(h.quantile(0.5), Duration());
  EXPECT_EQ(h.max(), Duration::seconds(1'000));
}

TEST(Statistics, LossesAddUpOverTheirReasons) {
  Statistics s;
  s.lost = {1, 2, 3, 4};
  EXPECT_EQ(s.lost_packets(), 10U);
  EXPECT_EQ(s.lost_for(LossReason::QueueFull), 3U);
  EXPECT_EQ(to_string(LossReason::QueueFull), "queue_full");
}

}  // namespace
}  // namespace line

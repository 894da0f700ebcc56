#include "media/estimate/throughput.h"

#include <gtest/gtest.h>

namespace media::estimate {
namespace {

class ThroughputTest : public ::testing::Test {
 protected:
  void feed(Duration span, int64_t bits_per_second) {
    const Duration step = Duration::millis(10);
    for (const Instant end = now_ + span; now_ < end; now_ += step)
      throughput_.on_arrival(now_, static_cast<size_t>(bits_per_second / 800));
  }
  double kbps() { return static_cast<double>(throughput_.rate()->as_bps()) / 1'000; }
  Throughput throughput_;
  Instant now_ = Instant::from_micros(-700'000);  // the other's clock may stand anywhere
};

TEST_F(ThroughputTest, NothingIsSaidBeforeHalfASecondWasSeen) {
  feed(Duration::millis(400), 1'000'000);
  EXPECT_FALSE(throughput_.rate());
  feed(Duration::millis(200), 1'000'000);
  EXPECT_TRUE(throughput_.rate());
}

TEST_F(ThroughputTest, MeasuresASteadyRate) {
  feed(Duration::seconds(3), 1'000'000);
  EXPECT_NEAR(kbps(), 1'000, 40);
}

TEST_F(ThroughputTest, FollowsAChangeWithinHalfASecond) {
  feed(Duration::seconds(3), 2'000'000);
  feed(Duration::millis(550), 300'000);
  EXPECT_NEAR(kbps(), 300, 30);
}

TEST_F(ThroughputTest, WhatComesTooLateIsLeftOut) {
  feed(Duration::seconds(3), 1'000'000);
  const double before = kbps();
  throughput_.on_arrival(now_ - Duration::seconds(1), 1'000'000);
  EXPECT_EQ(kbps(), before);
}

TEST_F(ThroughputTest, AJumpOfTheClockBeginsAnew) {
  feed(Duration::seconds(1), 1'000'000);
  now_ += Duration::seconds(1'000);
  throughput_.on_arrival(now_, 100);
  EXPECT_FALSE(throughput_.rate());
  now_ = now_ - Duration::seconds(5'000);
  throughput_.on_arrival(now_, 100);
  EXPECT_FALSE(throughput_.rate());
}

}  // namespace
}  // namespace media::estimate

#include "media/estimate/delay_trend.h"

#include <gtest/gtest.h>

#include <cmath>

#include "media/base/rng.h"

namespace media::estimate {
namespace {

class DelayTrendTest : public ::testing::Test {
 protected:
  // A packet every 20 ms for `span`; the queue grows by `ms_per_second`.
  void feed(Duration span, double ms_per_second, int64_t noise_us = 0) {
    for (const Instant end = sent_ + span; sent_ < end;) {
      sent_ += Duration::millis(20);
      queue_us_ = std::max(0.0, queue_us_ + ms_per_second * 20);
      const int64_t noise =
          noise_us == 0 ? 0 : static_cast<int64_t>(rng_.below(static_cast<uint64_t>(noise_us)));
      const Instant arrived =
          sent_ + kOffset + Duration::micros(static_cast<int64_t>(queue_us_) + noise);
      trend_.on_arrival(sent_, arrived, 1'000);
      if (trend_.trend() == Trend::Building) ++building_;
    }
  }
  // The receiver's clock has nothing to do with ours.
  static constexpr Duration kOffset = Duration::seconds(-500);
  DelayTrend trend_;
  SplitMix64 rng_{11};
  Instant sent_ = Instant::from_micros(1'000'000'000);
  double queue_us_ = 0;
  int building_ = 0;
};

TEST_F(DelayTrendTest, AnEmptyLineIsSteady) {
  feed(Duration::seconds(10), 0);
  EXPECT_EQ(trend_.trend(), Trend::Steady);
  EXPECT_EQ(building_, 0);
  EXPECT_NEAR(trend_.slope(), 0, 0.01);
}

TEST_F(DelayTrendTest, AQueueThatGrowsIsToldWithinHalfASecond) {
  feed(Duration::seconds(2), 0);
  feed(Duration::millis(500), 200);
  EXPECT_GT(building_, 0);
  EXPECT_EQ(trend_.trend(), Trend::Building);
}

TEST_F(DelayTrendTest, AQueueThatShrinksIsTold) {
  feed(Duration::seconds(2), 0);
  feed(Duration::seconds(1), 300);
  feed(Duration::millis(800), -300);
  EXPECT_EQ(trend_.trend(), Trend::Draining);
}

TEST_F(DelayTrendTest, AStandingQueueIsSteady) {
  feed(Duration::seconds(2), 0);
  feed(Duration::seconds(1), 200);
  feed(Duration::seconds(5), 0);
  EXPECT_EQ(trend_.trend(), Trend::Steady);
}

TEST_F(DelayTrendTest, TheThresholdLearnsTheNoiseOfTheLine) {
  feed(Duration::seconds(20), 0, 30'000);
  building_ = 0;
  feed(Duration::seconds(20), 0, 30'000);
  EXPECT_LT(building_, 50) << "of 1000 packets with 30 ms of jitter";
  feed(Duration::seconds(2), 200, 30'000);
  EXPECT_GT(building_, 5) << "and hears a queue through it";
}

TEST_F(DelayTrendTest, TheThresholdStaysWithinItsBounds) {
  feed(Duration::seconds(60), 0);
  EXPECT_EQ(trend_.threshold(), DelayTrend::kMinThreshold);
  for (int i = 0; i < 100; ++i) {
    feed(Duration::millis(300), 30 + i);
    feed(Duration::millis(300), -30 - i);
  }
  EXPECT_LE(trend_.threshold(), DelayTrend::kMaxThreshold);
  EXPECT_GE(trend_.threshold(), DelayTrend::kMinThreshold);
}

TEST_F(DelayTrendTest, PacketsOfOneBurstAreOneGroup) {
  // Six packets leave together and arrive spread by the line: no queue grows from frame to frame.
  for (int frame = 0; frame < 200; ++frame) {
    sent_ += Duration::millis(33);
    for (int i = 0; i < 6; ++i)
      trend_.on_arrival(sent_, sent_ + kOffset + Duration::millis(2 * i), 1'100);
    ASSERT_NE(trend_.trend(), Trend::Building) << frame;
  }
}

TEST_F(DelayTrendTest, APauseSaysNothing) {
  feed(Duration::seconds(2), 0);
  sent_ += Duration::seconds(60);
  queue_us_ = 40'000;
  feed(Duration::seconds(2), 0);
  EXPECT_EQ(building_, 0);
}

TEST_F(DelayTrendTest, AJumpOfTheOtherClockSaysNothing) {
  feed(Duration::seconds(2), 0);
  for (int i = 0; i < 3; ++i) {
    queue_us_ += 1e9;
    feed(Duration::seconds(1), 0);
    queue_us_ = 0;
    feed(Duration::seconds(1), 0);
  }
  EXPECT_EQ(building_, 0);
}

TEST_F(DelayTrendTest, AnyTimesAreSurvived) {
  for (int i = 0; i < 20'000; ++i) {
    trend_.on_arrival(
        Instant::from_micros(static_cast<int64_t>(rng_.below(1ULL << 40))),
        Instant::from_micros(static_cast<int64_t>(rng_.below(1ULL << 41)) - (int64_t{1} << 40)),
        rng_.below(1'500));
    ASSERT_TRUE(std::isfinite(trend_.slope()));
    ASSERT_TRUE(std::isfinite(trend_.threshold()));
  }
}

}  // namespace
}  // namespace media::estimate

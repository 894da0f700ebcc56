#include "media/estimate/rate_control.h"

#include <gtest/gtest.h>

namespace media::estimate {
namespace {

constexpr DataRate kbps(int64_t v) {
  return DataRate::kilobits_per_second(v);
}

class RateControlTest : public ::testing::Test {
 protected:
  DataRate run(Trend trend, Duration span, std::optional<DataRate> arrived) {
    for (const Instant end = now_ + span; now_ < end;) {
      now_ += Duration::millis(50);
      control_.update(now_, {trend, arrived, Duration::millis(100), limited_, full_});
    }
    return control_.rate();
  }
  // Everything that is sent arrives.
  DataRate run_well(Duration span) {
    for (const Instant end = now_ + span; now_ < end;) {
      now_ += Duration::millis(50);
      control_.update(now_,
                      {Trend::Steady, control_.rate(), Duration::millis(100), limited_, full_});
    }
    return control_.rate();
  }
  RateControl control_{RateLimits{}};
  Instant now_ = Instant::from_micros(1'000'000);
  bool limited_ = false;
  bool full_ = false;
};

TEST_F(RateControlTest, GrowsByEightPercentASecondWhereNothingIsKnown) {
  control_.set(now_, kbps(2'000));
  run_well(Duration::seconds(1));
  const double before = static_cast<double>(control_.rate().as_bps());
  const double after = static_cast<double>(run_well(Duration::seconds(1)).as_bps());
  EXPECT_NEAR(after / before, 1.08, 0.01);
}

TEST_F(RateControlTest, ASmallFlowGrowsFasterButNotByMoreThanAFifthASecond) {
  control_.set(now_, kbps(100));
  run_well(Duration::millis(50));
  const double before = static_cast<double>(control_.rate().as_bps());
  const double after = static_cast<double>(run_well(Duration::seconds(1)).as_bps());
  EXPECT_GT(after / before, 1.15);
  EXPECT_LT(after / before, 1.25);
}

TEST_F(RateControlTest, FallsBelowWhatArrivesWhenTheQueueGrows) {
  control_.set(now_, kbps(2'000));
  EXPECT_EQ(run(Trend::Building, Duration::millis(50), kbps(1'000)), kbps(850));
}

TEST_F(RateControlTest, OneDecreaseHasItsEffectBeforeTheNext) {
  control_.set(now_, kbps(2'000));
  run(Trend::Building, Duration::millis(50), kbps(1'900));
  const DataRate first = control_.rate();
  EXPECT_EQ(run(Trend::Building, Duration::millis(200), kbps(1'000)), first);
  EXPECT_LT(run(Trend::Building, Duration::millis(100), kbps(1'000)), first);
}

TEST_F(RateControlTest, GrowsSlowlyNearTheCapacityItKnows) {
  control_.set(now_, kbps(2'000));
  run(Trend::Building, Duration::millis(50), kbps(1'900));
  ASSERT_TRUE(control_.capacity());
  run(Trend::Steady, Duration::millis(100), kbps(1'600));
  const int64_t before = control_.rate().as_bps();
  const int64_t after = run(Trend::Steady, Duration::seconds(1), kbps(1'600)).as_bps();
  EXPECT_NEAR(static_cast<double>(after - before), 48'000, 5'000) << "a packet per 200 ms";
}

TEST_F(RateControlTest, ForgetsACapacityThatIsExceeded) {
  control_.set(now_, kbps(2'000));
  run(Trend::Building, Duration::millis(50), kbps(1'000));
  ASSERT_TRUE(control_.capacity());
  run(Trend::Steady, Duration::millis(200), kbps(1'800));
  EXPECT_FALSE(control_.capacity());
}

TEST_F(RateControlTest, NeverGrowsBeyondOneAndAHalfTimesWhatArrives) {
  EXPECT_LE(run(Trend::Steady, Duration::seconds(60), kbps(400)), kbps(610));
}

TEST_F(RateControlTest, DoesNotGrowWhileNothingIsKnownToArrive) {
  EXPECT_EQ(run(Trend::Steady, Duration::seconds(60), std::nullopt), kbps(300));
}

TEST_F(RateControlTest, HoldsWhileTheQueueDrains) {
  EXPECT_EQ(run(Trend::Draining, Duration::seconds(10), kbps(300)), kbps(300));
}

TEST_F(RateControlTest, OneSignWhileLittleIsSentIsAStepDownAndNoFall) {
  control_.set(now_, kbps(4'000));
  limited_ = true;
  EXPECT_EQ(run(Trend::Building, Duration::millis(50), kbps(40)), kbps(3'400));
  EXPECT_FALSE(control_.capacity()) << "a voice alone says nothing about the width of the line";
}

TEST_F(RateControlTest, AQueueThatStandsIsBelievedAtOnce) {
  control_.set(now_, kbps(2'500));
  limited_ = true;
  full_ = true;
  EXPECT_EQ(run(Trend::Building, Duration::millis(50), kbps(300)), kbps(255));
}

TEST_F(RateControlTest, StaysWithinItsLimits) {
  control_.set(now_, kbps(50'000));
  EXPECT_EQ(control_.rate(), kbps(8'000));
  for (int i = 0; i < 50; ++i) control_.back_off(now_, 0.5);
  EXPECT_EQ(control_.rate(), kbps(30));
  EXPECT_GE(run(Trend::Building, Duration::seconds(10), kbps(1)), kbps(30));
}

}  // namespace
}  // namespace media::estimate

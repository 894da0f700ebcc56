#include "media/overload/load_meter.h"

#include <gtest/gtest.h>

namespace media::overload {
namespace {

constexpr Duration kEvery = Duration::millis(100);

class LoadMeterTest : public ::testing::Test {
 protected:
  // Feeds the same sample for `span`; the level at its end.
  LoadLevel feed(const LoadSample& sample, Duration span) {
    for (const Instant end = now_ + span; now_ < end;) {
      now_ += kEvery;
      meter_.on_sample(now_, sample);
    }
    return meter_.level();
  }
  static LoadSample busy(double share) {
    LoadSample sample;
    sample.busy = share;
    return sample;
  }

  LoadMeter meter_;
  Instant now_ = Instant::from_micros(1'000'000);
};

TEST_F(LoadMeterTest, StaysCalmUnderOrdinaryWork) {
  EXPECT_EQ(feed(busy(0.6), Duration::seconds(60)), LoadLevel::Calm);
  EXPECT_NEAR(meter_.use(), 0.6, 0.01);
}

TEST_F(LoadMeterTest, OneHardMomentIsNoOverload) {
  feed(busy(0.3), Duration::seconds(2));
  EXPECT_EQ(feed(busy(1.0), kEvery), LoadLevel::Calm);
  EXPECT_EQ(feed(busy(0.3), Duration::seconds(1)), LoadLevel::Calm);
}

TEST_F(LoadMeterTest, TellsOverloadWithinTwoSeconds) {
  feed(busy(0.3), Duration::seconds(2));
  EXPECT_EQ(feed(busy(1.0), Duration::seconds(2)), LoadLevel::Overloaded);
}

TEST_F(LoadMeterTest, BusyComesBeforeOverloaded) {
  EXPECT_EQ(feed(busy(0.85), Duration::seconds(10)), LoadLevel::Busy);
}

TEST_F(LoadMeterTest, BusyEndsOnlyAfterSecondsOfPeace) {
  feed(busy(0.85), Duration::seconds(5));
  EXPECT_EQ(feed(busy(0.4), Duration::seconds(2)), LoadLevel::Busy);
  EXPECT_EQ(feed(busy(0.4), Duration::seconds(3)), LoadLevel::Calm);
}

TEST_F(LoadMeterTest, AShortDipDoesNotEndBusy) {
  feed(busy(0.85), Duration::seconds(5));
  for (int i = 0; i < 10; ++i) {
    feed(busy(0.3), Duration::seconds(2));
    EXPECT_EQ(feed(busy(0.85), Duration::seconds(1)), LoadLevel::Busy) << i;
  }
}

TEST_F(LoadMeterTest, WorkJustBelowTheMarkStaysBusyOnceItWas) {
  feed(busy(0.85), Duration::seconds(5));
  EXPECT_EQ(feed(busy(0.75), Duration::seconds(60)), LoadLevel::Busy);
}

TEST_F(LoadMeterTest, TheLineCountsLikeTheProcessor) {
  LoadSample sample;
  sample.busy = 0.1;
  sample.line = 1.2;
  EXPECT_EQ(feed(sample, Duration::seconds(2)), LoadLevel::Overloaded);
  EXPECT_NEAR(meter_.use(), 1.2, 0.05);
}

TEST_F(LoadMeterTest, LateTimersAreOverloadWhateverTheLoopThinksOfItself) {
  LoadSample sample;
  sample.busy = 0.2;
  sample.lag = Duration::millis(70);
  EXPECT_EQ(feed(sample, Duration::seconds(3)), LoadLevel::Busy);
  sample.lag = Duration::millis(150);
  EXPECT_EQ(feed(sample, Duration::seconds(3)), LoadLevel::Overloaded);
}

TEST_F(LoadMeterTest, ASocketThatRefusesIsOverload) {
  LoadSample sample;
  sample.sent = 980;
  sample.refused = 20;
  EXPECT_EQ(feed(sample, Duration::seconds(3)), LoadLevel::Overloaded);
  sample.sent = 1000;
  sample.refused = 0;
  EXPECT_EQ(feed(sample, Duration::seconds(10)), LoadLevel::Calm);
}

TEST_F(LoadMeterTest, AReceiveQueueThatNeverEmptiesIsOverload) {
  LoadSample sample;
  sample.busy = 0.5;  // the clock stood still for us, say
  sample.backlogged = true;
  EXPECT_EQ(feed(sample, Duration::seconds(2)), LoadLevel::Overloaded);
}

TEST_F(LoadMeterTest, ASecondSampleOfTheSameMomentCountsNothing) {
  feed(busy(0.3), Duration::seconds(1));
  const double before = meter_.use();
  for (int i = 0; i < 1000; ++i) meter_.on_sample(now_, busy(1.0));
  EXPECT_EQ(meter_.use(), before);
}

}  // namespace
}  // namespace media::overload

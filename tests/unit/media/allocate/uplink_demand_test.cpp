#include "media/allocate/uplink_demand.h"

#include <gtest/gtest.h>

namespace media::allocate {
namespace {

class UplinkDemandTest : public ::testing::Test {
 protected:
  LayerSet want(LayerSet wanted, Duration span) {
    LayerSet active = demand_.active();
    for (const Instant end = now_ + span; now_ < end;) {
      now_ += Duration::millis(100);
      active = demand_.update(now_, wanted);
    }
    return active;
  }
  UplinkDemand demand_{3};
  Instant now_ = Instant::from_micros(5'000'000);
};

TEST_F(UplinkDemandTest, EverythingIsSentAtTheBeginning) {
  EXPECT_EQ(demand_.active(), 0b111);
  EXPECT_EQ(want(0b001, Duration::seconds(9)), 0b111);
}

TEST_F(UplinkDemandTest, WhatNobodyWantsIsSwitchedOffAfterTenSeconds) {
  EXPECT_EQ(want(0b011, Duration::millis(10'500)), 0b011);
  EXPECT_EQ(want(0b001, Duration::millis(10'500)), 0b001);
}

TEST_F(UplinkDemandTest, WhatSomebodyWantsComesBackAtOnce) {
  want(0b001, Duration::seconds(30));
  EXPECT_EQ(want(0b101, Duration::millis(100)), 0b101);
}

TEST_F(UplinkDemandTest, TheLowestLayerStaysOn) {
  EXPECT_EQ(want(0, Duration::seconds(60)), 0b001);
}

TEST_F(UplinkDemandTest, AWishThatComesAndGoesKeepsTheLayer) {
  for (int i = 0; i < 20; ++i) {
    want(0b111, Duration::millis(100));
    EXPECT_EQ(want(0b001, Duration::seconds(9)), 0b111);
  }
}

TEST_F(UplinkDemandTest, LayersThatThereAreNotAreNeverActive) {
  UplinkDemand one(1);
  EXPECT_EQ(one.update(now_, 0b111), 0b001);
}

}  // namespace
}  // namespace media::allocate

#include "media/receive/nack_generator.h"

#include <gtest/gtest.h>

#include <vector>

namespace media::receive {
namespace {

class NackGeneratorTest : public ::testing::Test {
 protected:
  std::vector<uint16_t> poll_after(Duration d) {
    now_ += d;
    std::vector<uint16_t> out;
    nacks.poll(now_, Duration::millis(100), out);
    return out;
  }
  NackGenerator nacks;
  Instant now_ = Instant::from_micros(1'000'000);
};

TEST_F(NackGeneratorTest, AsksForAHoleOnceReorderingIsUnlikely) {
  nacks.on_packet(now_, 10);
  nacks.on_packet(now_, 13);
  EXPECT_TRUE(poll_after(Duration::millis(4)).empty());
  EXPECT_EQ(poll_after(Duration::millis(1)), (std::vector<uint16_t>{11, 12}));
}

TEST_F(NackGeneratorTest, NeverAsksForWhatOnlyCameOutOfOrder) {
  nacks.on_packet(now_, 10);
  nacks.on_packet(now_, 12);
  nacks.on_packet(now_ + Duration::millis(3), 11);
  EXPECT_TRUE(poll_after(Duration::millis(50)).empty());
  EXPECT_EQ(nacks.missing(), 0U);
}

TEST_F(NackGeneratorTest, RepeatsAtGrowingMultiplesOfTheRoundTripAndGivesUpAfterASecond) {
  nacks.on_packet(now_, 1);
  nacks.on_packet(now_, 3);
  std::vector<int> asked_at;
  for (int ms = 0; ms < 1200; ms += 5) {
    if (!poll_after(Duration::millis(5)).empty()) asked_at.push_back(ms + 5);
  }
  EXPECT_EQ(asked_at, (std::vector<int>{5, 105, 255, 455, 705}));
  EXPECT_EQ(nacks.missing(), 0U);
  EXPECT_TRUE(nacks.take_key_frame_needed());
  EXPECT_FALSE(nacks.take_key_frame_needed());
}

TEST_F(NackGeneratorTest, AKeyFrameMakesOlderHolesMeaningless) {
  nacks.on_packet(now_, 1);
  nacks.on_packet(now_, 5);
  nacks.on_packet(now_, 8);
  nacks.forget_before(5);
  EXPECT_EQ(poll_after(Duration::millis(20)), (std::vector<uint16_t>{6, 7}));
}

TEST_F(NackGeneratorTest, TooManyHolesAreAnsweredByAKeyFrameInstead) {
  nacks.on_packet(now_, 1);
  nacks.on_packet(now_, 1 + static_cast<int64_t>(NackGenerator::kMaxMissing) + 2);
  EXPECT_EQ(nacks.missing(), 0U);
  EXPECT_TRUE(nacks.take_key_frame_needed());
}

TEST_F(NackGeneratorTest, NumbersOnTheWireWrap) {
  nacks.on_packet(now_, 65'534);
  nacks.on_packet(now_, 65'538);
  EXPECT_EQ(poll_after(Duration::millis(20)), (std::vector<uint16_t>{65'535, 0, 1}));
}

}  // namespace
}  // namespace media::receive

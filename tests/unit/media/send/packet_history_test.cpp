#include "media/send/packet_history.h"

#include <gtest/gtest.h>

#include "send_fixture.h"

namespace media::send {
namespace {

Instant at_ms(int64_t ms) {
  return Instant::from_micros(1'000'000 + ms * 1000);
}

class PacketHistoryTest : public ::testing::Test {
 protected:
  void add(int64_t sequence, int64_t ms) {
    Departure d;
    d.packet = vp8_packet(pool, vp8_facts(sequence, 0, 0), {});
    d.rewritten.sequence = sequence;
    history.add(at_ms(ms), d);
  }
  const Departure* take(uint16_t sequence, int64_t ms) {
    return history.take(at_ms(ms), Duration::millis(150), sequence, refused);
  }
  PacketPool pool;
  PacketHistory history{64};
  Drop refused = Drop::Count;
};

TEST_F(PacketHistoryTest, FindsAcrossTheWrapAndNotWhatItNeverHeld) {
  for (int64_t s = 65'530; s < 65'545; ++s) add(s, 0);
  EXPECT_EQ(take(65'535, 1)->rewritten.sequence, 65'535);
  EXPECT_EQ(take(3, 1)->rewritten.sequence, 65'539);
  EXPECT_EQ(take(100, 1), nullptr);
  EXPECT_EQ(refused, Drop::NackTooOld);
  EXPECT_EQ(take(65'529, 1), nullptr);
}

TEST_F(PacketHistoryTest, TheSameAskWithinARoundTripCountsOnceAndThreeAreTheLimit) {
  add(10, 0);
  EXPECT_NE(take(10, 10), nullptr);
  EXPECT_EQ(take(10, 100), nullptr);
  EXPECT_EQ(refused, Drop::NackTooSoon);
  EXPECT_NE(take(10, 160), nullptr);
  EXPECT_NE(take(10, 310), nullptr);
  EXPECT_EQ(take(10, 900), nullptr);
}

TEST_F(PacketHistoryTest, OldPacketsAreNotSentAndLateOnesEvictNothingNewer) {
  add(100, 0);
  EXPECT_EQ(take(100, 2001), nullptr);
  add(164, 2100);
  add(100, 2110);
  EXPECT_NE(take(164, 2200), nullptr);
  EXPECT_EQ(take(100, 2200), nullptr);
}

TEST_F(PacketHistoryTest, KeepsASecondOfAFastStreamAndNoMoreThanThatOfASlowOne) {
  PacketHistory fast{512};
  PacketHistory slow{512};
  const auto send = [&](PacketHistory& to, int64_t sequence, int64_t ms) {
    Departure d;
    d.packet = vp8_packet(pool, vp8_facts(sequence, 0, 0), {});
    d.rewritten.sequence = sequence;
    to.add(at_ms(ms), d);
  };
  for (int64_t s = 0; s < 600; ++s) send(fast, s, s * 5);  // 200 packets a second
  const size_t held = pool.in_use();
  EXPECT_GE(held, 200U);
  EXPECT_LE(held, 256U);
  EXPECT_NE(fast.take(at_ms(3000), Duration(), 400, refused), nullptr) << "a second old";
  for (int64_t s = 0; s < 100; ++s) send(slow, s, s * 50);  // 20 a second
  EXPECT_LE(pool.in_use() - held, 32U);
  EXPECT_NE(slow.take(at_ms(5000), Duration(), 80, refused), nullptr);
}

TEST_F(PacketHistoryTest, GrowsToItsCapacityAndNotBeyond) {
  PacketHistory bounded{128};
  for (int64_t s = 0; s < 1000; ++s) {
    Departure d;
    d.packet = vp8_packet(pool, vp8_facts(s, 0, 0), {});
    d.rewritten.sequence = s;
    bounded.add(at_ms(0), d);
  }
  EXPECT_EQ(pool.in_use(), 128U);
  EXPECT_NE(bounded.take(at_ms(1), Duration(), 872, refused), nullptr);
  EXPECT_EQ(bounded.take(at_ms(1), Duration(), 871, refused), nullptr);
}

TEST_F(PacketHistoryTest, HoldsReferencesNotCopiesAndGivesThemBack) {
  for (int64_t s = 0; s < 1000; ++s) add(s, 0);
  EXPECT_EQ(pool.in_use(), 64U);
  history.clear();
  EXPECT_EQ(pool.in_use(), 0U);
}

}  // namespace
}  // namespace media::send

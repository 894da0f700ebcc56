#include "media/receive/receive_stream.h"

#include <gtest/gtest.h>

namespace media::receive {
namespace {

using Verdict = ReceiveStream::Verdict;

class ReceiveStreamTest : public ::testing::Test {
 protected:
  ReceiveStream::Arrival packet(uint16_t sequence, bool repaired = false) {
    now_ += Duration::millis(20);
    timestamp_ += 960;
    return stream.on_packet(now_, sequence, timestamp_, 100, repaired);
  }
  ReceiveStream stream{Ssrc(7), 48000};
  Instant now_ = Instant::from_micros(1'000'000);
  uint32_t timestamp_ = 0xFFFF'F000;
};

TEST_F(ReceiveStreamTest, UnwrapsAcrossTheWrapAndKeepsOrder) {
  int64_t before = packet(65'530).sequence;
  for (uint16_t s = 65'531; s != 5; ++s) {
    const auto a = packet(s);
    EXPECT_EQ(a.verdict, Verdict::Newest);
    EXPECT_EQ(a.sequence, before + 1);
    before = a.sequence;
  }
  EXPECT_EQ(stream.take_report(now_)->highest_sequence, 65'536U + 4);
}

TEST_F(ReceiveStreamTest, TellsLateDuplicateAndTooOldApart) {
  packet(100);
  packet(103);
  EXPECT_EQ(packet(102).verdict, Verdict::Late);
  EXPECT_EQ(packet(102).verdict, Verdict::Duplicate);
  EXPECT_EQ(packet(103).verdict, Verdict::Duplicate);
  EXPECT_EQ(packet(101).verdict, Verdict::Late);
  packet(1200);
  EXPECT_EQ(packet(110).verdict, Verdict::TooOld);
}

TEST_F(ReceiveStreamTest, ReportsLossPerIntervalAndInAllAsTheLineHadIt) {
  packet(1);
  EXPECT_EQ(stream.take_report(now_)->fraction_lost, 0);
  for (uint16_t s = 2; s <= 101; ++s) {
    if (s % 4 != 0) packet(s);
  }
  auto block = stream.take_report(now_);
  EXPECT_EQ(block->fraction_lost, 25 * 256 / 100);
  EXPECT_EQ(block->cumulative_lost, 25);
  // A repaired packet was lost all the same.
  packet(4, true);
  packet(102);
  block = stream.take_report(now_);
  EXPECT_EQ(block->cumulative_lost, 25);
}

TEST_F(ReceiveStreamTest, ASteadyStreamHasNoJitterAndAnUnsteadyOneHas) {
  for (uint16_t s = 1; s < 100; ++s) packet(s);
  EXPECT_LE(stream.take_report(now_)->jitter, 1U);
  for (uint16_t s = 100; s < 300; ++s) {
    now_ += Duration::millis(s % 2 == 0 ? 10 : -10);
    packet(s);
  }
  // The difference between neighbours alternates by 10 ms (480 ticks).
  EXPECT_NEAR(stream.take_report(now_)->jitter, 480, 60);
}

TEST_F(ReceiveStreamTest, ASourceThatStartsAgainIsBelievedAtItsSecondPacketAndNumbersKeepGrowing) {
  const int64_t before = packet(100).sequence;
  EXPECT_EQ(packet(30'000).verdict, Verdict::TooOld);
  const auto a = packet(30'001);
  EXPECT_EQ(a.verdict, Verdict::Newest);
  EXPECT_TRUE(a.restarted);
  EXPECT_GT(a.sequence, before);
  EXPECT_EQ(static_cast<uint16_t>(a.sequence), 30'001);
  EXPECT_EQ(packet(30'002).sequence, a.sequence + 1);
  EXPECT_FALSE(packet(30'003).restarted);
}

TEST_F(ReceiveStreamTest, EchoesTheLastSenderReport) {
  packet(1);
  EXPECT_EQ(stream.take_report(now_)->last_sr, 0U);
  stream.on_sender_report(now_, 0x1122334455667788ULL);
  const auto block = stream.take_report(now_ + Duration::millis(500));
  EXPECT_EQ(block->last_sr, 0x33445566U);
  EXPECT_EQ(block->delay_since_last_sr, 32768U);
}

}  // namespace
}  // namespace media::receive

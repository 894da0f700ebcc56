#include "signaling/load/stream_check.h"

#include <gtest/gtest.h>

namespace signaling::load {
namespace {

TEST(StreamCheck, CountsGapsDuplicatesAndReordering) {
  StreamCheck check;
  for (const uint16_t sequence : std::initializer_list<uint16_t>{10, 11, 13, 12, 12, 16})
    check.on_packet(sequence);
  const auto counts = check.counts();
  EXPECT_EQ(counts.received, 5U);
  EXPECT_EQ(counts.missing, 2U);
  EXPECT_EQ(counts.duplicates, 1U);
  EXPECT_EQ(counts.reordered, 1U);
}

TEST(StreamCheck, ALossSeenBeforeIsTakenBackWhenThePacketComesLate) {
  StreamCheck check;
  check.on_packet(1);
  check.on_packet(3);
  EXPECT_EQ(check.counts().missing, 1U);
  check.on_packet(2);
  EXPECT_EQ(check.counts().missing, 0U);
}

TEST(StreamCheck, TheCounterWraps) {
  StreamCheck check;
  for (uint32_t i = 0; i < 100'000; ++i) check.on_packet(static_cast<uint16_t>(65'000 + i));
  EXPECT_EQ(check.counts().received, 100'000U);
  EXPECT_EQ(check.counts().missing, 0U);
  EXPECT_EQ(check.counts().duplicates, 0U);
}

TEST(StreamCheck, APacketBeforeTheFirstCounts) {
  StreamCheck check;
  check.on_packet(5);
  check.on_packet(4);
  EXPECT_EQ(check.counts().received, 2U);
  EXPECT_EQ(check.counts().missing, 0U);
}

TEST(Stamp, IsReadBackFromTheEndAndOnlyWhenItIsOne) {
  std::vector<uint8_t> payload(80);
  write_stamp(payload, media::Instant::from_micros(123'456'789));
  EXPECT_EQ(read_stamp(payload), media::Instant::from_micros(123'456'789));
  payload[70] ^= 1;
  EXPECT_NE(read_stamp(payload), media::Instant::from_micros(123'456'789));
  EXPECT_FALSE(read_stamp(std::vector<uint8_t>(80)));
  EXPECT_FALSE(read_stamp(std::vector<uint8_t>(3)));
}

TEST(Figures, TheMedianIsTheMiddleOrBetweenTheTwo) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
}

}  // namespace
}  // namespace signaling::load

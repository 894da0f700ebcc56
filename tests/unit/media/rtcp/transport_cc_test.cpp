#include "media/rtcp/transport_cc.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <vector>

#include "media/base/rng.h"
#include "media/rtcp/compound.h"

namespace media::rtcp {
namespace {

Instant at_us(int64_t us) {
  return Instant::from_micros(us);
}

struct Decoded {
  TransportFeedback head;
  std::vector<PacketStatus> statuses;
};

Decoded decode(ByteSpan packet) {
  CompoundReader reader(packet);
  const auto block = reader.next();
  EXPECT_TRUE(block && std::holds_alternative<TransportCcBlock>(*block));
  Decoded out;
  const auto head =
      parse_transport_feedback(std::get<TransportCcBlock>(*block).block, out.statuses);
  EXPECT_TRUE(head) << (head ? "" : head.error().what);
  if (head) out.head = *head;
  return out;
}

// Writes all of `arrivals` in as many messages as it takes and checks that each says what happened.
void expect_round_trip(const std::vector<Arrival>& arrivals, size_t room) {
  std::span<const Arrival> rest = arrivals;
  int64_t first = arrivals.front().sequence;
  while (!rest.empty()) {
    std::vector<uint8_t> buffer(room);
    ByteWriter w(buffer);
    const size_t used = write_transport_feedback(w, Ssrc(1), Ssrc(2), 3, first, rest);
    ASSERT_GT(used, 0U);
    const Decoded got = decode(w.written());
    ASSERT_EQ(got.head.base_sequence, static_cast<uint16_t>(first));
    std::map<uint16_t, Instant> want;
    for (const Arrival& a : rest.first(used)) want[static_cast<uint16_t>(a.sequence)] = a.at;
    for (const PacketStatus& s : got.statuses) {
      ASSERT_EQ(s.received, want.count(s.sequence) == 1) << s.sequence;
      if (!s.received) continue;
      const Instant arrival =
          at_us(int64_t{got.head.reference_time} * kReferenceTick.as_micros()) + s.arrival;
      const Duration error = want[s.sequence] - arrival;
      EXPECT_GE(error, Duration());
      EXPECT_LT(error, kDeltaTick);
      want.erase(s.sequence);
    }
    EXPECT_TRUE(want.empty());
    first = rest[used - 1].sequence + 1;
    rest = rest.subspan(used);
  }
}

TEST(TransportCc, ReadsTheBytesThatTheDraftDescribes) {
  // Base 0x0005, 7 packets, reference 1 (64 ms), message 9. Run of 2 small deltas; two-bit vector:
  // lost, large, lost, small, small; deltas 4, 8, -1 (large), 1, 2.
  const std::vector<uint8_t> block = {0x8f, 205,  0, 7, 0,    0,    0, 1, 0, 0,    0,
                                      2,    0,    5, 0, 7,    0,    0, 1, 9, 0x20, 0x02,
                                      0xc8, 0x50, 4, 8, 0xff, 0xff, 1, 2, 0, 0};
  std::vector<PacketStatus> statuses;
  const auto head = parse_transport_feedback(block, statuses);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->reference_time, 1U);
  EXPECT_EQ(head->feedback_count, 9);
  const auto ticks = [](int64_t n) { return kDeltaTick * n; };
  const std::vector<PacketStatus> want = {
      {5, true, ticks(4)}, {6, true, ticks(12)},  {7, false, {}},       {8, true, ticks(11)},
      {9, false, {}},      {10, true, ticks(12)}, {11, true, ticks(14)}};
  EXPECT_EQ(statuses, want);
}

TEST(TransportCc, ReadsOneBitVectorsAndTheirTail) {
  const std::vector<uint8_t> block = {0x8f, 205,  0, 5, 0, 0, 0, 1, 0,    0,    0, 2,
                                      0xff, 0xff, 0, 3, 0, 0, 1, 9, 0xa8, 0x00, 1, 1};
  std::vector<PacketStatus> statuses;
  ASSERT_TRUE(parse_transport_feedback(block, statuses));
  ASSERT_EQ(statuses.size(), 3U);
  EXPECT_TRUE(statuses[0].received);
  EXPECT_FALSE(statuses[1].received);
  EXPECT_EQ(statuses[1].sequence, 0);  // wrapped
  EXPECT_TRUE(statuses[2].received);
}

TEST(TransportCc, ASteadyStreamTakesOneChunk) {
  std::vector<Arrival> arrivals;
  for (int64_t i = 0; i < 100; ++i) arrivals.push_back({1000 + i, at_us(5'000'000 + i * 1000)});
  std::array<uint8_t, 400> buffer{};
  ByteWriter w(buffer);
  // The first delta is up to 64 ms, that is 256 ticks: one step over a byte at most.
  EXPECT_EQ(write_transport_feedback(w, Ssrc(1), Ssrc(2), 0, 1000, arrivals), 100U);
  EXPECT_LE(w.size(), 20U + 2 + 100 + 3);
  expect_round_trip(arrivals, 400);
}

TEST(TransportCc, RandomLossReorderingAndPausesReadBack) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    SplitMix64 rng(seed);
    std::vector<Arrival> arrivals;
    int64_t sequence = static_cast<int64_t>(rng.below(70'000));
    int64_t now = static_cast<int64_t>(rng.below(10'000'000'000));
    const uint64_t loss = rng.below(60);
    const uint64_t count = 1 + rng.below(600);
    for (uint64_t i = 0; i < count; ++i) {
      ++sequence;
      if (rng.below(100) < loss) sequence += static_cast<int64_t>(rng.below(40));
      now += static_cast<int64_t>(rng.below(rng.below(20) == 0 ? 300'000 : 3'000));
      const auto early = static_cast<int64_t>(rng.below(10) == 0 ? rng.below(50'000) : 0);
      arrivals.push_back({sequence, at_us(std::max<int64_t>(0, now - early))});
    }
    expect_round_trip(arrivals, 100 + rng.below(1200));
    if (HasFatalFailure()) return;
  }
}

TEST(TransportCc, WhatCameBeforeTheFirstArrivalIsReportedLost) {
  std::array<uint8_t, 100> buffer{};
  ByteWriter w(buffer);
  const std::array<Arrival, 1> arrivals = {Arrival{110, at_us(1'000'000)}};
  ASSERT_EQ(write_transport_feedback(w, Ssrc(1), Ssrc(2), 0, 100, arrivals), 1U);
  const Decoded got = decode(w.written());
  ASSERT_EQ(got.statuses.size(), 11U);
  for (size_t i = 0; i < 10; ++i) EXPECT_FALSE(got.statuses[i].received);
  EXPECT_TRUE(got.statuses[10].received);
}

TEST(TransportCc, ReferenceTimeWrapsAfter24Bits) {
  const int64_t wrap_us = int64_t{kReferenceTicks} * kReferenceTick.as_micros();
  std::array<uint8_t, 100> buffer{};
  ByteWriter w(buffer);
  const std::array<Arrival, 1> arrivals = {Arrival{1, at_us(wrap_us + 128'000)}};
  ASSERT_EQ(write_transport_feedback(w, Ssrc(1), Ssrc(2), 0, 1, arrivals), 1U);
  EXPECT_EQ(decode(w.written()).head.reference_time, 2U);
}

TEST(TransportCc, APauseTooLongForADeltaStartsAnotherMessage) {
  expect_round_trip({{1, at_us(0)}, {2, at_us(8'191'000)}, {3, at_us(60'000'000)}}, 200);
  std::array<uint8_t, 100> buffer{};
  ByteWriter w(buffer);
  const std::array<Arrival, 2> arrivals = {Arrival{1, at_us(0)}, Arrival{2, at_us(9'000'000)}};
  EXPECT_EQ(write_transport_feedback(w, Ssrc(1), Ssrc(2), 0, 1, arrivals), 1U);
}

TEST(TransportCc, AGapTooLongForAMessageEndsIt) {
  std::array<uint8_t, 100> buffer{};
  ByteWriter w(buffer);
  const std::array<Arrival, 2> arrivals = {Arrival{1, at_us(0)},
                                           Arrival{1 + int64_t{kMaxStatuses}, at_us(1)}};
  EXPECT_EQ(write_transport_feedback(w, Ssrc(1), Ssrc(2), 0, 1, arrivals), 1U);
  ByteWriter none(buffer);
  EXPECT_EQ(
      write_transport_feedback(none, Ssrc(1), Ssrc(2), 0, 1 - int64_t{kMaxStatuses}, arrivals), 0U);
  EXPECT_EQ(none.size(), 0U);
}

TEST(TransportCc, WithoutRoomNothingIsWritten) {
  const std::array<Arrival, 1> arrivals = {Arrival{1, at_us(64'000)}};
  for (size_t room = 0; room < 24; ++room) {
    std::vector<uint8_t> buffer(room);
    ByteWriter w(buffer);
    EXPECT_EQ(write_transport_feedback(w, Ssrc(1), Ssrc(2), 0, 1, arrivals), 0U) << room;
    EXPECT_EQ(w.size(), 0U);
  }
}

TEST(TransportCc, RefusesWhatCannotBe) {
  std::vector<PacketStatus> statuses(3);
  const auto code = [&](std::vector<uint8_t> tail) {
    std::vector<uint8_t> block = {0x8f, 205, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2};
    block.insert(block.end(), tail.begin(), tail.end());
    const auto head = parse_transport_feedback(block, statuses);
    EXPECT_FALSE(head);
    EXPECT_TRUE(statuses.empty());
    return head ? Errc::NotFound : head.error().code;
  };
  EXPECT_EQ(code({0, 1}), Errc::Truncated);
  EXPECT_EQ(code({0, 1, 0, 0, 0, 0, 1, 0, 0x20, 1}), Errc::Malformed);          // about no packet
  EXPECT_EQ(code({0, 1, 0xff, 0xff, 0, 0, 1, 0, 0x1f, 0xff}), Errc::TooLarge);  // about 65535
  EXPECT_EQ(code({0, 1, 0, 2, 0, 0, 1, 0, 0x60, 2, 0, 0}), Errc::Malformed);    // reserved symbol
  EXPECT_EQ(code({0, 1, 0, 2, 0, 0, 1, 0, 0x20, 1}), Errc::Truncated);          // chunks end early
  EXPECT_EQ(code({0, 1, 0, 2, 0, 0, 1, 0, 0x20, 2, 9}), Errc::Truncated);       // deltas end early
}

}  // namespace
}  // namespace media::rtcp

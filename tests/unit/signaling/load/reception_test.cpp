#include "signaling/load/reception.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <variant>
#include <vector>

#include "media/rtcp/compound.h"
#include "media/rtcp/transport_cc.h"
#include "media/rtp/packet_writer.h"
#include "signaling/sdp/client.h"

namespace signaling::load {
namespace {

using media::Duration;
using media::Instant;
using media::Ssrc;

constexpr Ssrc kPicture{0x11};
constexpr Ssrc kRtx{0x12};
constexpr Ssrc kSound{0x21};

struct Collected final : RtcpSink {
  void send_rtcp(media::ByteSpan compound) override {
    compounds.emplace_back(compound.begin(), compound.end());
  }
  // Sequence numbers asked for, in order.
  [[nodiscard]] std::vector<uint16_t> asked() const {
    std::vector<uint16_t> out;
    for (const auto& compound : compounds) {
      media::rtcp::CompoundReader reader(compound);
      while (const auto block = reader.next()) {
        const auto* nack = std::get_if<media::rtcp::Nack>(&*block);
        if (nack == nullptr) continue;
        EXPECT_EQ(nack->media, kPicture);
        nack->for_each([&](uint16_t sequence) { out.push_back(sequence); });
      }
    }
    return out;
  }
  std::vector<std::vector<uint8_t>> compounds;
};

class ReceptionTest : public ::testing::Test {
 protected:
  std::vector<uint8_t> packet(Ssrc ssrc, uint16_t sequence, media::ByteSpan content,
                              std::optional<uint16_t> transport_cc = {}) {
    std::vector<uint8_t> out(1400);
    media::rtp::Extensions extras;
    extras.transport_cc = transport_cc;
    const media::rtp::Header header{.payload_type = 96, .sequence = sequence, .ssrc = ssrc};
    const auto written = media::rtp::write_packet(out, header, extras, extensions, {}, content);
    out.resize(written.size);
    return out;
  }
  // As a packet arrives that needs no deciphering.
  bool arrive(Reception& reception, const std::vector<uint8_t>& bytes) {
    const bool open = reception.on_arrival(now, bytes);
    if (open) delay_from = reception.on_plain(now, bytes);
    return open;
  }
  void retransmit(Reception& reception, uint16_t sequence) {
    std::vector<uint8_t> again(50);
    media::store_be16(again.data(), sequence);
    arrive(reception, packet(kRtx, rtx_sequence++, again));
  }

  media::rtp::ExtensionMap extensions = sdp::client_extensions();
  std::vector<Reception::Announced> announced{{kPicture, kRtx}, {kSound, std::nullopt}};
  media::SplitMix64 rng{3};
  Instant now = Instant::from_micros(10'000'000);
  std::vector<uint8_t> payload = std::vector<uint8_t>(60);
  std::optional<Instant> delay_from;
  uint16_t rtx_sequence = 1;
};

TEST_F(ReceptionTest, OpensOneInSoManyAndReadsTheHeadersOfAll) {
  Reception reception({.open_every = 4}, announced, extensions, rng);
  int opened = 0;
  for (uint16_t i = 0; i < 40; ++i) {
    if (i == 20 || i == 21) continue;
    opened += arrive(reception, packet(kPicture, i, payload)) ? 1 : 0;
  }
  EXPECT_EQ(opened, 9);  // of 38
  EXPECT_EQ(reception.line().received, 38U);
  EXPECT_EQ(reception.line().missing, 2U);
}

TEST_F(ReceptionTest, AProtectedPacketsPaddingBitIsNoReasonToRefuseIt) {
  Reception reception({}, announced, extensions, rng);
  auto bytes = packet(kPicture, 1, payload);
  bytes[0] |= 0x20;
  bytes.back() = 255;  // cipher text, no length
  EXPECT_TRUE(reception.on_arrival(now, bytes));
  EXPECT_EQ(reception.line().received, 1U);
}

TEST_F(ReceptionTest, GivesTheStampOfAPacket) {
  Reception reception({}, announced, extensions, rng);
  write_stamp(payload, Instant::from_micros(9'999'000));
  arrive(reception, packet(kSound, 1, payload));
  EXPECT_EQ(delay_from, Instant::from_micros(9'999'000));
}

TEST_F(ReceptionTest, LosesTheShareItWasToldAndTheLineIsNotBlamed) {
  Reception reception({.loss = 0.05}, announced, extensions, rng);
  for (uint32_t i = 0; i < 20'000; ++i)
    arrive(reception, packet(kSound, static_cast<uint16_t>(i), payload));
  EXPECT_NEAR(static_cast<double>(reception.repair().thrown_away), 1000, 100);
  EXPECT_EQ(reception.line().missing, 0U);
}

TEST_F(ReceptionTest, AsksForWhatItThrewAwayAndCountsWhatComesBack) {
  Reception reception({.loss = 0.1, .nack = true}, announced, extensions, rng);
  Collected sink;
  for (uint16_t i = 0; i < 100; ++i) {
    arrive(reception, packet(kPicture, i, payload));
    now += Duration::millis(1);
  }
  now += Duration::millis(20);
  const uint64_t thrown = reception.repair().thrown_away;
  ASSERT_GT(thrown, 2U);
  reception.poll(now, Duration::millis(1), sink);
  const auto asked = sink.asked();
  EXPECT_GE(asked.size() + 1, thrown) << "only a loss at the end is not seen yet";
  EXPECT_EQ(reception.repair().asked, asked.size());
  const uint64_t holes = reception.holes();
  ASSERT_EQ(holes, thrown);
  // A retransmission may be lost like any other packet.
  for (const uint16_t sequence : asked) retransmit(reception, sequence);
  EXPECT_EQ(reception.holes(), holes - reception.repair().repaired);
  EXPECT_EQ(reception.repair().rtx, reception.repair().repaired);
  EXPECT_GT(reception.repair().repaired, 0U);
  // The same again mends nothing.
  const uint64_t repaired = reception.repair().repaired;
  for (const uint16_t sequence : asked) {
    if (reception.holes() == 0) retransmit(reception, sequence);
  }
  EXPECT_EQ(reception.repair().repaired, repaired);
}

TEST_F(ReceptionTest, ReportsTheLossThatItMade) {
  Reception reception({.loss = 0.25}, announced, extensions, rng);
  Collected sink;
  reception.poll(now, {}, sink);
  for (uint16_t i = 0; i < 4000; ++i) arrive(reception, packet(kSound, i, payload));
  now += Duration::seconds(2);
  reception.poll(now, {}, sink);
  ASSERT_FALSE(sink.compounds.empty());
  media::rtcp::CompoundReader reader(sink.compounds.back());
  const auto block = reader.next();
  ASSERT_TRUE(block);
  const auto* report = std::get_if<media::rtcp::ReceiverReport>(&*block);
  ASSERT_NE(report, nullptr);
  ASSERT_EQ(report->blocks.size(), 1U) << "a stream that sent nothing is not reported";
  EXPECT_EQ(report->blocks[0].ssrc, kSound);
  EXPECT_NEAR(report->blocks[0].fraction_lost, 64, 8);
  EXPECT_NEAR(report->blocks[0].cumulative_lost, 1000, 120);
  EXPECT_EQ(report->blocks[0].highest_sequence & 0xffff, 3999U);
}

TEST_F(ReceptionTest, TransportFeedbackNamesWhatArrived) {
  Reception reception({.transport_cc = true}, announced, extensions, rng);
  Collected sink;
  for (uint16_t i = 0; i < 60; ++i) {
    if (i != 30) arrive(reception, packet(kPicture, i, payload, i));
    now += Duration::millis(5);
  }
  reception.poll(now, {}, sink);
  size_t received = 0;
  size_t lost = 0;
  for (const auto& compound : sink.compounds) {
    media::rtcp::CompoundReader reader(compound);
    while (const auto block = reader.next()) {
      const auto* feedback = std::get_if<media::rtcp::TransportCcBlock>(&*block);
      if (feedback == nullptr) continue;
      std::vector<media::rtcp::PacketStatus> statuses;
      ASSERT_TRUE(media::rtcp::parse_transport_feedback(feedback->block, statuses));
      for (const auto& status : statuses) ++(status.received ? received : lost);
    }
  }
  EXPECT_EQ(received, 59U);
  EXPECT_EQ(lost, 1U);
}

TEST_F(ReceptionTest, WithoutBeingToldItSendsNoFeedbackButReports) {
  Reception reception({}, announced, extensions, rng);
  Collected sink;
  for (uint16_t i = 0; i < 50; i = static_cast<uint16_t>(i + 2))
    arrive(reception, packet(kPicture, i, payload, i));
  now += Duration::seconds(2);
  reception.poll(now, {}, sink);
  EXPECT_EQ(sink.compounds.size(), 1U);
  EXPECT_TRUE(sink.asked().empty());
}

}  // namespace
}  // namespace signaling::load

#include "media/sfu/ingress_track.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "media/send/send_stream.h"
#include "media/sfu/peer.h"
#include "tests/support/rtp_samples.h"
#include "tests/support/sections.h"

namespace media::sfu {
namespace {

class IngressTrackTest : public ::testing::Test {
 protected:
  IngressTrackTest() {
    Peer::Params params;
    params.peer = PeerId(1);
    params.extensions = tests::usual_extensions();
    params.published = {tests::camera(11, "v", true)};
    peer = std::make_unique<Peer>(std::move(params), 0, rng);
    track().set_open(true);
  }
  IngressTrack& track() { return *peer->tracks()[0]; }
  IngressTrack* packet(uint16_t sequence, size_t size, uint32_t timestamp, const char* rid,
                       uint32_t ssrc) {
    tests::Vp8Sample vp8;
    vp8.size = size;
    vp8.starts_frame = false;
    tests::RtpSample sample;
    sample.payload_type = tests::kVp8Type;
    sample.sequence = sequence;
    sample.timestamp = timestamp;
    sample.ssrc = Ssrc(ssrc);
    sample.payload = tests::vp8_payload(vp8);
    sample.extensions.mid = "v";
    sample.extensions.rid = rid;
    now += Duration::millis(1);
    const auto bytes = tests::build(sample, tests::usual_extensions());
    return peer->on_rtp(now, Duration::seconds(1), bytes, pool, drops);
  }
  SplitMix64 rng{3};
  PacketPool pool;
  DropCounters drops;
  Instant now = Instant::from_micros(1'000'000);
  std::unique_ptr<Peer> peer;
};

TEST_F(IngressTrackTest, LayersAreFoundByTheirRidAndAnUnknownRidIsRefused) {
  EXPECT_EQ(packet(1, 500, 0, "q", 100), &track());
  EXPECT_EQ(packet(1, 500, 0, "f", 300), &track());
  EXPECT_EQ(packet(1, 500, 0, "z", 400), nullptr);
  EXPECT_EQ(drops.of(Drop::RtpUnknownSsrc), 1U);
  ASSERT_EQ(track().pending().size(), 2U);
  EXPECT_EQ(track().pending()[0].layer, 0);
  EXPECT_EQ(track().pending()[1].layer, 2);
  track().update_layers(now);
  EXPECT_EQ(track().layer_mask(), 0b101);
  track().pending().clear();
}

TEST_F(IngressTrackTest, ANewSsrcOfALayerBeginsANewEpoch) {
  packet(1, 500, 0, "q", 100);
  packet(5000, 500, 0, "q", 101);
  ASSERT_EQ(track().pending().size(), 2U);
  EXPECT_NE(track().pending()[0].epoch, track().pending()[1].epoch);
  track().pending().clear();
}

TEST_F(IngressTrackTest, ThePiecesOfAFrameLeaveWithOneSizeAndOthersAreLeftAlone) {
  // As libwebrtc cuts: the larger ones last; and out of order on the line.
  packet(2, 701, 3000, "q", 100);
  packet(1, 700, 3000, "q", 100);
  packet(3, 701, 3000, "q", 100);
  packet(4, 700, 6000, "q", 100);
  packet(5, 300, 6000, "q", 100);
  track().prepare_pending();
  std::vector<int> padding;
  std::vector<int64_t> order;
  for (const IngressPacket& p : track().pending()) {
    padding.push_back(p.packet.facts<send::SourceFacts>().added_padding);
    order.push_back(p.packet.facts<send::SourceFacts>().sequence);
  }
  EXPECT_EQ(order, (std::vector<int64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(padding, (std::vector<int>{1, 0, 0, 0, 0}));
  track().pending().clear();
}

TEST_F(IngressTrackTest, AFloodIsCutAndRemembered) {
  uint16_t sequence = 1;
  // 1300 bytes a millisecond are 10 Mbit/s; ten times that.
  for (int ms = 0; ms < 2000; ++ms) {
    for (int i = 0; i < 10; ++i) packet(sequence++, 1300, 0, "q", 100);
    now = now - Duration::millis(9);
    track().pending().clear();
  }
  EXPECT_GT(drops.of(Drop::RtpOverRate), 10'000U);
  EXPECT_TRUE(track().policer().is_refusing(now));
}

// A voice with sender reports whose packets may say when they were captured.
class CaptureTimes : public ::testing::Test {
 protected:
  CaptureTimes() {
    map.abs_capture_time = 9;
    Peer::Params params;
    params.peer = PeerId(1);
    params.extensions = map;
    params.published = {tests::microphone(12, "a")};
    peer = std::make_unique<Peer>(std::move(params), 0, rng);
    peer->tracks()[0]->set_open(true);
  }
  // What is forwarded of a packet captured at `at` by the sender's clock, 100 s ahead of the
  // session's; nothing when it does not say so itself.
  std::optional<Duration> forwarded(std::optional<Duration> at, Duration offset = {}) {
    tests::RtpSample sample;
    sample.payload_type = tests::kOpusType;
    sample.sequence = ++sequence;
    sample.timestamp = sequence * 960U;
    sample.ssrc = Ssrc(5);
    sample.payload = tests::opus_payload(sequence);
    sample.extensions.mid = "a";
    if (at) {
      sample.extensions.abs_capture_time = rtp::AbsCaptureTime{ntp(*at + offset), std::nullopt};
      if (offset != Duration())
        sample.extensions.abs_capture_time->clock_offset =
            static_cast<int64_t>(offset.as_micros()) * (int64_t{1} << 32) / 1'000'000;
    }
    const auto bytes = tests::build(sample, map);
    // Each 20 ms after the one before; 30 ms on its way.
    const Duration session = Duration::millis(20 * sequence + 30);
    peer->on_rtp(Instant::from_micros(1'000'000) + session, session, bytes, pool, drops);
    auto& pending = peer->tracks()[0]->pending();
    const auto stamp = pending.back().packet.facts<send::SourceFacts>().extensions.abs_capture_time;
    pending.clear();
    if (!stamp) return std::nullopt;
    return Duration::micros(rtcp::NtpTime{stamp->ntp}.as_micros() -
                            send::session_ntp(Duration()).as_micros());
  }
  static uint64_t ntp(Duration session) {
    return send::session_ntp(session + Duration::seconds(100)).value;
  }
  void report(Duration at, int64_t rtp) {
    peer->clock().on_sender_report(at + Duration::millis(30), Ssrc(5), {ntp(at)}, rtp, 48'000);
  }
  rtp::ExtensionMap map = tests::usual_extensions();
  SplitMix64 rng{3};
  PacketPool pool;
  DropCounters drops;
  uint16_t sequence = 0;
  std::unique_ptr<Peer> peer;
};

TEST_F(CaptureTimes, OfThePublisherAreForwardedOnTheSessionClock) {
  EXPECT_FALSE(forwarded(std::nullopt)) << "nobody knows yet";
  // Known from the packet alone: what the way took cannot be told from the clock.
  const auto first = forwarded(Duration::millis(40));
  ASSERT_TRUE(first);
  EXPECT_NEAR(static_cast<double>(first->as_micros()), 70'000, 20);
  report(Duration::millis(40), 2 * 960);
  // By a camera whose picture or sound takes half a second to the encoder that sends it.
  const auto late = forwarded(Duration::millis(60 - 500));
  ASSERT_TRUE(late);
  EXPECT_NEAR(static_cast<double>(late->as_micros()), 90'000 - 500'000, 20);
  const auto elsewhere = forwarded(Duration::millis(80 - 500), Duration::seconds(7));
  EXPECT_NEAR(static_cast<double>(elsewhere->as_micros()), 110'000 - 500'000, 20)
      << "the capturing clock is another one";
}

TEST_F(CaptureTimes, ThatTheReportsContradictAreNotBelieved) {
  report(Duration::millis(0), 0);
  for (const Duration lie : {Duration::seconds(3600), -Duration::seconds(60)}) {
    const auto stamp = forwarded(Duration::millis(20 * (sequence + 1)) + lie);
    ASSERT_TRUE(stamp);
    EXPECT_NEAR(static_cast<double>(stamp->as_micros()), 20'000 * sequence + 30'000, 20);
  }
}

}  // namespace
}  // namespace media::sfu

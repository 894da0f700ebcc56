#include "media/sfu/ingress_track.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

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

}  // namespace
}  // namespace media::sfu

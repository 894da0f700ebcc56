// Promises about what a receiver gets of a layered stream: only what it wants, under numbers
// without holes, decodable from the first packet on.
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "media/codec/dependency_descriptor.h"
#include "media/codec/vp8.h"
#include "media/rtp/packet_view.h"
#include "media/sfu/room_shard.h"
#include "tests/support/dependency_samples.h"
#include "tests/support/rtp_samples.h"
#include "tests/support/sections.h"

namespace {

using namespace media;  // NOLINT(google-build-using-namespace)

constexpr uint8_t kAv1Type = 45;
constexpr uint8_t kRedType = 63;

class LayersWithinAStream : public ::testing::Test {
 protected:
  LayersWithinAStream() {
    from_map = tests::usual_extensions();
    from_map.dependency_descriptor = 12;
    to_map = tests::usual_extensions();
    to_map.dependency_descriptor = 7;
    sfu::Peer::Params publishing;
    publishing.peer = PeerId(1);
    publishing.extensions = from_map;
    publishing.published = {tests::camera(11, "v", false), tests::microphone(12, "a")};
    publishing.published[0].codecs.push_back(tests::vp8_codec(kAv1Type, kAv1Type + 1));
    publishing.published[0].codecs.back().codec = Codec::Av1;
    publishing.published[1].codecs[0].red_payload_type = kRedType;
    publisher = &room.add_peer(now, publishing, 0);
    room.open_track(now, TrackId(11), true);
    room.open_track(now, TrackId(12), true);
    room.set_connected(now, PeerId(1));
  }
  void watch(uint32_t id, bool takes_red = true) {
    sfu::Peer::Params watching;
    watching.peer = PeerId(id);
    watching.extensions = to_map;
    watching.slots = {tests::video_slot(1, "sv", 0x7000 + id),
                      tests::audio_slot(2, "sa", 0x8000 + id)};
    watching.slots[0].codecs.push_back(tests::vp8_codec(98, 99));
    watching.slots[0].codecs.back().codec = Codec::Av1;
    if (takes_red) {
      watching.slots[1].codecs[0].payload_type = 96;
      watching.slots[1].codecs[0].red_payload_type = 97;
    }
    room.add_peer(now, watching, id);
    room.set_connected(now, PeerId(id));
    room.feed_slot(now, PeerId(id), SlotId(1), TrackId(11));
    room.feed_slot(now, PeerId(id), SlotId(2), TrackId(12));
  }
  void give(tests::RtpSample s) {
    room.on_rtp(now, *publisher, tests::build(s, from_map));
    room.forward(now);
    for (const sfu::RtpOut& out : outbox.rtp) {
      tests::Bytes buffer(1500);
      buffer.resize(out.peer->write_rtp(now, out, buffer).size);
      got[out.peer->id().value].push_back(std::move(buffer));
    }
    outbox.clear();
  }
  void vp8(uint8_t temporal, bool key = false) {
    tests::Vp8Sample sample;
    sample.key = key;
    sample.picture_id = ++picture;
    tests::RtpSample s;
    s.payload_type = tests::kVp8Type;
    s.payload = tests::vp8_payload(sample);
    s.payload[1] = static_cast<uint8_t>(s.payload[1] | 0x20);  // T, in the byte that K has
    s.payload[5] = static_cast<uint8_t>(s.payload[5] | (temporal << 6));
    video(s);
  }
  void av1(const tests::DdSample& sample, bool starts_sequence, bool marker) {
    const auto descriptor = tests::dependency_descriptor(sample);
    tests::RtpSample s;
    s.payload_type = kAv1Type;
    s.marker = marker;
    s.payload = {static_cast<uint8_t>(0x10 | (starts_sequence ? 0x08 : 0)), 0x32, 1, 2, 3};
    s.extensions.dependency_descriptor = descriptor;
    video(s);
  }
  void video(tests::RtpSample s) {
    s.sequence = ++sequence;
    s.timestamp = 3000U * ++picture_time;
    s.ssrc = Ssrc(100);
    s.extensions.mid = "v";
    give(s);
  }
  void av1_picture(bool key, unsigned lower, unsigned upper, const tests::DdStructure& structure) {
    tests::DdSample s{.id = lower, .frame = frame++};
    if (key) s.structure = structure;
    av1(s, key, false);
    --picture_time;  // one picture
    av1({.id = upper, .frame = frame++}, false, true);
  }
  static rtp::PacketView view(const tests::Bytes& bytes) { return *rtp::PacketView::parse(bytes); }

  rtp::ExtensionMap from_map;
  rtp::ExtensionMap to_map;
  SplitMix64 rng{11};
  PacketPool pool;
  sfu::Outbox outbox;
  Instant now = Instant::from_micros(10'000'000);
  sfu::RoomShard room{RoomId(1), Instant::from_micros(9'000'000), pool, rng, outbox};
  sfu::Peer* publisher = nullptr;
  std::map<uint32_t, std::vector<tests::Bytes>> got;
  uint16_t sequence = 65'530;  // wraps
  uint16_t picture = 0x7FFC;   // wraps too
  uint32_t picture_time = 0;
  uint16_t frame = 65'534;
};

TEST_F(LayersWithinAStream, AThumbnailGetsTheLowestFrameRateWithoutAHoleInAnyNumber) {
  watch(2);
  watch(3);
  room.limit_slot(now, PeerId(3), SlotId(1), {0, 0});
  vp8(0, true);
  for (int i = 0; i < 8; ++i) {
    for (const unsigned temporal : {2U, 1U, 2U, 0U}) vp8(static_cast<uint8_t>(temporal));
  }
  ASSERT_EQ(got[2].size(), 33U);
  ASSERT_EQ(got[3].size(), 9U);
  for (size_t i = 1; i < got[3].size(); ++i) {
    const auto before = view(got[3][i - 1]);
    const auto after = view(got[3][i]);
    EXPECT_EQ(after.sequence(), static_cast<uint16_t>(before.sequence() + 1));
    EXPECT_EQ(after.timestamp() - before.timestamp(), 4 * 3000U);
    EXPECT_EQ(codec::parse_vp8_descriptor(after.payload())->picture_id,
              (codec::parse_vp8_descriptor(before.payload())->picture_id + 1) & 0x7FFF);
  }
}

TEST_F(LayersWithinAStream, EachReceiverOfAv1GetsItsDecodeTarget) {
  watch(2);
  watch(3);
  room.limit_slot(now, PeerId(3), SlotId(1), {0});
  const auto structure = tests::l2t2_full();
  av1_picture(true, 0, 3, structure);
  for (int i = 0; i < 4; ++i) {
    av1_picture(false, 2, 5, structure);
    av1_picture(false, 1, 4, structure);
  }
  ASSERT_EQ(got[2].size(), 18U);
  ASSERT_EQ(got[3].size(), 9U);
  codec::DependencyReader reader;
  std::optional<uint16_t> last;
  for (const auto& bytes : got[3]) {
    const auto packet = view(bytes);
    EXPECT_TRUE(packet.marker()) << "the receiver gets no more of this picture";
    if (last) {
      EXPECT_EQ(packet.sequence(), static_cast<uint16_t>(*last + 1));
    }
    last = packet.sequence();
    const auto facts = reader.read(rtp::parse_extensions(packet, to_map).dependency_descriptor);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->spatial_id, 0);
  }
}

TEST_F(LayersWithinAStream, AReceiverThatCannotReadRedHearsThePrimaryVoice) {
  watch(2);
  watch(3, false);
  tests::RtpSample s;
  s.payload_type = kRedType;
  s.sequence = 1;
  s.timestamp = 960;
  s.ssrc = Ssrc(200);
  s.extensions.mid = "a";
  s.payload = {0x80 | 111, 0x0F, 0, 3, 111, 'a', 'b', 'c', 'X', 'Y'};
  give(s);
  ASSERT_EQ(got[2].size(), 1U);
  ASSERT_EQ(got[3].size(), 1U);
  EXPECT_EQ(view(got[2][0]).payload_type(), 97);
  EXPECT_EQ(view(got[2][0]).payload()[4], 96);
  EXPECT_EQ(view(got[3][0]).payload_type(), 109);
  EXPECT_EQ(view(got[3][0]).payload().size(), 2U);
  s.payload[4] = 8;  // a block of another codec
  s.sequence = 2;
  give(s);
  EXPECT_EQ(got[2].size(), 1U);
  EXPECT_EQ(outbox.drops.of(Drop::CodecMalformed), 1U);
}

TEST_F(LayersWithinAStream, DescriptorsOfMissingTemplatesEndAtTheDoor) {
  watch(2);
  av1({.id = 1, .frame = 1}, false, true);  // no structure yet
  av1_picture(true, 0, 3, tests::l2t2_full());
  av1({.id = 40, .frame = frame}, false, true);
  EXPECT_EQ(outbox.drops.of(Drop::CodecMalformed), 2U);
  EXPECT_EQ(got[2].size(), 2U);
}

}  // namespace

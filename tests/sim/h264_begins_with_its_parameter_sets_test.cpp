// Promises about H.264: whoever is shown a picture begins at an IDR picture and has its parameter
// sets before it, also when the sender sent them once and long ago; nobody begins anywhere else.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <vector>

#include "media/codec/h264.h"
#include "media/rtcp/feedback.h"
#include "media/rtp/packet_view.h"
#include "media/sfu/room_shard.h"
#include "tests/support/rtp_samples.h"
#include "tests/support/sections.h"

namespace {

using namespace media;  // NOLINT(google-build-using-namespace)
using tests::Bytes;

constexpr uint8_t kH264Type = 102;
constexpr std::array<const char*, 2> kRids = {"q", "h"};
// By x264, 320x180; the second layer's differ in their level.
const Bytes kSps = {0x67, 0x42, 0xc0, 0x0b, 0xd9, 0x01, 0x41, 0x9f, 0x9f, 0x01, 0x10, 0x00, 0x00,
                    0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x00, 0xa0, 0xf1, 0x42, 0xa4, 0x80};
const Bytes kPps = {0x68, 0xce, 0x3c, 0x80};
const Bytes kIdr = {0x65, 0x88, 0x84};
const Bytes kIdrPiece = {0x7c, 0x05, 0x11};  // FU-A, a later piece
const Bytes kIntra = {0x41, 0x88, 0x84};     // an I slice of a picture that is no IDR
const Bytes kDelta = {0x41, 0x9a, 0x24};

class H264BeginsWithItsParameterSets : public ::testing::Test {
 protected:
  H264BeginsWithItsParameterSets() {
    sfu::Peer::Params publishing;
    publishing.peer = PeerId(1);
    publishing.extensions = tests::usual_extensions();
    publishing.published = {tests::camera(11, "v", false)};
    publishing.published[0].rids = {"q", "h"};
    publishing.published[0].codecs = {tests::vp8_codec(kH264Type, kH264Type + 1)};
    publishing.published[0].codecs[0].codec = Codec::H264;
    publisher = &room.add_peer(now, publishing, 0);
    room.set_connected(now, PeerId(1));
    room.open_track(now, TrackId(11), true);
  }
  void watch(uint32_t id, uint8_t layer) {
    sfu::Peer::Params watching;
    watching.peer = PeerId(id);
    watching.extensions = tests::usual_extensions();
    watching.slots = {tests::video_slot(1, "sv", 0x7000 + id)};
    watching.slots[0].codecs[0].codec = Codec::H264;
    room.add_peer(now, watching, id);
    room.set_connected(now, PeerId(id));
    room.limit_slot(now, PeerId(id), SlotId(1), layer);
    room.feed_slot(now, PeerId(id), SlotId(1), TrackId(11));
  }
  // A picture of `layer` in as many packets as there are units.
  void picture(size_t layer, const std::vector<Bytes>& units) {
    now += Duration::millis(16);
    timestamps[layer] += 3000;
    for (size_t i = 0; i < units.size(); ++i) {
      tests::RtpSample s;
      s.payload_type = kH264Type;
      s.marker = i + 1 == units.size();
      s.sequence = ++sequences[layer];
      s.timestamp = timestamps[layer];
      s.ssrc = Ssrc(100 + static_cast<uint32_t>(layer));
      s.payload = units[i];
      s.extensions.mid = "v";
      s.extensions.rid = kRids[layer];
      room.on_rtp(now, *publisher, tests::build(s, tests::usual_extensions()));
      room.forward(now);
      take();
    }
    room.on_tick(now);
    take();
  }
  void take() {
    for (const sfu::RtpOut& out : outbox.rtp) {
      Bytes buffer(1500);
      buffer.resize(out.peer->write_rtp(now, out, buffer).size);
      got[out.peer->id().value].push_back(std::move(buffer));
    }
    outbox.clear();
  }
  static rtp::PacketView view(const Bytes& bytes) { return *rtp::PacketView::parse(bytes); }
  static Bytes payload(const Bytes& bytes) {
    const auto p = view(bytes).payload();
    return {p.begin(), p.end()};
  }
  void expect_unbroken(uint32_t id) {
    for (size_t i = 1; i < got[id].size(); ++i) {
      ASSERT_EQ(view(got[id][i]).sequence(),
                static_cast<uint16_t>(view(got[id][i - 1]).sequence() + 1))
          << "packet " << i;
    }
  }

  SplitMix64 rng{11};
  PacketPool pool;
  sfu::Outbox outbox;
  Instant now = Instant::from_micros(10'000'000);
  sfu::RoomShard room{RoomId(1), Instant::from_micros(9'000'000), pool, rng, outbox};
  sfu::Peer* publisher = nullptr;
  std::map<uint32_t, std::vector<Bytes>> got;
  std::array<uint16_t, 2> sequences = {65'530, 500};
  std::array<uint32_t, 2> timestamps = {9'000, 900'000};
};

TEST_F(H264BeginsWithItsParameterSets, ANewReceiverGetsWhatTheSenderSentOnceBeforeTheIdr) {
  watch(2, 0);
  picture(0, {kSps, kPps, kIdr, kIdrPiece});
  picture(0, {kDelta});
  watch(3, 0);
  picture(0, {kDelta});
  picture(0, {kIdr, kIdrPiece});
  picture(0, {kDelta});
  ASSERT_EQ(got[3].size(), 4U);
  codec::ParameterSets sets;
  EXPECT_TRUE(sets.note(payload(got[3][0])));
  EXPECT_TRUE(sets.is_complete());
  EXPECT_FALSE(view(got[3][0]).marker());
  EXPECT_EQ(view(got[3][0]).timestamp(), view(got[3][1]).timestamp()) << "one access unit";
  EXPECT_EQ(payload(got[3][1]), kIdr);
  expect_unbroken(3);
  // The first one's stream is as the sender made it, from the IDR on.
  EXPECT_EQ(payload(got[2].back()), kDelta);
  expect_unbroken(2);
}

TEST_F(H264BeginsWithItsParameterSets, WithoutThemNothingIsShownAndAKeyFrameIsAskedFor) {
  watch(2, 0);
  picture(0, {kIdr, kIdrPiece});
  picture(0, {kDelta});
  EXPECT_TRUE(got[2].empty());
  EXPECT_GT(outbox.drops.of(Drop::WaitingForKeyFrame), 0U);
  picture(0, {kSps, kPps, kIdr});
  EXPECT_EQ(got[2].size(), 2U);
}

TEST_F(H264BeginsWithItsParameterSets, LayersAreSwitchedAtIdrPicturesAlone) {
  watch(2, 1);
  const std::vector<Bytes> key = {kSps, kPps, kIdr};
  picture(0, key);
  picture(1, key);
  room.limit_slot(now, PeerId(2), SlotId(1), 0);
  got[2].clear();
  // Neither a picture of intra slices nor parameter sets before one begin anything.
  picture(0, {kSps, kPps, kIntra});
  picture(1, {kDelta});
  picture(0, {kDelta});
  ASSERT_EQ(got[2].size(), 1U);
  picture(0, key);
  ASSERT_EQ(got[2].size(), 3U);
  codec::ParameterSets sets;
  EXPECT_TRUE(sets.note(payload(got[2][1])));
  EXPECT_EQ(payload(got[2][2]), kIdr);
  EXPECT_GT(static_cast<int32_t>(view(got[2][1]).timestamp() - view(got[2][0]).timestamp()), 0)
      << "an access unit of its own";
  picture(1, {kDelta});
  picture(0, {kDelta});
  EXPECT_EQ(got[2].size(), 4U);
  expect_unbroken(2);
}

TEST_F(H264BeginsWithItsParameterSets, WhatIsSentAgainIsWhatWasSent) {
  watch(2, 0);
  picture(0, {kSps, kPps, kIdr});
  ASSERT_EQ(got[2].size(), 2U);
  const uint16_t first = view(got[2][0]).sequence();
  Bytes buffer(100);
  ByteWriter writer{MutableByteSpan(buffer)};
  rtcp::write_nack(writer, Ssrc(1), Ssrc(0x7002), std::vector{first});
  room.on_rtcp(now + Duration::millis(200), *room.find_peer(PeerId(2)), writer.written());
  take();
  ASSERT_EQ(got[2].size(), 3U);
  const Bytes again = payload(got[2][2]);
  EXPECT_EQ(load_be16(again.data()), first);
  EXPECT_EQ(Bytes(again.begin() + 2, again.end()), payload(got[2][0]));
}

}  // namespace

#include "media/sfu/egress_slot.h"

#include <algorithm>

#include "room_fixture.h"

namespace media::sfu {
namespace {

class EgressSlotTest : public RoomFixture {};

TEST_F(EgressSlotTest, SendsUnderTheReceiversOwnSsrcAndPayloadType) {
  video(1, true);
  voice(1);
  ASSERT_EQ(outbox.rtp.size(), 2U);
  EXPECT_EQ(outbox.rtp[0].departure.ssrc, Ssrc(kVideoSsrc));
  EXPECT_EQ(outbox.rtp[0].departure.payload_type, 100);
  EXPECT_EQ(*outbox.rtp[0].mid, "sv");
  EXPECT_EQ(outbox.rtp[1].departure.payload_type, 109);
}

TEST_F(EgressSlotTest, TheMidIsLeftOutOnceItIsKnown) {
  for (uint16_t s = 1; s <= EgressSlot::kMidPackets + 5; ++s) voice(s);
  EXPECT_NE(outbox.rtp.front().mid, nullptr);
  EXPECT_EQ(outbox.rtp.back().mid, nullptr);
}

TEST_F(EgressSlotTest, ACodecThatTheReceiverLacksIsNotForwarded) {
  Peer::Params watching;
  watching.peer = PeerId(3);
  auto slot = tests::video_slot(9, "x", 0x9001);
  slot.codecs[0].codec = Codec::H264;
  watching.slots = {slot};
  room.add_peer(now, watching, 2);
  room.set_connected(now, PeerId(3));
  room.feed_slot(now, PeerId(3), SlotId(9), TrackId(11));
  video(1, true);
  EXPECT_EQ(outbox.rtp.size(), 1U);  // the other watcher's
  video(2, false);
  EXPECT_EQ(outbox.drops.of(Drop::CodecNotOffered), 2U);
  const auto told = [](const Event& e) { return std::holds_alternative<SlotUndecodable>(e); };
  ASSERT_EQ(std::count_if(outbox.events.begin(), outbox.events.end(), told), 1);
  const auto& event =
      std::get<SlotUndecodable>(*std::find_if(outbox.events.begin(), outbox.events.end(), told));
  EXPECT_EQ(event.peer, PeerId(3));
  EXPECT_EQ(event.slot, SlotId(9));
  EXPECT_EQ(event.track, TrackId(11));
  EXPECT_EQ(event.codec, Codec::Vp8);
}

// A watcher that takes nothing but H.264, in front of a VP8 camera.
class BlindWatcher : public RoomFixture {
 protected:
  BlindWatcher() {
    Peer::Params publishing;
    publishing.peer = PeerId(1);
    publishing.extensions = tests::usual_extensions();
    publishing.published = {tests::camera(11, "v", false)};
    publishing.published[0].codecs.push_back(tests::vp8_codec(102, 103));
    publishing.published[0].codecs[1].codec = Codec::H264;
    publisher = &room.add_peer(now, publishing, 0);
    room.set_connected(now, PeerId(1));
    room.open_track(now, TrackId(11), true);
    Peer::Params watching;
    watching.peer = PeerId(3);
    auto slot = tests::video_slot(9, "x", 0x9001);
    slot.codecs[0].codec = Codec::H264;
    watching.slots = {slot};
    room.add_peer(now, watching, 2);
    room.set_connected(now, PeerId(3));
    room.feed_slot(now, PeerId(2), SlotId(1), SlotFeed());
    room.feed_slot(now, PeerId(3), SlotId(9), TrackId(11));
    outbox.clear();
  }
  [[nodiscard]] std::vector<SlotUndecodable> told() {
    std::vector<SlotUndecodable> out;
    for (const Event& e : outbox.events) {
      if (const auto* u = std::get_if<SlotUndecodable>(&e)) out.push_back(*u);
    }
    return out;
  }
};

TEST_F(BlindWatcher, CostsThePublisherNoKeyFrames) {
  video(1, true);
  outbox.clear();
  for (int ms = 0; ms < 5000; ms += 20) {
    now += Duration::millis(20);
    video(static_cast<uint16_t>(2 + ms / 20), false);
    room.on_tick(now);
  }
  EXPECT_EQ(rtcp_to<rtcp::Pli>(*publisher), 0);
}

TEST_F(BlindWatcher, IsToldWhenTheSenderChangesToACodecThatItTakes) {
  video(1, true);
  tests::RtpSample s;
  s.payload_type = 102;
  s.marker = true;
  s.sequence = 2;
  s.timestamp = 6000;
  s.ssrc = Ssrc(100);
  s.payload = {0x78, 0, 4, 0x67, 0x42, 0xc0, 0x0b, 0, 3, 0x68, 0xce, 0x3c, 0, 2, 0x65, 0x88};
  s.extensions.mid = "v";
  give(s);
  for (int i = 0; i < 2; ++i) {
    now += Duration::seconds(1);
    room.on_tick(now);
  }
  ASSERT_EQ(told().size(), 2U);
  EXPECT_TRUE(told()[1].over);
  EXPECT_EQ(told()[1].codec, Codec::H264);
}

TEST_F(BlindWatcher, IsToldAgainWhenItsSlotShowedSomethingElseMeanwhile) {
  video(1, true);
  EXPECT_EQ(told().size(), 1U);
  room.feed_slot(now, PeerId(3), SlotId(9), SlotFeed());
  video(2, false);
  room.feed_slot(now, PeerId(3), SlotId(9), TrackId(11));
  video(3, false);
  video(4, false);
  EXPECT_EQ(told().size(), 2U);
}

TEST_F(EgressSlotTest, AResentPacketGoesOverRtxWithItsOriginalNumber) {
  video(1, true);
  const auto sent = static_cast<uint16_t>(outbox.rtp[0].departure.rewritten.sequence);
  outbox.clear();
  nack(kVideoSsrc, sent);
  ASSERT_EQ(outbox.rtp.size(), 1U);
  EXPECT_TRUE(outbox.rtp[0].departure.is_rtx);
  EXPECT_EQ(outbox.rtp[0].departure.ssrc, Ssrc(kVideoSsrc + 1));
  EXPECT_EQ(outbox.rtp[0].departure.payload_type, 101);
  EXPECT_EQ(outbox.rtp[0].departure.original_sequence, sent);
}

}  // namespace
}  // namespace media::sfu

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

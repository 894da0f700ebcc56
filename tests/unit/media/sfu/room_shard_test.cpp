#include "media/sfu/room_shard.h"

#include "room_fixture.h"

namespace media::sfu {
namespace {

class RoomShardTest : public RoomFixture {};

TEST_F(RoomShardTest, PacketsOfOneReceiverFollowEachOther) {
  Peer::Params second;
  second.peer = PeerId(3);
  second.slots = {tests::video_slot(1, "s", 0x9001)};
  Peer& other = room.add_peer(now, second, 2);
  room.set_connected(now, PeerId(3));
  room.feed_slot(now, PeerId(3), SlotId(1), TrackId(11));
  for (uint16_t s = 1; s <= 3; ++s) {
    tests::Vp8Sample vp8;
    vp8.key = s == 1;
    vp8.starts_frame = s == 1;
    tests::RtpSample sample;
    sample.payload_type = tests::kVp8Type;
    sample.sequence = s;
    sample.ssrc = Ssrc(100);
    sample.payload = tests::vp8_payload(vp8);
    sample.extensions.mid = "v";
    room.on_rtp(now, *publisher, tests::build(sample, tests::usual_extensions()));
  }
  room.forward(now);
  std::vector<const Peer*> order;
  for (const RtpOut& out : outbox.rtp) order.push_back(out.peer);
  EXPECT_EQ(order, (std::vector<const Peer*>{watcher, watcher, watcher, &other, &other, &other}));
}

TEST_F(RoomShardTest, APeerThatIsNotConnectedGetsAndIsAskedNothing) {
  Peer::Params second;
  second.peer = PeerId(3);
  second.slots = {tests::video_slot(1, "s", 0x9001)};
  room.add_peer(now, second, 2);
  room.feed_slot(now, PeerId(3), SlotId(1), TrackId(11));
  video(1, true);
  EXPECT_EQ(outbox.rtp.size(), 1U);
}

TEST_F(RoomShardTest, ASlotOfTheWrongKindStaysEmpty) {
  room.feed_slot(now, PeerId(2), SlotId(1), TrackId(12));
  EXPECT_EQ(watcher->find_slot(SlotId(1))->follower().track(), nullptr);
}

TEST_F(RoomShardTest, ATrackIdThatIsPublishedAgainBeginsClosed) {
  Peer::Params again;
  again.peer = PeerId(1);
  again.extensions = tests::usual_extensions();
  again.published = {tests::camera(11, "v", false), tests::microphone(12, "a")};
  publisher = &room.add_peer(now, again, 0);
  room.set_connected(now, PeerId(1));
  room.feed_slot(now, PeerId(2), SlotId(2), TrackId(12));
  voice(1);
  EXPECT_TRUE(outbox.rtp.empty());
  room.open_track(now, TrackId(12), true);
  voice(2);
  EXPECT_EQ(outbox.rtp.size(), 1U);
}

}  // namespace
}  // namespace media::sfu

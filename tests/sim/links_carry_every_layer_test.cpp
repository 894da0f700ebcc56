#include <gtest/gtest.h>

#include "sim_room.h"

namespace sim {
namespace {

TEST(LinksCarryEveryLayer, EachSlotOfALinkHoldsToItsLayerThroughKeyFramesAndPauses) {
  SimRoom room(301);
  SCOPED_TRACE(room.seed_note());
  SimPeer& teacher = room.make_peer();
  PublisherParams params;
  params.simulcast = true;
  teacher.publish(params);
  room.join(teacher);
  room.open(teacher.video_track());
  SimPeer& link = room.make_peer();
  for (uint32_t slot = 1; slot <= 3; ++slot) link.add_video_slot(slot);
  room.join(link);
  media::sfu::Peer* inside = room.shard().find_peer(link.id());
  std::vector<media::ReceiveSection> sections;
  for (uint32_t slot = 1; slot <= 3; ++slot) {
    sections.push_back(inside->find_slot(media::SlotId(slot))->section());
    sections.back().only_layer = static_cast<uint8_t>(slot - 1);
    inside->remove_slot(media::SlotId(slot));
  }
  room.shard().add_slots(room.now(), link.id(), teacher.video_track(), sections);
  room.drain();
  room.run(Duration::seconds(3));
  for (uint32_t slot = 1; slot <= 3; ++slot) {
    EXPECT_EQ(inside->find_slot(media::SlotId(slot))->follower().layer(), slot - 1);
    EXPECT_EQ(link.watched(slot).missing(), 0);
    EXPECT_GE(link.watched(slot).decodable_frames(), 80) << slot;
  }
  // A layer that pauses is not replaced by another in its slot, and goes on when it comes back.
  teacher.layers()[2].paused = true;
  room.run(Duration::seconds(3));
  const size_t paused = link.watched(3).packets.size();
  room.run(Duration::seconds(1));
  EXPECT_EQ(link.watched(3).packets.size(), paused);
  teacher.layers()[2].paused = false;
  room.run(Duration::seconds(2));
  EXPECT_GT(link.watched(3).packets.size(), paused + 100);
  EXPECT_EQ(link.watched(3).missing(), 0);

  room.shard().withdraw_track(room.now(), link.id(), teacher.video_track());
  const size_t ended = link.watched(1).packets.size();
  room.run(Duration::seconds(1));
  EXPECT_LE(link.watched(1).packets.size(), ended + 6);  // what was on the line
  EXPECT_TRUE(inside->slots().empty());
}

}  // namespace
}  // namespace sim

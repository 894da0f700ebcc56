#include <gtest/gtest.h>

#include "sim_room.h"

namespace sim {
namespace {

TEST(JoinAndLeave, ALateJoinerSeesAPictureFromAKeyFrameOnWithinTwoRoundTrips) {
  SimRoom room(11);
  SCOPED_TRACE(room.seed_note());
  SimPeer& teacher = room.make_peer();
  teacher.publish({});
  room.join(teacher);
  room.open(teacher.video_track());
  room.run(Duration::seconds(3));

  SimPeer& pupil = room.make_peer();
  pupil.add_video_slot(1);
  room.join(pupil);
  room.feed(pupil, 1, teacher.video_track());
  const Instant joined = room.now();
  room.run(Duration::seconds(2));

  const Watched& seen = pupil.watched(1);
  ASSERT_FALSE(seen.packets.empty());
  EXPECT_TRUE(seen.packets.begin()->second.key);
  EXPECT_TRUE(seen.packets.begin()->second.starts);
  // Ask (20 ms) + frame interval (34 ms) + back (20 ms) + down (20 ms).
  EXPECT_LT((*seen.first_at - joined).as_millis(), 120);
  EXPECT_EQ(seen.missing(), 0);
  EXPECT_GE(seen.decodable_frames(), 55);
  EXPECT_TRUE(seen.mids.contains("r1"));
}

TEST(JoinAndLeave, LeavingFreesEveryPacketAndStopsTheFlow) {
  SimRoom room(12);
  SimPeer& teacher = room.make_peer();
  teacher.publish({});
  room.join(teacher);
  room.open(teacher.video_track());
  room.open(teacher.audio_track());
  std::vector<SimPeer*> pupils;
  for (uint32_t i = 0; i < 10; ++i) {
    SimPeer& p = room.make_peer();
    p.add_video_slot(1);
    p.add_audio_slot(2);
    room.join(p);
    room.feed(p, 1, teacher.video_track());
    room.feed(p, 2, teacher.audio_track());
    pupils.push_back(&p);
  }
  room.run(Duration::seconds(2));
  EXPECT_GT(room.pool().in_use(), 0U);
  for (SimPeer* p : pupils) {
    EXPECT_GT(p->watched(1).packets.size(), 100U);
    EXPECT_GT(p->watched(2).packets.size(), 80U);
    room.leave(*p);
  }
  // Only the few newest packets of the picture that still comes.
  EXPECT_LE(room.pool().in_use(), media::sfu::IngressLayer::kRecent);
  const uint64_t before = room.forwarded;
  room.run(Duration::seconds(1));
  EXPECT_EQ(room.forwarded, before);
  room.leave(teacher);
  EXPECT_EQ(room.pool().in_use(), 0U);
  EXPECT_EQ(room.shard().peer_count(), 0U);
}

TEST(JoinAndLeave, WhenThePublisherLeavesItsSlotsGoDarkAndAnotherCanTakeThem) {
  SimRoom room(13);
  SimPeer& first = room.make_peer();
  SimPeer& second = room.make_peer();
  PublisherParams other;
  other.first_sequence = 40'000;
  other.first_picture = 30'000;
  first.publish({});
  second.publish(other);
  SimPeer& pupil = room.make_peer();
  pupil.add_video_slot(1);
  for (SimPeer* p : {&first, &second, &pupil}) room.join(*p);
  room.open(first.video_track());
  room.open(second.video_track());
  room.feed(pupil, 1, first.video_track());
  room.run(Duration::seconds(1));
  room.leave(first);
  room.run(Duration::millis(300));
  const size_t dark = pupil.watched(1).packets.size();
  room.run(Duration::millis(300));
  EXPECT_EQ(pupil.watched(1).packets.size(), dark);
  room.feed(pupil, 1, second.video_track());
  room.run(Duration::seconds(1));
  EXPECT_GT(pupil.watched(1).packets.size(), dark + 60);
  EXPECT_EQ(pupil.watched(1).missing(), 0);
}

}  // namespace
}  // namespace sim

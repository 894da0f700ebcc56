#include <gtest/gtest.h>

#include "sim_room.h"

namespace sim {
namespace {

TEST(KeyFramesAreThrottled, ThirtyJoinsInASecondCostTwoKeyFramesASecond) {
  SimRoom room(31);
  SCOPED_TRACE(room.seed_note());
  SimPeer& teacher = room.make_peer();
  teacher.publish({});
  room.join(teacher);
  room.open(teacher.video_track());
  room.run(Duration::seconds(2));
  const int before = teacher.layers()[0].keys_sent;
  std::vector<SimPeer*> pupils;
  for (uint32_t i = 0; i < 30; ++i) {
    SimPeer& p = room.make_peer();
    p.add_video_slot(1);
    room.join(p);
    room.feed(p, 1, teacher.video_track());
    pupils.push_back(&p);
    room.run(Duration::millis(33));
  }
  EXPECT_LE(teacher.layers()[0].keys_sent - before,
            3);  // within 990 ms: 2 a second, and one at its very start
  room.run(Duration::seconds(1));
  for (SimPeer* p : pupils) {
    EXPECT_FALSE(p->watched(1).packets.empty());
    EXPECT_EQ(p->watched(1).missing(), 0);
  }
}

TEST(KeyFramesAreThrottled, AReceiverThatStormsGetsThreeInTenSeconds) {
  SimRoom room(32);
  SimPeer& teacher = room.make_peer();
  teacher.publish({});
  SimPeer& storming = room.make_peer();
  storming.add_video_slot(1);
  room.join(teacher);
  room.join(storming);
  room.open(teacher.video_track());
  room.feed(storming, 1, teacher.video_track());
  room.run(Duration::seconds(2));
  const int before = teacher.layers()[0].keys_sent;
  room.run(Duration::seconds(9), [&](Instant now) { storming.ask_key_frame(now, 1); });
  EXPECT_GE(teacher.layers()[0].keys_sent - before, 1);
  EXPECT_LE(teacher.layers()[0].keys_sent - before, 3);
  EXPECT_GT(room.drops().of(media::Drop::KeyFrameThrottled), 8000U);
}

TEST(KeyFramesAreThrottled, ALostRequestIsRepeated) {
  SimRoom room(33);
  SCOPED_TRACE(room.seed_note());
  LineParams lossy;
  lossy.loss = 0.5;  // the way back to the publisher
  SimPeer& teacher = room.make_peer({}, lossy);
  teacher.publish({});
  room.join(teacher);
  room.open(teacher.video_track());
  room.run(Duration::seconds(1));
  SimPeer& pupil = room.make_peer();
  pupil.add_video_slot(1);
  room.join(pupil);
  room.feed(pupil, 1, teacher.video_track());
  room.run(Duration::seconds(3));
  EXPECT_FALSE(pupil.watched(1).packets.empty());
}

}  // namespace
}  // namespace sim

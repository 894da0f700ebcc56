#include <gtest/gtest.h>

#include "sim_room.h"

namespace sim {
namespace {

TEST(ClosedTracksStayClosed, NothingIsForwardedOrRecordedBeforeATrackIsOpened) {
  SimRoom room(51);
  SimPeer& child = room.make_peer();
  child.publish({});
  SimPeer& other = room.make_peer();
  other.add_video_slot(1);
  other.add_audio_slot(2);
  other.add_audio_slot(3);
  room.join(child);
  room.join(other);
  room.shard().start_recording(room.now());
  room.feed(other, 1, child.video_track());
  room.feed(other, 2, child.audio_track());
  room.feed(other, 3, media::Loudest{});
  room.run(Duration::seconds(2));
  EXPECT_EQ(room.forwarded, 0U);
  EXPECT_TRUE(room.records().empty());
  EXPECT_EQ(room.pool().in_use(), 0U);
  EXPECT_GT(room.drops().of(media::Drop::NotPermitted), 100U);
  // The publisher's congestion control is served all the same.
  EXPECT_GT(child.feedback_messages, 10);
}

TEST(ClosedTracksStayClosed, AMutedChildThatReconnectsTwoHundredTimesIsNeverHeard) {
  SimRoom room(52);
  SCOPED_TRACE(room.seed_note());
  SimPeer& child = room.make_peer();
  child.publish({});
  SimPeer& other = room.make_peer();
  other.add_audio_slot(1);
  other.add_audio_slot(2);
  room.join(child);
  room.join(other);
  room.feed(other, 1, child.audio_track());
  room.feed(other, 2, media::Loudest{});
  room.open(child.audio_track());
  room.run(Duration::seconds(1));
  ASSERT_GT(room.forwarded, 0U);
  room.open(child.audio_track(), false);
  const uint64_t before = room.forwarded;
  for (int i = 0; i < 200; ++i) {
    room.leave(child);
    room.run(Duration::millis(5));
    room.join(child);
    room.feed(other, 1, child.audio_track());
    room.run(Duration::millis(45));
  }
  EXPECT_EQ(room.forwarded, before);
}

TEST(ClosedTracksStayClosed, ClosingTakesEffectWithTheNextPacketAndEndsTheRecordedPart) {
  SimRoom room(53);
  SimPeer& child = room.make_peer();
  child.publish({});
  SimPeer& other = room.make_peer();
  other.add_audio_slot(1);
  room.join(child);
  room.join(other);
  room.feed(other, 1, child.audio_track());
  room.shard().start_recording(room.now());
  room.open(child.audio_track());
  room.run(Duration::seconds(1));
  room.open(child.audio_track(), false);
  const uint64_t before = room.forwarded;
  room.run(Duration::seconds(1));
  EXPECT_EQ(room.forwarded, before);
  ASSERT_FALSE(room.records().empty());
  EXPECT_EQ(room.records().front().type, media::sfu::RecordOut::Type::Start);
  EXPECT_EQ(room.records().back().type, media::sfu::RecordOut::Type::End);
  room.open(child.audio_track());
  room.run(Duration::seconds(1));
  int starts = 0;
  for (const auto& r : room.records())
    starts += r.type == media::sfu::RecordOut::Type::Start ? 1 : 0;
  EXPECT_EQ(starts, 2);
}

}  // namespace
}  // namespace sim

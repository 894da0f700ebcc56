#include "media/sfu/recording_feed.h"

#include "room_fixture.h"

namespace media::sfu {
namespace {

class RecordingFeedTest : public RoomFixture {};

TEST_F(RecordingFeedTest, BeginsWithStartRunsOnUnbrokenAndEndsOnce) {
  room.start_recording(now);
  voice(10);
  voice(11);
  room.stop_recording();
  ASSERT_EQ(outbox.records.size(), 4U);
  EXPECT_EQ(outbox.records[0].type, RecordOut::Type::Start);
  EXPECT_EQ(outbox.records[0].codec, Codec::Opus);
  EXPECT_EQ(outbox.records[2].departure.rewritten.sequence,
            outbox.records[1].departure.rewritten.sequence + 1);
  EXPECT_FALSE(outbox.records[1].from_sender_report);
  EXPECT_EQ(outbox.records[1].session_time, room.session_time(now));
  EXPECT_EQ(outbox.records[3].type, RecordOut::Type::End);
  voice(12);
  EXPECT_EQ(outbox.records.size(), 4U);
}

TEST_F(RecordingFeedTest, ATrackWithoutPacketsLeavesNoTrace) {
  room.start_recording(now);
  room.stop_recording();
  EXPECT_TRUE(outbox.records.empty());
}

}  // namespace
}  // namespace media::sfu

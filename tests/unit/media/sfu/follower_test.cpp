#include "media/sfu/follower.h"

#include "room_fixture.h"

namespace media::sfu {
namespace {

class FollowerTest : public RoomFixture {};

TEST_F(FollowerTest, APictureBeginsAtAKeyFrameAndAVoiceAtOnce) {
  video(1, false);
  EXPECT_TRUE(outbox.rtp.empty());
  voice(1);
  EXPECT_EQ(outbox.rtp.size(), 1U);
  video(2, true);
  EXPECT_EQ(outbox.rtp.size(), 2U);
}

TEST_F(FollowerTest, PacketsThatOvertookTheirKeyFrameFollowIt) {
  tests::Vp8Sample rest;
  rest.starts_frame = false;
  tests::RtpSample s;
  s.payload_type = tests::kVp8Type;
  s.sequence = 3;
  s.timestamp = 2 * 3000;
  s.ssrc = Ssrc(100);
  s.payload = tests::vp8_payload(rest);
  s.extensions.mid = "v";
  give(s);
  EXPECT_TRUE(outbox.rtp.empty());
  video(2, true, false);
  ASSERT_EQ(outbox.rtp.size(), 2U);
  EXPECT_EQ(outbox.rtp[1].departure.rewritten.sequence,
            outbox.rtp[0].departure.rewritten.sequence + 1);
}

TEST_F(FollowerTest, TimestampsAreKnownOnlyThroughASenderReport) {
  voice(1);
  const Follower& follower = watcher->find_slot(SlotId(2))->follower();
  EXPECT_FALSE(follower.timestamp_at(Duration::seconds(1), Duration::seconds(1)));
  rtcp_from(*publisher, [](ByteWriter& w) {
    rtcp::write_sender_report(w, {Ssrc(200), {1ULL << 40}, 960, 0, 0}, {});
  });
  EXPECT_EQ(follower.timestamp_at(Duration::seconds(1), Duration::seconds(1)),
            outbox.rtp[0].departure.rewritten.timestamp);
}

}  // namespace
}  // namespace media::sfu

#include "media/sfu/feedback_router.h"

#include "room_fixture.h"

namespace media::sfu {
namespace {

class FeedbackRouterTest : public RoomFixture {};

TEST_F(FeedbackRouterTest, APliOfAReceiverBecomesOneOfOurs) {
  video(1, true);
  outbox.clear();
  now += Duration::seconds(2);
  for (int i = 0; i < 3; ++i) {
    rtcp_from(*watcher, [](ByteWriter& w) { rtcp::write_pli(w, Ssrc(1), Ssrc(kVideoSsrc)); });
  }
  EXPECT_EQ(rtcp_to<rtcp::Pli>(*publisher), 1);
}

TEST_F(FeedbackRouterTest, WhatIsAboutOthersSsrcsIsCountedAndDoesNothing) {
  video(1, true);
  outbox.clear();
  now += Duration::seconds(2);
  rtcp_from(*publisher, [](ByteWriter& w) {
    rtcp::write_pli(w, Ssrc(1), Ssrc(kVideoSsrc));
    rtcp::write_nack(w, Ssrc(1), Ssrc(kVideoSsrc), std::vector<uint16_t>{1});
  });
  rtcp_from(*watcher, [](ByteWriter& w) {
    rtcp::write_sender_report(w, {Ssrc(100), {1ULL << 40}, 5, 0, 0}, {});
  });
  EXPECT_EQ(outbox.drops.of(Drop::RtcpForeignSsrc), 3U);
  EXPECT_TRUE(outbox.rtcp.empty());
  EXPECT_TRUE(outbox.rtp.empty());
  EXPECT_FALSE(publisher->clock().has_report(Ssrc(100)));
}

TEST_F(FeedbackRouterTest, BlocksBeforeAMalformedOneCount) {
  video(1, true);
  tests::Bytes bytes(64);
  ByteWriter writer{MutableByteSpan(bytes)};
  rtcp::write_sender_report(writer, {Ssrc(100), {1ULL << 40}, 5, 0, 0}, {});
  bytes.resize(writer.size() + 3);
  route_feedback(now, room.session_time(now), *publisher, bytes, outbox);
  EXPECT_TRUE(publisher->clock().has_report(Ssrc(100)));
  EXPECT_EQ(outbox.drops.of(Drop::RtcpMalformed), 1U);
}

}  // namespace
}  // namespace media::sfu

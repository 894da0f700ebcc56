#include <gtest/gtest.h>

#include "media/rtcp/transport_cc.h"
#include "sim_room.h"

namespace sim {
namespace {

TEST(OneReceiverHarmsNobody, FalseReportsReachNeitherPublisherNorOthers) {
  SimRoom room(61);
  SCOPED_TRACE(room.seed_note());
  SimPeer& teacher = room.make_peer();
  teacher.publish({});
  SimPeer& honest = room.make_peer();
  SimPeer& malicious = room.make_peer();
  for (SimPeer* p : {&honest, &malicious}) p->add_video_slot(p->id().value);
  for (SimPeer* p : {&teacher, &honest, &malicious}) room.join(*p);
  room.open(teacher.video_track());
  room.feed(honest, 2, teacher.video_track());
  room.feed(malicious, 3, teacher.video_track());
  room.run(Duration::seconds(2));
  teacher.reception.clear();
  const size_t before = honest.watched(2).packets.size();
  room.run(Duration::seconds(5), [&](Instant now) {
    Bytes buffer(300);
    media::ByteWriter writer{media::MutableByteSpan(buffer)};
    media::rtcp::ReportBlock all_lost;
    all_lost.ssrc = Ssrc(SimPeer::slot_ssrc(3));
    all_lost.fraction_lost = 255;
    all_lost.cumulative_lost = 100'000;
    media::rtcp::write_receiver_report(writer, Ssrc(9), std::vector{all_lost});
    media::rtcp::write_remb(writer, Ssrc(9), media::DataRate::bits_per_second(1),
                            std::vector{all_lost.ssrc});
    // Forged in the name of others: the publisher's goodbye and report, the honest receiver's
    // requests.
    media::rtcp::write_bye(writer, std::vector{teacher.layers()[0].ssrc}, "");
    media::rtcp::write_sender_report(writer, {teacher.layers()[0].ssrc, {1ULL << 40}, 77, 0, 0},
                                     {});
    media::rtcp::write_pli(writer, Ssrc(9), Ssrc(SimPeer::slot_ssrc(2)));
    buffer.resize(writer.size());
    malicious.send_rtcp(now, std::move(buffer));
  });
  // 30 frames of 3 packets a second, as ever.
  EXPECT_NEAR(static_cast<double>(honest.watched(2).packets.size() - before), 450, 9);
  EXPECT_EQ(honest.watched(2).missing(), 0);
  for (const auto& block : teacher.reception) EXPECT_EQ(block.fraction_lost, 0);
  EXPECT_LE(teacher.layers()[0].keys_asked, 4);
  EXPECT_GT(room.drops().of(media::Drop::RtcpForeignSsrc), 10'000U);
}

TEST(OneReceiverHarmsNobody, SomeoneElsesSsrcAndAFloodOfSsrcsAreHarmless) {
  SimRoom room(62);
  SimPeer& teacher = room.make_peer();
  teacher.publish({});
  SimPeer& thief = room.make_peer();
  thief.publish({});
  SimPeer& watcher = room.make_peer();
  watcher.add_video_slot(1);
  for (SimPeer* p : {&teacher, &thief, &watcher}) room.join(*p);
  room.open(teacher.video_track());
  room.feed(watcher, 1, teacher.video_track());
  room.run(Duration::seconds(1));
  thief.layers()[0].ssrc = teacher.layers()[0].ssrc;
  uint32_t ssrc = 0x55550000;
  room.run(Duration::seconds(2), [&](Instant now) {
    for (int i = 0; i < 5; ++i) {
      tests::RtpSample stray;
      stray.ssrc = Ssrc(ssrc++);
      stray.payload_type = tests::kVp8Type;
      stray.payload = tests::vp8_payload({});
      stray.extensions.mid = "nowhere";
      thief.send_rtcp(now, tests::build(stray, tests::usual_extensions()));
    }
  });
  EXPECT_EQ(watcher.watched(1).missing(), 0);
  for (const auto& [sequence, p] : watcher.watched(1).packets) ASSERT_EQ(p.stamp >> 24, 0U);
  EXPECT_GE(
      room.drops().of(media::Drop::RtpUnknownSsrc) + room.drops().of(media::Drop::RtpSsrcFlood),
      9'000U);
}

}  // namespace
}  // namespace sim

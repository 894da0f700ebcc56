// A joined peer that names a thousand new streams a second costs neither memory nor anybody else's
// picture; its own known stream goes on.
#include <gtest/gtest.h>

#include "sim_room.h"

namespace sim {
namespace {

TEST(StreamFloodsAreBounded, AThousandNewStreamsASecondCostNothingThatGrows) {
  SimRoom room(311);
  SCOPED_TRACE(room.seed_note());
  SimPeer& teacher = room.make_peer();
  SimPeer& flooder = room.make_peer();
  SimPeer& watcher = room.make_peer();
  SimPeer& fan = room.make_peer();
  for (SimPeer* p : {&teacher, &flooder}) p->publish({.audio = false});
  watcher.add_video_slot(3);
  fan.add_video_slot(4);
  for (SimPeer* p : {&teacher, &flooder, &watcher, &fan}) room.join(*p);
  for (SimPeer* p : {&teacher, &flooder}) room.open(p->video_track());
  room.feed(watcher, 3, teacher.video_track());
  room.feed(fan, 4, flooder.video_track());
  room.run(Duration::seconds(2));

  uint32_t ssrc = 0x50000000;
  const auto flood = [&](Instant now) {
    tests::Vp8Sample vp8;
    vp8.key = true;
    tests::RtpSample sample;
    sample.payload_type = tests::kVp8Type;
    sample.ssrc = Ssrc(ssrc++);
    sample.payload = tests::vp8_payload(vp8);
    sample.extensions.mid = "v";
    flooder.up().send(now, tests::build(sample, tests::usual_extensions()));
  };
  room.run(Duration::seconds(2), flood);
  const size_t before = watcher.watched(3).packets.size();
  const size_t held = room.pool().in_use();
  const size_t capacity = room.pool().capacity();
  const int asked = flooder.layers()[0].keys_asked;
  room.run(Duration::seconds(10), flood);

  EXPECT_NEAR(static_cast<double>(watcher.watched(3).packets.size() - before), 900, 9);
  EXPECT_EQ(watcher.watched(3).missing(), 0);
  EXPECT_LE(room.pool().in_use(), held + 64);
  EXPECT_EQ(room.pool().capacity(), capacity);
  // Two replacements a second are taken, all the rest is counted and costs no more than that.
  EXPECT_GT(room.drops().of(media::Drop::RtpSsrcFlood), 11'000U);
  EXPECT_LE(flooder.layers()[0].keys_asked - asked, 15);
  EXPECT_LE(room.drops().of(media::Drop::RtpTooManySsrcs), 0U);
}

TEST(StreamFloodsAreBounded, APageThatStartsItsCameraAgainIsNoFlood) {
  SimRoom room(312);
  SCOPED_TRACE(room.seed_note());
  SimPeer& teacher = room.make_peer();
  teacher.publish({.simulcast = true});
  SimPeer& watcher = room.make_peer();
  watcher.add_video_slot(2);
  for (SimPeer* p : {&teacher, &watcher}) room.join(*p);
  room.open(teacher.video_track());
  room.feed(watcher, 2, teacher.video_track());
  for (int again = 0; again < 6; ++again) {
    room.run(Duration::seconds(2));
    teacher.restart_source(room.now());
  }
  const size_t before = watcher.watched(2).packets.size();
  room.run(Duration::seconds(2));
  EXPECT_GT(watcher.watched(2).packets.size() - before, 150U);
  EXPECT_EQ(room.drops().of(media::Drop::RtpSsrcFlood), 0U);
}

}  // namespace
}  // namespace sim

#include <gtest/gtest.h>

#include "sim_room.h"

namespace sim {
namespace {

struct Lines {
  double up = 0;
  double down = 0;
  Duration jitter;
};

class LossIsRepaired : public ::testing::Test {
 protected:
  void run(SimRoom& room, Lines lines, Duration span) {
    LineParams up;
    up.loss = lines.up;
    up.jitter = lines.jitter;
    LineParams down;
    down.loss = lines.down;
    down.jitter = lines.jitter;
    teacher = &room.make_peer(up, {});
    teacher->publish({});
    pupil = &room.make_peer({}, down);
    pupil->add_video_slot(1);
    room.join(*teacher);
    room.join(*pupil);
    room.open(teacher->video_track());
    room.feed(*pupil, 1, teacher->video_track());
    room.run(span);
    // What was lost last still gets its chance.
    for (SentStream& s : teacher->layers()) s.paused = true;
    room.run(Duration::seconds(1));
  }
  SimPeer* teacher = nullptr;
  SimPeer* pupil = nullptr;
};

TEST_F(LossIsRepaired, TenPercentOnTheDownlinkLosesAlmostNothing) {
  SimRoom room(21);
  SCOPED_TRACE(room.seed_note());
  run(room, {0, 0.10, {}}, Duration::seconds(20));
  const Watched& seen = pupil->watched(1);
  EXPECT_GT(pupil->down().lost(), 150U);
  // 1800 packets; a packet and three repetitions all lost: one in 10^4.
  EXPECT_LE(seen.missing(), 3);
  EXPECT_GE(seen.decodable_frames(),
            540);  // each of those costs the pictures up to the next key frame
}

TEST_F(LossIsRepaired, TenPercentOnTheUplinkIsMendedBeforeForwarding) {
  SimRoom room(22);
  SCOPED_TRACE(room.seed_note());
  run(room, {0.10, 0, {}}, Duration::seconds(20));
  EXPECT_GT(teacher->up().lost(), 150U);
  EXPECT_LE(pupil->watched(1).missing(), 3);
  EXPECT_GE(pupil->watched(1).decodable_frames(), 550);
}

TEST_F(LossIsRepaired, ThePublisherHearsOfItsLossAsItWasOnTheLine) {
  SimRoom room(23);
  SCOPED_TRACE(room.seed_note());
  run(room, {0.10, 0, {}}, Duration::seconds(20));
  int64_t worst = 0;
  double sum = 0;
  int64_t count = 0;
  for (const auto& block : teacher->reception) {
    if (block.ssrc != teacher->layers()[0].ssrc || block.highest_sequence == 0) continue;
    worst = std::max<int64_t>(worst, block.fraction_lost);
    sum += block.fraction_lost;
    ++count;
  }
  ASSERT_GT(count, 15);
  EXPECT_NEAR(sum / static_cast<double>(count) / 256, 0.10, 0.04);
}

TEST_F(LossIsRepaired, ReorderingAloneCostsNothing) {
  SimRoom room(24);
  SCOPED_TRACE(room.seed_note());
  run(room, {0, 0, Duration::millis(8)}, Duration::seconds(10));
  const Watched& seen = pupil->watched(1);
  EXPECT_EQ(seen.missing(), 0);
  EXPECT_GE(seen.decodable_frames(), 290);
  // One key frame at the start; none because of reordering.
  EXPECT_LE(teacher->layers()[0].keys_asked, 2);
}

TEST_F(LossIsRepaired, AReceiverThatAsksForEverythingGetsAtMostItsAllowance) {
  SimRoom room(25);
  SCOPED_TRACE(room.seed_note());
  SimPeer& sender = room.make_peer();
  sender.publish({});
  SimPeer& greedy = room.make_peer();
  greedy.add_video_slot(1);
  room.join(sender);
  room.join(greedy);
  room.open(sender.video_track());
  room.feed(greedy, 1, sender.video_track());
  room.run(Duration::seconds(2));
  const uint64_t before = room.forwarded;
  room.run(Duration::seconds(5), [&](Instant now) {
    // A thousand requests a second for the last 17 packets.
    const auto highest = static_cast<uint16_t>(greedy.watched(1).packets.rbegin()->first);
    Bytes buffer(64);
    media::ByteWriter writer{media::MutableByteSpan(buffer)};
    std::vector<uint16_t> list;
    for (uint16_t i = 0; i < 17; ++i) list.push_back(static_cast<uint16_t>(highest - 16 + i));
    media::rtcp::write_nack(writer, Ssrc(1), Ssrc(SimPeer::slot_ssrc(1)), list);
    buffer.resize(writer.size());
    greedy.send_rtcp(now, std::move(buffer));
  });
  const auto sent = static_cast<double>(room.forwarded - before);
  const double media_packets = 5 * 30 * 3;
  // A fifth, and the burst (60 kB of 400 B packets) once.
  EXPECT_LT(sent, media_packets * 1.2 + 60'000 / 390.0 + 10);
  EXPECT_GT(room.drops().of(media::Drop::RtxOverBudget), 0U);
}

}  // namespace
}  // namespace sim

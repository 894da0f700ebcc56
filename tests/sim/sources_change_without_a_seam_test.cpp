#include <gtest/gtest.h>

#include "sim_room.h"

namespace sim {
namespace {

// Consecutive pictures must have consecutive ids, timestamps must grow.
void expect_seamless(const Watched& seen) {
  EXPECT_EQ(seen.missing(), 0);
  const auto ids = seen.picture_ids();
  for (size_t i = 1; i < ids.size(); ++i) {
    ASSERT_EQ(static_cast<uint16_t>((ids[i - 1] + 1) & 0x7FFF), ids[i]) << "picture " << i;
  }
  const Watched::Packet* before = nullptr;
  for (const auto& [sequence, p] : seen.packets) {
    if (before != nullptr) {
      const auto delta = static_cast<int32_t>(p.timestamp - before->timestamp);
      ASSERT_GE(delta, 0) << "packet " << sequence;
      ASSERT_LT(delta, 180'000) << "packet " << sequence;
      const auto tl0 = static_cast<uint8_t>(p.tl0 - before->tl0);
      ASSERT_LE(tl0, 1) << "packet " << sequence;
    }
    before = &p;
  }
}

TEST(SourcesChangeWithoutASeam, LayerSwitchesUpAndDownLeaveNoGap) {
  SimRoom room(41);
  SCOPED_TRACE(room.seed_note());
  SimPeer& teacher = room.make_peer();
  PublisherParams params;
  params.simulcast = true;
  teacher.publish(params);
  SimPeer& pupil = room.make_peer();
  pupil.add_video_slot(1);
  room.join(teacher);
  room.join(pupil);
  room.open(teacher.video_track());
  room.feed(pupil, 1, teacher.video_track());
  const auto shown = [&] { return pupil.watched(1).packets.rbegin()->second.stamp >> 24; };
  room.run(Duration::seconds(3));
  EXPECT_EQ(shown(), 2U);
  room.limit(pupil, 1, 0);
  room.run(Duration::seconds(3));
  EXPECT_EQ(shown(), 0U);
  room.limit(pupil, 1, 1);
  room.run(Duration::seconds(3));
  EXPECT_EQ(shown(), 1U);
  room.limit(pupil, 1, media::kBestLayer);
  room.run(Duration::seconds(3));
  EXPECT_EQ(shown(), 2U);
  expect_seamless(pupil.watched(1));
  EXPECT_GE(pupil.watched(1).decodable_frames(), 350);
}

TEST(SourcesChangeWithoutASeam, WhenTheTopLayersVanishTheLowestIsShownWithinASecondAndAHalf) {
  SimRoom room(42);
  SCOPED_TRACE(room.seed_note());
  SimPeer& teacher = room.make_peer();
  PublisherParams params;
  params.simulcast = true;
  teacher.publish(params);
  SimPeer& pupil = room.make_peer();
  pupil.add_video_slot(1);
  room.join(teacher);
  room.join(pupil);
  room.open(teacher.video_track());
  room.feed(pupil, 1, teacher.video_track());
  room.run(Duration::seconds(3));
  teacher.layers()[1].paused = true;
  teacher.layers()[2].paused = true;
  room.run(Duration::millis(1500));
  const size_t before = pupil.watched(1).packets.size();
  room.run(Duration::seconds(1));
  EXPECT_GE(pupil.watched(1).packets.size() - before, 80U);
  teacher.layers()[2].paused = false;
  room.run(Duration::seconds(2));
  EXPECT_EQ(pupil.watched(1).packets.rbegin()->second.stamp >> 24, 2U);
  expect_seamless(pupil.watched(1));
}

TEST(SourcesChangeWithoutASeam, ANewSsrcOfThePublisherGoesOnInTheSameStream) {
  SimRoom room(43);
  SCOPED_TRACE(room.seed_note());
  SimPeer& teacher = room.make_peer();
  teacher.publish({});
  SimPeer& pupil = room.make_peer();
  pupil.add_video_slot(1);
  pupil.add_audio_slot(2);
  room.join(teacher);
  room.join(pupil);
  room.open(teacher.video_track());
  room.open(teacher.audio_track());
  room.feed(pupil, 1, teacher.video_track());
  room.feed(pupil, 2, teacher.audio_track());
  room.run(Duration::seconds(2));
  teacher.restart_source(room.now());
  room.run(Duration::seconds(2));
  expect_seamless(pupil.watched(1));
  EXPECT_GE(pupil.watched(1).decodable_frames(), 110);
  EXPECT_EQ(pupil.watched(2).missing(), 0);
  EXPECT_GE(pupil.watched(2).packets.size(), 190U);
}

TEST(SourcesChangeWithoutASeam, EveryCounterMayWrapWithLossOnTheLine) {
  SimRoom room(44);
  SCOPED_TRACE(room.seed_note());
  LineParams lossy;
  lossy.loss = 0.05;
  SimPeer& teacher = room.make_peer(lossy, {});
  PublisherParams params;
  params.first_sequence = 65'400;
  params.first_timestamp = 0xFFFF'0000;
  params.first_picture = 32'700;
  teacher.publish(params);
  SimPeer& pupil = room.make_peer({}, lossy);
  pupil.add_video_slot(1);
  room.join(teacher);
  room.join(pupil);
  room.open(teacher.video_track());
  room.feed(pupil, 1, teacher.video_track());
  room.run(Duration::seconds(20));
  teacher.layers()[0].paused = true;
  room.run(Duration::seconds(1));
  expect_seamless(pupil.watched(1));
  EXPECT_GE(pupil.watched(1).decodable_frames(), 580);
  // The first number leaves room before the wrap, for the receiver's SRTP rollover count.
  EXPECT_LE(pupil.watched(1).packets.begin()->first, 32'767);
}

TEST(SourcesChangeWithoutASeam, SevenBitPictureIdsBecomeOneLongCount) {
  SimRoom room(45);
  SimPeer& teacher = room.make_peer();
  PublisherParams params;
  params.short_picture_ids = true;
  teacher.publish(params);
  SimPeer& pupil = room.make_peer();
  pupil.add_video_slot(1);
  room.join(teacher);
  room.join(pupil);
  room.open(teacher.video_track());
  room.feed(pupil, 1, teacher.video_track());
  room.run(Duration::seconds(10));  // 300 pictures: the short id wraps twice
  expect_seamless(pupil.watched(1));
}

TEST(SourcesChangeWithoutASeam, CallingOneClassAfterAnotherOntoTheStageIsOneStream) {
  SimRoom room(46);
  SCOPED_TRACE(room.seed_note());
  std::vector<SimPeer*> classes;
  for (uint32_t i = 0; i < 3; ++i) {
    SimPeer& c = room.make_peer();
    PublisherParams params;
    params.first_sequence = static_cast<uint16_t>(20'000 * i + 500);
    params.first_timestamp = 0x5000'0000U * i;
    params.first_picture = static_cast<uint16_t>(9'000 * i);
    c.publish(params);
    room.join(c);
    room.open(c.video_track());
    classes.push_back(&c);
  }
  SimPeer& watcher = room.make_peer();
  watcher.add_video_slot(1);
  room.join(watcher);
  for (int round = 0; round < 6; ++round) {
    room.feed(watcher, 1, classes[static_cast<size_t>(round % 3)]->video_track());
    room.run(Duration::millis(1500));
  }
  expect_seamless(watcher.watched(1));
  EXPECT_GE(watcher.watched(1).decodable_frames(), 220);
}

}  // namespace
}  // namespace sim

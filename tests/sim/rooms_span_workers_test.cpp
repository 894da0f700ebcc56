#include <gtest/gtest.h>

#include <set>

#include "sim_shards.h"

namespace sim {
namespace {

SimPeer& teacher_on(SimShards& room, size_t shard, bool simulcast = false) {
  SimPeer& teacher = room.make_peer();
  PublisherParams params;
  params.simulcast = simulcast;
  teacher.publish(params);
  room.join(teacher, shard);
  room.open(teacher.video_track());
  room.open(teacher.audio_track());
  return teacher;
}

SimPeer& pupil_on(SimShards& room, size_t shard, SimPeer& teacher) {
  SimPeer& pupil = room.make_peer();
  pupil.add_video_slot(pupil.id().value * 10 + 1);
  pupil.add_audio_slot(pupil.id().value * 10 + 2);
  room.join(pupil, shard);
  room.feed(pupil, pupil.id().value * 10 + 1, teacher.video_track());
  room.feed(pupil, pupil.id().value * 10 + 2, teacher.audio_track());
  return pupil;
}

Watched& picture(SimPeer& pupil) {
  return pupil.watched(pupil.id().value * 10 + 1);
}
Watched& voice(SimPeer& pupil) {
  return pupil.watched(pupil.id().value * 10 + 2);
}
size_t came_since(const Watched& watched, Instant since) {
  size_t n = 0;
  for (const auto& [sequence, p] : watched.packets) n += p.at >= since ? 1U : 0U;
  return n;
}

TEST(RoomsSpanWorkers, WatchersOnThreeWorkersSeeTheSameAndEachPacketCrossesOncePerWorker) {
  SimShards room(201, 3);
  SCOPED_TRACE(room.seed_note());
  SimPeer& teacher = teacher_on(room, 0);
  std::vector<SimPeer*> pupils;
  for (size_t i = 0; i < 9; ++i) pupils.push_back(&pupil_on(room, i % 3, teacher));
  room.run(Duration::seconds(5));
  for (SimPeer* pupil : pupils) {
    EXPECT_EQ(picture(*pupil).missing(), 0);
    EXPECT_EQ(voice(*pupil).missing(), 0);
    EXPECT_GE(picture(*pupil).decodable_frames(), 140);
    EXPECT_GE(voice(*pupil).packets.size(), 230U);
  }
  // 5 s of 30 frames of 3 packets and 50 voice packets, whatever the number of watchers there.
  for (const size_t shard : {1U, 2U}) {
    EXPECT_GT(room.crossed_to(shard), 650U);
    EXPECT_LE(room.crossed_to(shard), 710U);
  }
  EXPECT_EQ(room.crossed_to(0), 0U);
}

TEST(RoomsSpanWorkers, AWorkerThatShowsNothingOfATrackGetsNothingOfIt) {
  SimShards room(202, 3);
  SimPeer& teacher = teacher_on(room, 0);
  SimPeer& pupil = pupil_on(room, 1, teacher);
  room.run(Duration::seconds(1));
  EXPECT_GT(room.crossed_to(1), 100U);
  EXPECT_EQ(room.crossed_to(2), 0U);

  room.feed(pupil, pupil.id().value * 10 + 1, std::monostate{});
  room.feed(pupil, pupil.id().value * 10 + 2, std::monostate{});
  room.run(Duration::millis(5));
  const uint64_t before = room.crossed_to(1);
  room.run(Duration::seconds(1));
  EXPECT_EQ(room.crossed_to(1), before);

  room.feed(pupil, pupil.id().value * 10 + 2, teacher.audio_track());
  room.run(Duration::seconds(1));
  EXPECT_NEAR(static_cast<double>(room.crossed_to(1) - before), 50, 3);
}

TEST(RoomsSpanWorkers, AWatcherOnAnotherWorkerStartsAsQuicklyAsOneOnThePublishers) {
  SimShards room(203, 2);
  SimPeer& teacher = teacher_on(room, 0, true);
  room.run(Duration::seconds(3));
  SimPeer& near = pupil_on(room, 0, teacher);
  room.run(Duration::seconds(2));
  const Instant asked = room.now();
  SimPeer& far = pupil_on(room, 1, teacher);
  room.run(Duration::seconds(2));
  ASSERT_TRUE(picture(far).first_at.has_value());
  EXPECT_TRUE(picture(far).packets.begin()->second.key);
  // The same 120 ms as for everybody else, and two crossings.
  EXPECT_LT((*picture(far).first_at - asked).as_millis(), 125);
  EXPECT_EQ(picture(far).missing(), 0);
  // One key frame each: a wish that the batch itself fulfils is not kept for another.
  EXPECT_EQ(teacher.layers()[2].keys_asked, 2);
  // The highest layer, as the near one has.
  EXPECT_EQ(room.inside(far).slots()[0]->follower().layer(), 2);
  EXPECT_EQ(room.inside(near).slots()[0]->follower().layer(), 2);
}

TEST(RoomsSpanWorkers, KeyFrameWishesOfAllWorkersBecomeOneRequest) {
  SimShards room(204, 3);
  SimPeer& teacher = teacher_on(room, 0);
  std::vector<SimPeer*> pupils;
  for (size_t i = 0; i < 9; ++i) pupils.push_back(&pupil_on(room, i % 3, teacher));
  room.run(Duration::seconds(4));
  const int before = teacher.layers()[0].keys_sent;
  for (SimPeer* pupil : pupils) pupil->ask_key_frame(room.now(), pupil->id().value * 10 + 1);
  room.run(Duration::seconds(2));
  EXPECT_EQ(teacher.layers()[0].keys_sent, before + 1);
}

TEST(RoomsSpanWorkers, ClosingATrackSilencesItOnEveryWorker) {
  SimShards room(205, 2);
  SimPeer& teacher = teacher_on(room, 0);
  SimPeer& far = pupil_on(room, 1, teacher);
  room.run(Duration::seconds(2));
  room.open(teacher.video_track(), false);
  room.open(teacher.audio_track(), false);
  const uint64_t crossed = room.crossed_to(1);
  const Instant closed = room.now() + Duration::millis(21);  // what is on the line to the pupil
  room.run(Duration::seconds(1));
  EXPECT_EQ(came_since(picture(far), closed), 0U);
  EXPECT_EQ(came_since(voice(far), closed), 0U);
  // Not even to the other worker.
  EXPECT_LE(room.crossed_to(1), crossed + 4);
  room.open(teacher.video_track());
  room.run(Duration::seconds(1));
  EXPECT_GT(came_since(picture(far), closed), 60U);
}

TEST(RoomsSpanWorkers, WhatIsClosedStaysClosedOnTheOtherWorkerWhateverCrosses) {
  SimShards room(206, 2);
  SimPeer& teacher = teacher_on(room, 0);
  SimPeer& far = pupil_on(room, 1, teacher);
  room.run(Duration::seconds(1));
  // The watchers' worker has heard of it, the publisher's not yet.
  room.room(1).open_track(room.now(), teacher.audio_track(), false);
  const Instant closed = room.now() + Duration::millis(21);
  room.run(Duration::seconds(1));
  EXPECT_EQ(came_since(voice(far), closed), 0U);
  EXPECT_GT(room.drops(1).of(media::Drop::NotPermitted), 40U);
}

TEST(RoomsSpanWorkers, APublisherThatLeavesEndsItsTracksEverywhereAndItsSuccessorIsShown) {
  SimShards room(207, 2);
  SimPeer& teacher = teacher_on(room, 0);
  SimPeer& far = pupil_on(room, 1, teacher);
  room.run(Duration::seconds(1));
  room.leave(teacher);
  const Instant left = room.now() + Duration::millis(21);
  room.run(Duration::seconds(1));
  EXPECT_EQ(came_since(picture(far), left), 0U);
  SimPeer& other = teacher_on(room, 0);
  room.feed(far, far.id().value * 10 + 1, other.video_track());
  room.run(Duration::seconds(2));
  EXPECT_GT(came_since(picture(far), left), 150U);
  EXPECT_EQ(picture(far).missing(), 0);
}

TEST(RoomsSpanWorkers, SourcesOfDifferentWorkersFollowEachOtherInOneSlotWithoutASeam) {
  SimShards room(208, 2);
  SimPeer& here = teacher_on(room, 0);
  SimPeer& there = teacher_on(room, 1);
  SimPeer& pupil = pupil_on(room, 0, here);
  for (int i = 0; i < 6; ++i) {
    room.run(Duration::seconds(1));
    room.feed(pupil, pupil.id().value * 10 + 1, (i % 2 == 0 ? there : here).video_track());
  }
  room.run(Duration::seconds(1));
  EXPECT_EQ(picture(pupil).missing(), 0);
  EXPECT_GE(picture(pupil).decodable_frames(), 170);
}

TEST(RoomsSpanWorkers, SenderReportsSayTheSameOnEveryWorker) {
  SimShards room(209, 2);
  SimPeer& teacher = teacher_on(room, 0);
  SimPeer& near = pupil_on(room, 0, teacher);
  SimPeer& far = pupil_on(room, 1, teacher);
  room.run(Duration::seconds(10));
  // Session time of a packet that both have, found by its stamp, from each one's newest report.
  const auto capture = [](Watched& w, uint32_t stamp) {
    for (const auto& [sequence, p] : w.packets) {
      if (p.stamp != stamp || w.reports.empty()) continue;
      const auto [ntp, rtp] = w.reports.back();
      const auto ticks = static_cast<int32_t>(p.timestamp - rtp);
      const double rate = static_cast<double>(w.stream.clock_rate());
      return static_cast<double>(ntp >> 32) + static_cast<double>(ntp & 0xFFFFFFFF) / 4294967296.0 +
             ticks / rate;
    }
    return -1.0;
  };
  ASSERT_GE(picture(far).reports.size(), 8U);
  const uint32_t stamp = picture(far).packets.rbegin()->second.stamp;
  const uint32_t voice_stamp = voice(far).packets.rbegin()->second.stamp;
  EXPECT_GT(capture(picture(far), stamp), 0);
  EXPECT_NEAR(capture(picture(near), stamp), capture(picture(far), stamp), 0.0005);
  EXPECT_NEAR(capture(voice(near), voice_stamp), capture(voice(far), voice_stamp), 0.0005);
}

TEST(RoomsSpanWorkers, TheLoudestOfAllWorkersAreHeardOnAll) {
  SimShards room(210, 3);
  std::vector<SimPeer*> classes;
  for (uint32_t i = 0; i < 6; ++i) {
    SimPeer& c = room.make_peer();
    PublisherParams params;
    params.video = false;
    params.audio_dbov = i == 1 ? 25 : i == 5 ? 30 : 90;
    c.publish(params);
    c.add_audio_slot(100 + 2 * i);
    c.add_audio_slot(101 + 2 * i);
    room.join(c, i % 3);
    room.open(c.audio_track());
    room.feed(c, 100 + 2 * i, media::Loudest{});
    room.feed(c, 101 + 2 * i, media::Loudest{});
    classes.push_back(&c);
  }
  const auto heard = [&](uint32_t i) {
    std::set<uint32_t> ids;
    for (const uint32_t slot : {100 + 2 * i, 101 + 2 * i}) {
      for (const auto& [sequence, p] : classes[i]->watched(slot).packets) {
        if (p.at >= room.now() - Duration::millis(500)) ids.insert(p.stamp >> 20);
      }
    }
    return ids;
  };
  room.run(Duration::seconds(2));
  const uint32_t second = classes[1]->id().value;
  const uint32_t sixth = classes[5]->id().value;
  for (const uint32_t i : {0U, 2U, 3U, 4U}) EXPECT_EQ(heard(i), (std::set{second, sixth})) << i;
  EXPECT_EQ(heard(1), (std::set{sixth}));
  // A louder one on another worker takes over from one that fell silent.
  classes[1]->publishing().audio_dbov = 90;
  classes[3]->publishing().audio_dbov = 20;
  room.run(Duration::seconds(4));
  const uint32_t fourth = classes[3]->id().value;
  for (const uint32_t i : {0U, 1U, 2U, 4U}) EXPECT_EQ(heard(i), (std::set{fourth, sixth})) << i;
}

TEST(RoomsSpanWorkers, AFullRingCostsItsOwnWorkerAndNobodyElseAndHealsAtAKeyFrame) {
  SimShards room(211, 2);
  SimPeer& teacher = teacher_on(room, 0);
  SimPeer& near = pupil_on(room, 0, teacher);
  SimPeer& far = pupil_on(room, 1, teacher);
  room.run(Duration::seconds(2));
  room.block(1, true);
  room.run(Duration::seconds(3));
  room.block(1, false);
  const Instant again = room.now();
  far.ask_key_frame(room.now(), far.id().value * 10 + 1);
  room.run(Duration::seconds(3));
  EXPECT_GT(room.lost_crossing, 100U);
  EXPECT_EQ(picture(near).missing(), 0);
  EXPECT_GT(came_since(picture(far), again), 200U);
}

TEST(RoomsSpanWorkers, ARecordingTakesEachTrackOnceOnThePublishersWorker) {
  SimShards room(212, 2);
  SimPeer& teacher = teacher_on(room, 0);
  pupil_on(room, 1, teacher);
  room.room(0).start_recording(room.now());
  room.room(1).start_recording(room.now());
  room.run(Duration::seconds(1));
  EXPECT_GT(room.records(0).size(), 100U);
  EXPECT_TRUE(room.records(1).empty());
}

}  // namespace
}  // namespace sim

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "media/overload/load_meter.h"
#include "media/overload/relief.h"
#include "sim_room.h"

namespace sim {
namespace {

using media::SlotUse;
using media::overload::LoadLevel;
using media::overload::LoadMeter;
using media::overload::LoadSample;
using media::overload::Relief;
using media::overload::ReliefLadder;

// A lesson with a wall: the teacher, a class on stage, four more on the wall, all seen and heard by
// everyone, on a worker that can send only so many packets a second.
class TheTeachersVoiceIsLast : public ::testing::Test {
 protected:
  static constexpr uint32_t kPupils = 5;
  enum Place : uint32_t { Voice, StageVoice, Other, Teacher, Stage, Thumb };

  TheTeachersVoiceIsLast() : room_(71) {
    PublisherParams sends;
    sends.simulcast = true;
    for (uint32_t i = 0; i <= kPupils; ++i) {
      members_.push_back(&room_.make_peer());
      members_.back()->publish(sends);
    }
    for (SimPeer* one : members_) add_slots(*one);
    for (SimPeer* one : members_) {
      room_.join(*one);
      room_.open(one->video_track());
      room_.open(one->audio_track());
    }
    for (SimPeer* one : members_) feed(*one);
  }

  static uint32_t slot(const SimPeer& peer, uint32_t place) { return peer.id().value * 20 + place; }
  void add_slots(SimPeer& one) {
    one.add_audio_slot(slot(one, Voice), SlotUse::Main);
    one.add_audio_slot(slot(one, StageVoice), SlotUse::Stage);
    one.add_audio_slot(slot(one, Other), SlotUse::OtherVoice);
    one.add_video_slot(slot(one, Teacher), SlotUse::Main);
    one.add_video_slot(slot(one, Stage), SlotUse::Stage);
    for (uint32_t i = 2; i <= kPupils; ++i)
      one.add_video_slot(slot(one, Thumb + i), SlotUse::Thumbnail);
  }
  void feed(SimPeer& one) {
    const auto show = [&](uint32_t place, const SimPeer& who, bool video) {
      if (&who == &one) return;
      room_.feed(one, slot(one, place), video ? who.video_track() : who.audio_track());
    };
    show(Voice, teacher(), false);
    show(Teacher, teacher(), true);
    show(StageVoice, *members_[1], false);
    show(Stage, *members_[1], true);
    room_.feed(one, slot(one, Other), media::Loudest{});
    for (uint32_t i = 2; i <= kPupils; ++i) show(Thumb + i, *members_[i], true);
  }

  SimPeer& teacher() { return *members_[0]; }
  SimPeer& watcher() { return *members_.back(); }
  size_t received(uint32_t place) {
    return watcher().watched(slot(watcher(), place)).packets.size();
  }

  // The worker's own loop: measures every 100 ms and does what the ladder says.
  void run(Duration span, double packets_per_second) {
    room_.run(span, [&](Instant now) {
      if (now - sampled_ < Duration::millis(100)) return;
      const double seconds = (now - sampled_).as_seconds();
      demand_ = static_cast<double>(room_.forwarded - forwarded_) / seconds;
      sampled_ = now;
      forwarded_ = room_.forwarded;
      LoadSample sample;
      sample.busy = std::min(1.0, demand_ / packets_per_second);
      sample.backlogged = demand_ > packets_per_second;
      room_.shard().set_relief(now, ladder_.on_level(now, meter_.on_sample(now, sample)));
      steps_.push_back(ladder_.relief());
    });
  }
  double packets_per_second_of_everything() {
    run(Duration::seconds(6), 1e9);
    return demand_;
  }
  // The watcher's share of a stream during the last run of `span`.
  size_t during(Duration span, double capacity, uint32_t place) {
    const size_t before = received(place);
    run(span, capacity);
    return received(place) - before;
  }

  SimRoom room_;
  std::vector<SimPeer*> members_;
  LoadMeter meter_;
  ReliefLadder ladder_;
  std::vector<Relief> steps_;
  Instant sampled_ = room_.now();
  uint64_t forwarded_ = 0;
  double demand_ = 0;
};

TEST_F(TheTeachersVoiceIsLast, NothingIsLeftOutBelowCapacity) {
  const double everything = packets_per_second_of_everything();
  run(Duration::seconds(20), everything * 1.4);
  EXPECT_EQ(ladder_.relief(), Relief::None);
  EXPECT_GT(during(Duration::seconds(2), everything * 1.4, Thumb + 2), 150U);
}

TEST_F(TheTeachersVoiceIsLast, AHalfMoreThanItCanCarryIsBroughtBelowCapacityWithinSeconds) {
  const double capacity = packets_per_second_of_everything() / 1.5;
  run(Duration::seconds(6), capacity);
  EXPECT_NE(ladder_.relief(), Relief::None);
  EXPECT_LT(demand_, capacity);
  EXPECT_GT(during(Duration::seconds(2), capacity, Teacher), 100U) << "the teacher is still seen";
  // Small pictures went first.
  EXPECT_EQ(during(Duration::seconds(2), capacity, Thumb + 2), 0U);
}

TEST_F(TheTeachersVoiceIsLast, OnAWorkerThatCanCarryAlmostNothingTheVoicesGoOnWithoutAGap) {
  const double everything = packets_per_second_of_everything();
  const size_t before = received(Voice);
  run(Duration::seconds(10), everything / 100);
  EXPECT_EQ(ladder_.relief(), media::overload::kLastRelief);
  // 50 packets a second, all of them, through the whole way down.
  EXPECT_NEAR(static_cast<double>(received(Voice) - before), 500, 5);
  EXPECT_EQ(watcher().watched(slot(watcher(), Voice)).missing(), 0);
  EXPECT_EQ(watcher().watched(slot(watcher(), StageVoice)).missing(), 0);
  EXPECT_EQ(during(Duration::seconds(2), everything / 100, Teacher), 0U);
  EXPECT_EQ(during(Duration::seconds(2), everything / 100, Other), 0U);
  EXPECT_NEAR(static_cast<double>(during(Duration::seconds(2), everything / 100, Voice)), 100, 3);
}

TEST_F(TheTeachersVoiceIsLast, EverythingComesBackWhenThereIsRoomAgain) {
  const double everything = packets_per_second_of_everything();
  run(Duration::seconds(10), everything / 100);
  ASSERT_EQ(ladder_.relief(), media::overload::kLastRelief);
  run(Duration::seconds(60), everything * 2);
  EXPECT_EQ(ladder_.relief(), Relief::None);
  const double expected = 2 * 30 * 3;
  for (const uint32_t place :
       {static_cast<uint32_t>(Teacher), static_cast<uint32_t>(Stage), Thumb + 2U}) {
    EXPECT_NEAR(static_cast<double>(during(Duration::seconds(2), everything * 2, place)), expected,
                12)
        << place;
  }
  EXPECT_GT(during(Duration::seconds(2), everything * 2, Other), 90U);
}

TEST_F(TheTeachersVoiceIsLast, AJustTooSmallWorkerDoesNotFlutter) {
  const double capacity = packets_per_second_of_everything() / 1.2;
  run(Duration::seconds(30), capacity);
  steps_.clear();
  run(Duration::seconds(120), capacity);
  size_t changes = 0;
  for (size_t i = 1; i < steps_.size(); ++i) changes += steps_[i] != steps_[i - 1] ? 1U : 0U;
  EXPECT_LE(changes, 16U) << "in two minutes";
}

TEST_F(TheTeachersVoiceIsLast, WhoJoinsAnOverloadedRoomIsGivenNoMoreThanTheOthers) {
  const double everything = packets_per_second_of_everything();
  run(Duration::seconds(10), everything / 100);
  SimPeer& late = room_.make_peer();
  add_slots(late);
  room_.join(late);
  feed(late);
  run(Duration::seconds(2), everything / 100);
  EXPECT_EQ(late.watched(slot(late, Teacher)).packets.size(), 0U);
  EXPECT_GT(late.watched(slot(late, Voice)).packets.size(), 90U);
}

}  // namespace
}  // namespace sim

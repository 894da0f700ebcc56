#include "media/pace/pacer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "media/base/rng.h"

namespace media::pace {
namespace {

constexpr SlotId kTeacher{1};
constexpr SlotId kThumb{2};
constexpr DataRate kbps(int64_t v) {
  return DataRate::kilobits_per_second(v);
}

class PacerTest : public ::testing::Test {
 protected:
  PacerTest() { pacer_.set_target(now_, kbps(1'000)); }

  PaceAnswer picture(uint32_t bytes = 1'000, SlotId slot = kTeacher, bool key = false,
                     bool starts = false) {
    PacedPacket packet;
    packet.handle = ++handle_;
    packet.bytes = bytes;
    packet.slot = slot;
    packet.importance = slot == kThumb ? 5 : 1;
    packet.in_key_frame = key;
    packet.starts_key_frame = starts;
    return pacer_.offer(now_, packet);
  }
  PaceAnswer of(PaceClass kind, uint32_t bytes) {
    PacedPacket packet;
    packet.handle = ++handle_;
    packet.bytes = bytes;
    packet.slot = kTeacher;
    packet.kind = kind;
    return pacer_.offer(now_, packet);
  }
  void fill_burst() {
    while (picture() == PaceAnswer::Send) {
    }
  }
  std::vector<uint32_t> release_for(Duration span) {
    std::vector<uint32_t> out;
    for (const Instant end = now_ + span; now_ < end;) {
      now_ += Duration::millis(1);
      pacer_.release(now_, out);
    }
    return out;
  }
  std::vector<uint32_t> dropped() {
    std::vector<uint32_t> out;
    pacer_.take_dropped(out);
    return out;
  }
  std::vector<SlotId> wishes() {
    std::vector<SlotId> out;
    pacer_.take_key_frame_wishes(out);
    return out;
  }

  Pacer pacer_;
  Instant now_ = Instant::from_micros(10'000'000);
  uint32_t handle_ = 0;
};

TEST_F(PacerTest, WhereTheLineIsNotTheLimitNothingWaits) {
  pacer_.set_target(now_, kbps(8'000));
  for (int frame = 0; frame < 300; ++frame) {
    now_ += Duration::millis(33);
    for (int i = 0; i < 6; ++i) ASSERT_EQ(picture(1'100), PaceAnswer::Send);
  }
  EXPECT_EQ(pacer_.next_release(), Instant::never());
}

TEST_F(PacerTest, WithoutATargetNothingWaits) {
  Pacer fresh;
  PacedPacket packet;
  packet.bytes = 1'200;
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(fresh.offer(now_, packet), PaceAnswer::Send);
  pacer_.set_target(now_, Pacer::kUnlimited);
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(picture(), PaceAnswer::Send);
}

TEST_F(PacerTest, ABurstLeavesAtOnceAndNoMore) {
  fill_burst();
  // 15 ms of 2.5 Mbit/s is 4.7 kB; the packet that ends it may go beyond.
  EXPECT_GE(handle_, 5U);
  EXPECT_LE(handle_, 7U);
}

TEST_F(PacerTest, ReleasesAtTwoAndAHalfTimesTheTargetInOrder) {
  for (int i = 0; i < 40; ++i) picture();
  const size_t queued = pacer_.queued_packets();
  ASSERT_GT(queued, 25U);
  const std::vector<uint32_t> out = release_for(Duration::millis(64));
  EXPECT_NEAR(static_cast<double>(out.size()), 64e-3 * 2.5e6 / 8 / 1'000, 6);
  EXPECT_TRUE(std::is_sorted(out.begin(), out.end()));
}

TEST_F(PacerTest, ReleasesInRunsThatCanBeOneSend) {
  for (int i = 0; i < 40; ++i) picture();
  std::vector<size_t> runs;
  while (pacer_.queued_packets() > 0) {
    now_ = pacer_.next_release();
    std::vector<uint32_t> out;
    pacer_.release(now_, out);
    ASSERT_FALSE(out.empty()) << "next_release() was no idle word";
    runs.push_back(out.size());
  }
  runs.pop_back();
  for (const size_t run : runs) EXPECT_GE(run, 4U);
}

TEST_F(PacerTest, AVoiceNeverWaits) {
  for (int i = 0; i < 35; ++i) picture();
  ASSERT_GT(pacer_.queued_packets(), 0U);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(of(PaceClass::Voice, 200), PaceAnswer::Send);
}

TEST_F(PacerTest, VoicesCountAgainstThePicture) {
  for (int i = 0; i < 100; ++i) of(PaceClass::Voice, 200);
  EXPECT_EQ(picture(), PaceAnswer::Queue);
  EXPECT_TRUE(release_for(Duration::millis(40)).empty());
  EXPECT_EQ(release_for(Duration::millis(40)).size(), 1U);
}

TEST_F(PacerTest, RepairsGoBeforePictures) {
  for (int i = 0; i < 20; ++i) picture();
  ASSERT_EQ(of(PaceClass::Repair, 1'000), PaceAnswer::Queue);
  const uint32_t repair = handle_;
  EXPECT_EQ(release_for(Duration::millis(50)).front(), repair);
}

TEST_F(PacerTest, TooLongAQueueDropsThePictureAndWishesForOneKeyFrame) {
  for (int i = 0; i < 60; ++i) picture();
  EXPECT_LE(pacer_.queue_time(), Pacer::kMaxQueue);
  EXPECT_FALSE(dropped().empty());
  EXPECT_EQ(wishes(), std::vector<SlotId>{kTeacher});
}

TEST_F(PacerTest, ADroppedPictureGoesOnWithAKeyFrame) {
  for (int i = 0; i < 60; ++i) picture();
  wishes();
  EXPECT_EQ(picture(), PaceAnswer::Drop);
  EXPECT_TRUE(wishes().empty()) << "one wish for one drop";
  EXPECT_NE(picture(1'000, kTeacher, true, true), PaceAnswer::Drop);
  EXPECT_NE(picture(), PaceAnswer::Drop);
}

class AnyPackets : public PacerTest {
 protected:
  void offer_one() {
    const bool key = rng_.below(100) == 0;
    const PaceAnswer answer = picture(static_cast<uint32_t>(100 + rng_.below(1'100)),
                                      rng_.below(3) == 0 ? kThumb : kTeacher, key, key);
    if (answer == PaceAnswer::Queue) held_.insert(handle_);
  }
  // False when a handle came back that was not queued, or came back twice.
  bool take_back() {
    std::vector<uint32_t> back = release_for(Duration::millis(static_cast<int64_t>(rng_.below(5))));
    for (const uint32_t one : dropped()) back.push_back(one);
    return std::all_of(back.begin(), back.end(),
                       [this](uint32_t one) { return held_.erase(one) == 1; });
  }
  void change_something() {
    if (rng_.below(500) == 0) pacer_.forget(kThumb);
    if (rng_.below(200) == 0)
      pacer_.set_target(now_, kbps(static_cast<int64_t>(rng_.below(3'000) + 30)));
  }
  SplitMix64 rng_{7};
  std::set<uint32_t> held_;
};

TEST_F(AnyPackets, EveryHandleComesBackOnce) {
  for (int i = 0; i < 20'000; ++i) {
    offer_one();
    ASSERT_TRUE(take_back()) << i;
    ASSERT_EQ(held_.size(), pacer_.queued_packets()) << i;
    change_something();
  }
}

TEST_F(PacerTest, TheLeastImportantPictureIsDroppedFirst) {
  for (int i = 0; i < 25; ++i) picture(1'000, kThumb);
  for (int i = 0; i < 20; ++i) picture(1'000, kTeacher);
  EXPECT_EQ(wishes(), std::vector<SlotId>{kThumb});
  EXPECT_NE(picture(1'000, kTeacher), PaceAnswer::Drop);
}

TEST_F(PacerTest, AKeyFrameThatWaitsBehindReplacesWhatIsBeforeIt) {
  for (int i = 0; i < 30; ++i) picture();
  ASSERT_NE(picture(1'000, kTeacher, true, true), PaceAnswer::Drop);
  for (int i = 0; i < 30; ++i) picture();
  EXPECT_TRUE(wishes().empty()) << "the next key frame is here already";
  EXPECT_FALSE(dropped().empty());
  EXPECT_NE(picture(), PaceAnswer::Drop);
}

TEST_F(PacerTest, AKeyFrameLargerThanTheQueueStillPasses) {
  // 60 kB at 1 Mbit/s: half a second, and nothing to see without it.
  uint32_t sent = 0;
  for (int i = 0; i < 60; ++i) {
    const PaceAnswer answer = picture(1'000, kTeacher, true, i == 0);
    ASSERT_NE(answer, PaceAnswer::Drop) << i;
    sent += answer == PaceAnswer::Send ? 1 : 0;
  }
  EXPECT_TRUE(dropped().empty());
  EXPECT_EQ(release_for(Duration::millis(400)).size() + sent, 60U);
}

TEST_F(PacerTest, AKeyFrameOfSecondsIsDroppedToo) {
  for (int i = 0; i < 400; ++i) picture(1'000, kTeacher, true, i == 0);
  EXPECT_FALSE(dropped().empty());
  EXPECT_EQ(wishes(), std::vector<SlotId>{kTeacher});
}

TEST_F(PacerTest, WhatFollowsAKeyFrameIsDroppedBeforeTheKeyFrame) {
  std::vector<uint32_t> key;
  for (int i = 0; i < 30; ++i) {
    picture(1'000, kTeacher, true, i == 0);
    key.push_back(handle_);
  }
  for (int i = 0; i < 60; ++i) picture();
  for (const uint32_t one : dropped()) EXPECT_EQ(std::count(key.begin(), key.end(), one), 0);
  EXPECT_EQ(wishes(), std::vector<SlotId>{kTeacher});
}

TEST_F(PacerTest, AdmitsTellsBeforehandWhatWouldBeDropped) {
  for (int i = 0; i < 60; ++i) picture();
  PacedPacket packet;
  packet.slot = kTeacher;
  EXPECT_FALSE(pacer_.admits(packet));
  packet.starts_key_frame = true;
  EXPECT_TRUE(pacer_.admits(packet));
  packet.starts_key_frame = false;
  packet.slot = kThumb;
  EXPECT_TRUE(pacer_.admits(packet));
}

TEST_F(PacerTest, AForgottenSlotLeavesNothingBehind) {
  for (int i = 0; i < 60; ++i) picture();
  pacer_.forget(kTeacher);
  EXPECT_EQ(pacer_.queued_packets(), 0U);
  EXPECT_EQ(pacer_.queued_bytes(), 0U);
  EXPECT_TRUE(wishes().empty());
  now_ += Duration::seconds(1);
  EXPECT_EQ(picture(), PaceAnswer::Send) << "whatever it shows now begins by itself";
}

TEST_F(PacerTest, AWiderLineShortensTheWait) {
  for (int i = 0; i < 30; ++i) picture();
  const Duration before = pacer_.queue_time();
  pacer_.set_target(now_, kbps(4'000));
  EXPECT_EQ(pacer_.queue_time() * 4, before);
  const size_t queued = pacer_.queued_packets();
  EXPECT_EQ(release_for(Duration::millis(30)).size(), queued);
}

TEST_F(PacerTest, ATrainIsFilledWithPaddingAtItsRate) {
  pacer_.start_probe(now_, {9, kbps(2'000), 5'000, 5});
  size_t bytes = 0;
  int packets = 0;
  double ahead = 0;  // of its rate, in bytes
  const Instant start = now_;
  for (; now_ < start + Duration::millis(50); now_ += Duration::millis(1)) {
    while (const size_t due = pacer_.padding_due(now_)) {
      const size_t size = std::min<size_t>(due, 250);
      pacer_.on_padding(now_, size);
      packets += pacer_.probe() == 9 ? 1 : 0;
      bytes += size;
      ahead = std::max(ahead, static_cast<double>(bytes) - (now_ - start).as_seconds() * 2e6 / 8);
    }
  }
  EXPECT_EQ(bytes, 5'000U);
  EXPECT_GE(packets, 5);
  EXPECT_LE(ahead, 5e-3 * 2e6 / 8 + 250) << "what 5 ms carry";
  picture();
  EXPECT_EQ(pacer_.probe(), 0) << "the train has left";
}

TEST_F(PacerTest, MediaCountsTowardsATrain) {
  pacer_.set_target(now_, kbps(8'000));
  pacer_.start_probe(now_, {3, kbps(16'000), 3'000, 5});
  for (int i = 0; i < 4; ++i) {
    picture(1'000);
    EXPECT_EQ(pacer_.probe(), 3);
  }
  EXPECT_GT(pacer_.padding_due(now_ + Duration::millis(1)), 0U) << "its bytes left, one packet not";
  pacer_.on_padding(now_, 100);
  EXPECT_EQ(pacer_.probe(), 3);
  EXPECT_EQ(pacer_.padding_due(now_ + Duration::millis(1)), 0U);
  picture(1'000);
  EXPECT_EQ(pacer_.probe(), 0);
}

TEST_F(PacerTest, ANarrowLineStillSendsTwoPacketsTogether) {
  pacer_.set_target(now_, kbps(50));
  EXPECT_EQ(picture(1'200), PaceAnswer::Send);
  EXPECT_EQ(picture(1'200), PaceAnswer::Send);
}

}  // namespace
}  // namespace media::pace

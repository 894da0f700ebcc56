#include "media/overload/relief.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace media::overload {
namespace {

constexpr Duration kEvery = Duration::millis(100);

Relief step(int i) {
  return static_cast<Relief>(i);
}
constexpr int kSteps = static_cast<int>(kLastRelief);

// Lower is less.
int worth(const Allowance& a) {
  return a.shown ? 1 + a.limit.spatial + a.limit.temporal : 0;
}

class ReliefLadderTest : public ::testing::Test {
 protected:
  Relief feed(LoadLevel level, Duration span) {
    for (const Instant end = now_ + span; now_ < end;) {
      now_ += kEvery;
      ladder_.on_level(now_, level);
    }
    return ladder_.relief();
  }
  // How long it takes at `level` until the relief changes; at most `limit`.
  Duration until_change(LoadLevel level, Duration limit) {
    const Instant start = now_;
    const Relief before = ladder_.relief();
    while (ladder_.relief() == before && now_ - start < limit) feed(level, kEvery);
    return now_ - start;
  }

  ReliefLadder ladder_;
  Instant now_ = Instant::from_micros(1'000'000);
};

TEST_F(ReliefLadderTest, LeavesNothingOutWhileItIsOnlyBusy) {
  EXPECT_EQ(feed(LoadLevel::Busy, Duration::seconds(60)), Relief::None);
}

TEST_F(ReliefLadderTest, ReachesTheLastStepWithinSecondsAndStaysThere) {
  EXPECT_EQ(feed(LoadLevel::Overloaded, Duration::seconds(5)), kLastRelief);
  EXPECT_EQ(feed(LoadLevel::Overloaded, Duration::seconds(60)), kLastRelief);
}

TEST_F(ReliefLadderTest, TakesOneStepAtATime) {
  Relief before = Relief::None;
  for (int i = 0; i < 50; ++i) {
    const Relief after = feed(LoadLevel::Overloaded, kEvery);
    EXPECT_LE(static_cast<int>(after), static_cast<int>(before) + 1);
    before = after;
  }
}

TEST_F(ReliefLadderTest, HoldsItsStepWhileTheWorkerIsJustBusy) {
  feed(LoadLevel::Overloaded, Duration::seconds(1));
  const Relief held = ladder_.relief();
  ASSERT_NE(held, Relief::None);
  EXPECT_EQ(feed(LoadLevel::Busy, Duration::seconds(60)), held);
}

TEST_F(ReliefLadderTest, ComesBackToEverythingWhenCalmAStepAtATime) {
  feed(LoadLevel::Overloaded, Duration::seconds(5));
  for (int i = kSteps; i > 0; --i) {
    EXPECT_EQ(ladder_.relief(), step(i));
    EXPECT_GE(until_change(LoadLevel::Calm, Duration::seconds(30)), ReliefLadder::kStepUp - kEvery);
    EXPECT_EQ(ladder_.relief(), step(i - 1));
  }
  EXPECT_EQ(feed(LoadLevel::Calm, Duration::seconds(60)), Relief::None);
}

TEST_F(ReliefLadderTest, WaitsLongerEachTimeTheStepUpDidNotHold) {
  feed(LoadLevel::Overloaded, kEvery);
  ASSERT_EQ(ladder_.relief(), Relief::SlowThumbnails);
  Duration waited;
  for (int i = 0; i < 4; ++i) {
    const Duration fresh = until_change(LoadLevel::Calm, Duration::seconds(300));
    EXPECT_GT(fresh, waited) << i;
    waited = fresh;
    until_change(LoadLevel::Overloaded, Duration::seconds(5));  // it did not hold
  }
  for (int i = 0; i < 10; ++i) {
    waited = until_change(LoadLevel::Calm, Duration::seconds(300));
    until_change(LoadLevel::Overloaded, Duration::seconds(5));
  }
  EXPECT_LE(waited, ReliefLadder::kStepUpMax + kEvery);
}

TEST_F(ReliefLadderTest, ForgivesAfterTwoMinutes) {
  for (int i = 0; i < 6; ++i) {
    until_change(LoadLevel::Overloaded, Duration::seconds(5));
    until_change(LoadLevel::Calm, Duration::seconds(300));
  }
  feed(LoadLevel::Calm, ReliefLadder::kForgiven);
  feed(LoadLevel::Overloaded, kEvery);
  EXPECT_LE(until_change(LoadLevel::Calm, Duration::seconds(300)), ReliefLadder::kStepUp + kEvery);
}

TEST(AllowanceTest, EverythingIsAllowedWithoutRelief) {
  for (const SlotUse use : {SlotUse::Main, SlotUse::Screen, SlotUse::Stage, SlotUse::Thumbnail}) {
    EXPECT_EQ(allowance_of(Relief::None, MediaKind::Video, use), Allowance{});
  }
  for (const SlotUse use : {SlotUse::Main, SlotUse::Stage, SlotUse::OtherVoice, SlotUse::Screen}) {
    EXPECT_EQ(allowance_of(Relief::None, MediaKind::Audio, use), Allowance{});
  }
}

TEST(AllowanceTest, TheTeachersAndTheCalledClasssVoiceAreNeverLeftOut) {
  for (int i = 0; i <= kSteps; ++i) {
    EXPECT_EQ(allowance_of(step(i), MediaKind::Audio, SlotUse::Main), Allowance{}) << i;
    EXPECT_EQ(allowance_of(step(i), MediaKind::Audio, SlotUse::Stage), Allowance{}) << i;
  }
}

TEST(AllowanceTest, NoSoundIsLeftOutWhileAnyPictureIsShown) {
  for (int i = 0; i <= kSteps; ++i) {
    const bool all_voices = allowance_of(step(i), MediaKind::Audio, SlotUse::OtherVoice).shown;
    const bool any_picture = allowance_of(step(i), MediaKind::Video, SlotUse::Screen).shown;
    EXPECT_TRUE(all_voices || !any_picture) << i;
  }
}

TEST(AllowanceTest, NoStepGivesBackWhatAnEarlierOneTook) {
  for (const SlotUse use : {SlotUse::Main, SlotUse::Screen, SlotUse::Stage, SlotUse::Thumbnail}) {
    for (int i = 0; i < kSteps; ++i) {
      EXPECT_GE(worth(allowance_of(step(i), MediaKind::Video, use)),
                worth(allowance_of(step(i + 1), MediaKind::Video, use)))
          << i;
    }
  }
}

TEST(AllowanceTest, EveryStepTakesSomething) {
  const std::vector<std::pair<MediaKind, SlotUse>> slots = {
      {MediaKind::Video, SlotUse::Main},
      {MediaKind::Video, SlotUse::Screen},
      {MediaKind::Video, SlotUse::Stage},
      {MediaKind::Video, SlotUse::Thumbnail},
      {MediaKind::Audio, SlotUse::OtherVoice}};
  for (int i = 0; i < kSteps; ++i) {
    bool less = false;
    for (const auto& [kind, use] : slots) {
      less = less ||
             worth(allowance_of(step(i + 1), kind, use)) < worth(allowance_of(step(i), kind, use));
    }
    EXPECT_TRUE(less) << relief_name(step(i + 1));
  }
}

TEST(AllowanceTest, ThumbnailsGoBeforeTheStageAndTheStageBeforeTheTeacher) {
  for (int i = 0; i <= kSteps; ++i) {
    const int small = worth(allowance_of(step(i), MediaKind::Video, SlotUse::Thumbnail));
    const int stage = worth(allowance_of(step(i), MediaKind::Video, SlotUse::Stage));
    const int teacher = worth(allowance_of(step(i), MediaKind::Video, SlotUse::Main));
    const int screen = worth(allowance_of(step(i), MediaKind::Video, SlotUse::Screen));
    EXPECT_LE(small, stage) << i;
    EXPECT_LE(stage, teacher) << i;
    EXPECT_LE(teacher, screen) << i;
  }
}

TEST(AllowanceTest, EveryStepHasANameOfItsOwn) {
  std::set<std::string> names;
  for (int i = 0; i <= kSteps; ++i) names.insert(relief_name(step(i)));
  EXPECT_EQ(names.size(), static_cast<size_t>(kSteps) + 1);
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace media::overload

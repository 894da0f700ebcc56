#include "signaling/sources/source_keeper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace signaling::sources {
namespace {

using media::Duration;
using media::Instant;
using Step = SourceKeeper::Step;

constexpr uint64_t kSeed = 7;

// A source in virtual time: enabled, in a live lesson, on a server with room.
struct Story {
  SourceKeeper keeper{kSeed};
  Instant now = Instant() + Duration::seconds(1'000);
  bool enabled = true;
  bool wanted = true;
  bool room = true;

  Step tick() { return keeper.on_tick(now, enabled, wanted, room); }
  void pass(Duration span) { now = now + span; }
  // Fails at once; how long it then waited.
  Duration fail(const std::string& reason) {
    keeper.on_ended(now, reason);
    EXPECT_EQ(keeper.phase(), Phase::Retrying);
    const Instant failed = now;
    while (tick() != Step::Start) pass(Duration::millis(100));
    return now - failed;
  }
};

TEST(SourceKeeper, CallsNobodyBeforeTheLessonIsLive) {
  Story s;
  s.wanted = false;
  EXPECT_EQ(s.tick(), Step::None);
  EXPECT_EQ(s.keeper.phase(), Phase::Waiting);
  s.wanted = true;
  EXPECT_EQ(s.tick(), Step::Start);
  EXPECT_EQ(s.keeper.phase(), Phase::Connecting);
  EXPECT_EQ(s.tick(), Step::None) << "one reader for one source";
}

TEST(SourceKeeper, ShowsThatItIsLiveAndStopsWithTheLesson) {
  Story s;
  s.tick();
  s.keeper.on_word(s.now, false);
  EXPECT_EQ(s.keeper.phase(), Phase::Connecting);
  s.keeper.on_word(s.now, true);
  EXPECT_EQ(s.keeper.phase(), Phase::Live);
  s.wanted = false;
  EXPECT_EQ(s.tick(), Step::Stop);
  EXPECT_EQ(s.tick(), Step::None) << "asked once";
  s.keeper.on_ended(s.now, "");
  EXPECT_EQ(s.keeper.phase(), Phase::Waiting);
  EXPECT_TRUE(s.keeper.reason().empty());
}

TEST(SourceKeeper, WaitsLongerAfterEachFailureButNeverLongerThanTheLimit) {
  Story s;
  s.tick();
  std::vector<Duration> waits;
  for (int i = 0; i < 12; ++i) waits.push_back(s.fail("unreachable"));
  EXPECT_LE(waits.front(), SourceKeeper::kFirstRetry + Duration::millis(100));
  EXPECT_GT(waits[3], waits[0]);
  EXPECT_GE(*std::min_element(waits.begin(), waits.end()), SourceKeeper::kFirstRetry / 2);
  EXPECT_LE(*std::max_element(waits.begin(), waits.end()),
            SourceKeeper::kLongestRetry + Duration::millis(100));
  EXPECT_GT(waits.back(), SourceKeeper::kLongestRetry / 2);
}

TEST(SourceKeeper, SaysWhatWasWrongUntilSomethingIsShown) {
  Story s;
  s.tick();
  s.fail("unreachable");
  EXPECT_EQ(s.keeper.phase(), Phase::Connecting);
  EXPECT_EQ(s.keeper.reason(), "unreachable");
  s.keeper.on_word(s.now, true);
  EXPECT_TRUE(s.keeper.reason().empty());
  s.keeper.on_ended(s.now, "stalled");
  EXPECT_EQ(s.keeper.reason(), "stalled");
}

TEST(SourceKeeper, SourcesThatFailTogetherDoNotComeBackTogether) {
  Story a;
  Story b;
  b.keeper = SourceKeeper(kSeed + 1);
  a.tick();
  b.tick();
  a.keeper.on_ended(a.now, "unreachable");
  b.keeper.on_ended(b.now, "unreachable");
  EXPECT_NE(a.keeper.retry_at(), b.keeper.retry_at());
}

TEST(SourceKeeper, DoesNotLockTheCameraOutWithAWrongPassword) {
  Story s;
  s.tick();
  EXPECT_GE(s.fail("unauthorized"), SourceKeeper::kRefusedRetry);
  EXPECT_EQ(s.keeper.phase(), Phase::Connecting);
}

TEST(SourceKeeper, AFailureAfterALongGoodTimeIsANewOne) {
  Story s;
  s.tick();
  for (int i = 0; i < 6; ++i) s.fail("unreachable");
  s.keeper.on_word(s.now, true);
  s.pass(SourceKeeper::kSettled + Duration::seconds(1));
  s.keeper.on_word(s.now, true);
  EXPECT_LE(s.fail("ended"), SourceKeeper::kFirstRetry + Duration::millis(100));
  s.keeper.on_word(s.now, true);
  s.pass(Duration::seconds(5));
  EXPECT_GT(s.fail("ended"), SourceKeeper::kFirstRetry / 2) << "a flapping one waits longer";
}

TEST(SourceKeeper, AReaderThatSaysNothingIsEndedAndCountsAsStalled) {
  Story s;
  s.tick();
  s.keeper.on_word(s.now, true);
  s.pass(SourceKeeper::kSilent);
  EXPECT_EQ(s.tick(), Step::None);
  s.pass(Duration::millis(1));
  EXPECT_EQ(s.tick(), Step::Stop);
  s.keeper.on_word(s.now, true);
  s.keeper.on_ended(s.now, "");
  EXPECT_EQ(s.keeper.phase(), Phase::Retrying);
  EXPECT_EQ(s.keeper.reason(), "stalled");
}

TEST(SourceKeeper, SwitchedOffItStopsAndSwitchedOnItStartsAtOnce) {
  Story s;
  s.tick();
  for (int i = 0; i < 6; ++i) s.fail("unreachable");
  s.keeper.on_ended(s.now, "unreachable");
  s.enabled = false;
  EXPECT_EQ(s.tick(), Step::None);
  EXPECT_EQ(s.keeper.phase(), Phase::Off);
  s.enabled = true;
  EXPECT_EQ(s.tick(), Step::Start);
}

TEST(SourceKeeper, SwitchedOffAndOnQuicklyItWaitsForTheOldReaderToGo) {
  Story s;
  s.tick();
  s.keeper.on_word(s.now, true);
  s.enabled = false;
  EXPECT_EQ(s.tick(), Step::Stop);
  s.enabled = true;
  EXPECT_EQ(s.tick(), Step::None);
  s.keeper.on_ended(s.now, "");
  EXPECT_EQ(s.tick(), Step::Start);
}

TEST(SourceKeeper, SaysWhenTheServerHasNoRoomForIt) {
  Story s;
  s.room = false;
  EXPECT_EQ(s.tick(), Step::None);
  EXPECT_EQ(s.keeper.phase(), Phase::Waiting);
  EXPECT_EQ(s.keeper.reason(), "no-room");
  s.room = true;
  EXPECT_EQ(s.tick(), Step::Start);
  EXPECT_TRUE(s.keeper.reason().empty());
}

}  // namespace
}  // namespace signaling::sources

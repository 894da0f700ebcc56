// A server that was killed in the middle of a lesson goes on where it was; a recording survives
// what happens to its files.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/integration/signaling/live_rig.h"
#include "tests/support/recording_probe.h"

namespace tests {
namespace {

using storage::SegmentState;
using testing::SizeIs;

// The recorder waits a while for a sender report, which these senders never make.
constexpr Duration kUntilWritten = Duration::seconds(4);

class LiveRecovery : public LiveRig {
 protected:
  void SetUp() override {
    LiveRig::SetUp();
    t = &enter(teacher());
    a = &enter(pupils("class1"));
    ok(*t, {{"t", "start"}});
  }
  void ok(FakeConnection& page, const json& message) {
    EXPECT_EQ(request(page, message)["t"], "ok") << message;
  }
  void sends(FakeConnection& page) {
    ok(page, {{"t", "media"}, {"mic", true}, {"camera", true}, {"screen", false}});
  }
  std::vector<storage::RecordingSegment> segments() {
    settle();
    return ask([](storage::Store& s) { return s.segments(id_of("lesson")); });
  }
  [[nodiscard]] std::filesystem::path folder() const {
    return dir_.path() / "recordings" / id_of("lesson");
  }
  static std::vector<std::string> kinds_after(const std::vector<json>& events, size_t n) {
    std::vector<std::string> kinds;
    for (size_t i = n; i < events.size(); ++i) kinds.push_back(events[i]["kind"]);
    return kinds;
  }

  FakeConnection* t = nullptr;
  FakeConnection* a = nullptr;
};

TEST_F(LiveRecovery, TheLessonGoesOnWithItsNumbersMutesAndAttendance) {
  const std::string p = p_of(*a);
  const json seat = welcome_of(*a)["seat"];
  ok(*t, {{"t", "call"}, {"p", p}});
  ok(*a, {{"t", "mute"}, {"p", p}, {"muted", true}});
  ok(*t, {{"t", "mute"}, {"p", p}, {"muted", true}});
  skew += Duration::seconds(20);
  ok(*t, {{"t", "chat"}, {"text", "before"}});
  pump_for(Duration::millis(20));
  const size_t before = stored_events().size();
  shut();
  skew += Duration::seconds(5);
  boot();
  EXPECT_EQ(lessons->stats().lessons_live, 1U);
  EXPECT_THAT(kinds_after(stored_events(), before),
              testing::ElementsAre("participant-away", "participant-away", "recording"));
  EXPECT_GE(stored_events().back()["at"], 25'000'000)
      << "the lesson went on while the server did not";

  FakeConnection& again = open(pupils("class1"));
  const json welcome = request(again, hello_of({{"seat", seat}, {"last", 3}}));
  ASSERT_EQ(welcome["t"], "welcome") << welcome;
  EXPECT_FALSE(welcome["resumed"]) << "seats are not stored";
  EXPECT_EQ(welcome["you"], p);
  EXPECT_EQ(welcome["state"]["stage"], p);
  EXPECT_TRUE(welcome["state"]["recording"]);
  const json me = welcome["state"]["participants"][1];
  EXPECT_EQ(me["mutedBy"], "teacher");
  FakeConnection& guide = enter(teacher());
  EXPECT_EQ(p_of(guide), p_of(*t));
  ok(guide, {{"t", "mute"}, {"p", p}, {"muted", false}});
  const json lifted = events_of(again, "mute").back();
  EXPECT_TRUE(lifted["muted"]) << "its own mute stood behind the teacher's";
  EXPECT_EQ(lifted["by"], "self");

  settle();
  const auto spans = ask([](storage::Store& s) { return s.attendance(id_of("lesson")); });
  ASSERT_THAT(spans, SizeIs(2));
  EXPECT_GE(spans[0].left_us.value_or(-1), 20'000'000);
  EXPECT_LT(spans[0].left_us.value_or(0), 25'000'000) << "it was not here while the server was not";
  EXPECT_GE(spans[1].joined_us, 25'000'000);
  EXPECT_FALSE(spans[1].left_us);
}

TEST_F(LiveRecovery, AWallClockThatWentBackStopsNothing) {
  skew += Duration::seconds(100);
  ok(*t, {{"t", "chat"}, {"text", "late"}});
  settle();
  shut();
  wall_skew = Duration::seconds(-3'600);
  boot();
  FakeConnection& page = enter(teacher());
  const int64_t at = welcome_of(page)["at"];
  EXPECT_GE(at, 100'000'000);
  skew += Duration::seconds(10);
  EXPECT_GE(request(page, {{"t", "ping"}})["at"], at + 10'000'000) << "the session clock runs";
}

TEST_F(LiveRecovery, AStartWhoseRowWasNotWrittenHolds) {
  settle();
  shut();
  // The event is stored, the row is as it was: as when the power fails between the two.
  const std::filesystem::path other = dir_.path() / "other.db";
  const auto events = ask([](storage::Store& s) { return s.events(id_of("lesson"), 0, 100); });
  auto store = storage::sql::open_store(other);
  ASSERT_TRUE(store);
  add_collective(**store);
  ASSERT_DONE((*store)->append_events(events));
  close_storage();
  open_storage(std::move(*store));
  boot();
  FakeConnection& page = enter(teacher());
  EXPECT_EQ(welcome_of(page)["lesson"]["state"], "live");
  EXPECT_LT(welcome_of(page)["at"].get<int64_t>(), 60'000'000);
  stored_events();
  EXPECT_EQ(ask([](storage::Store& s) { return s.lesson(id_of("lesson")); })->state,
            storage::LessonState::Live);
}

TEST_F(LiveRecovery, WhatAKillCutOffIsRepaired) {
  Line& page = connect_page(*t);
  sends(*t);
  send_for({&page}, kUntilWritten);
  ASSERT_THAT(segments(), SizeIs(2));
  // The files as a kill leaves them: without their ends.
  const auto kept = dir_.path() / "kept";
  std::filesystem::copy(folder(), kept);
  shut();
  std::filesystem::remove_all(folder());
  std::filesystem::rename(kept, folder());
  for (const auto& segment : segments()) EXPECT_EQ(segment.state, SegmentState::Writing);
  boot();
  const auto repaired = [this] {
    const auto all = segments();
    return std::all_of(all.begin(), all.end(),
                       [](const auto& s) { return s.state != SegmentState::Writing; });
  };
  ASSERT_TRUE(pump(repaired));
  for (const auto& segment : segments()) {
    EXPECT_EQ(segment.state, SegmentState::Repaired) << segment.source;
    EXPECT_GT(segment.end_us, segment.start_us + 1'000'000) << segment.source;
  }
}

TEST_F(LiveRecovery, OneTrackThatCannotBeWrittenDoesNotStopTheOthers) {
  Line& guide = connect_page(*t);
  sends(*t);
  send_for({&guide}, kUntilWritten);
  ASSERT_THAT(segments(), SizeIs(2));
  // Open files are written on; new ones cannot be made.
  const auto moved = dir_.path() / "moved";
  std::filesystem::rename(folder(), moved);
  Line& pupil = connect_page(*a);
  sends(*a);
  ok(*t, {{"t", "call"}, {"p", p_of(*a)}});
  send_for({&guide, &pupil}, kUntilWritten, true, false);
  const auto failed = [&] { return events_of(*t, "recording"); };
  ASSERT_TRUE(pump([&] { return failed().size() >= 2; })) << "nobody was told";
  EXPECT_EQ(failed().back()["reason"], "failed");
  EXPECT_EQ(failed().back()["p"], p_of(*a));
  EXPECT_EQ(failed().back()["source"], "microphone");
  EXPECT_TRUE(failed().back()["on"]) << "the teacher is still recorded";
  EXPECT_TRUE(welcome_of(enter(observer()))["state"]["recording"]);
  std::filesystem::rename(moved, folder());
  ok(*t, {{"t", "end"}});
  ASSERT_TRUE(pump([&] { return lessons->stats().recording == 0; }));
  pump([&] {
    const auto all = segments();
    return std::none_of(all.begin(), all.end(),
                        [](const auto& s) { return s.state == SegmentState::Writing; });
  });
  for (const auto& segment : segments()) {
    const bool teachers = segment.participant == p_of(*t);
    EXPECT_EQ(segment.state, teachers ? SegmentState::Complete : SegmentState::Broken)
        << segment.file;
  }
}

TEST_F(LiveRecovery, WhenNothingIsWrittenTheLightGoesOutAndTheLessonStillEnds) {
  const auto moved = dir_.path() / "moved";
  std::filesystem::rename(folder(), moved);
  Line& guide = connect_page(*t);
  sends(*t);
  send_for({&guide}, kUntilWritten, true, false);
  ASSERT_TRUE(pump([&] { return events_of(*t, "recording").size() >= 2; }));
  EXPECT_FALSE(events_of(*t, "recording").back()["on"]);
  ok(*t, {{"t", "end"}});
  EXPECT_TRUE(pump([&] { return lessons->stats().recording == 0; }))
      << "the media plane was not told to stop";
  EXPECT_EQ(stored_events().back()["kind"], "lesson-ended");
}

}  // namespace
}  // namespace tests

#include "signaling/classroom/classroom.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "signaling/protocol/codec.h"
#include "signaling/protocol/version.h"
#include "tests/unit/signaling/classroom/room_fixture.h"

namespace signaling::classroom {
namespace {

using media::Duration;
using protocol::ErrorCode;
using protocol::LinkState;
using protocol::MutedBy;
using protocol::TrackSource;
using testing::IsEmpty;
using testing::SizeIs;

struct Lesson : testing::Test, Room {
  void SetUp() override {
    t = join_sending(teacher());
    a = join_sending(pupils("a"));
    b = join_sending(pupils("b"));
  }
  void go_live() { ASSERT_EQ(start(t), std::nullopt); }
  std::string t, a, b;
};

TEST_F(Lesson, NobodyIsHeardInTheWaitingRoomAndOnlyClassesAreSeen) {
  EXPECT_FALSE(hears(t));
  EXPECT_FALSE(hears(a));
  EXPECT_TRUE(room.may_forward(a, TrackSource::Camera));
  EXPECT_FALSE(room.may_forward(t, TrackSource::Camera));
  EXPECT_FALSE(room.may_forward(t, TrackSource::Screen));
}

TEST_F(Lesson, StartMakesItLiveAndRecordsIt) {
  wait(Duration::seconds(9));
  go_live();
  EXPECT_TRUE(room.is_live());
  ASSERT_THAT(out.events, SizeIs(2));
  EXPECT_EQ(protocol::kind_of(out.events[0]), "lesson-live");
  EXPECT_EQ(out.events[0].at, 0);
  EXPECT_EQ(events<protocol::RecordingEvent>()[0], (protocol::RecordingEvent{true, "lesson"}));
  EXPECT_THAT(effects<StartRecording>(), SizeIs(1));
  EXPECT_THAT(effects<LessonStarted>(), SizeIs(1));
  EXPECT_THAT(effects<AttendanceOpen>(), SizeIs(2));
  EXPECT_TRUE(hears(t));
  EXPECT_TRUE(room.may_forward(t, TrackSource::Camera));
  wait(Duration::seconds(3));
  EXPECT_EQ(room.at(now), 3'000'000);
  EXPECT_EQ(start(t), ErrorCode::Conflict);
}

TEST_F(Lesson, OnlyTheTeacherStartsCallsReleasesRemovesAndEnds) {
  EXPECT_EQ(start(a), ErrorCode::Forbidden);
  EXPECT_EQ(ask(t, protocol::End{}), ErrorCode::NotLive);
  EXPECT_EQ(ask(t, call(a)), ErrorCode::NotLive);
  go_live();
  for (const Request& request :
       {Request(call(a)), Request(protocol::Release{}), Request(remove(b)), Request(readmit(b)),
        Request(protocol::End{}), Request(mute(b, true))}) {
    EXPECT_EQ(ask(a, request), ErrorCode::Forbidden);
    EXPECT_THAT(out.events, IsEmpty());
    EXPECT_THAT(out.effects, IsEmpty());
  }
  EXPECT_TRUE(room.is_live());
}

TEST_F(Lesson, AnUncalledClassIsNotHeardAndACalledOneIs) {
  go_live();
  EXPECT_FALSE(hears(a));
  EXPECT_EQ(ask(t, call(a)), std::nullopt);
  EXPECT_TRUE(hears(a));
  EXPECT_FALSE(hears(b));
  EXPECT_EQ(events<protocol::StageEvent>()[0], (protocol::StageEvent{a, std::nullopt}));
  ASSERT_THAT(effects<GateChanged>(), SizeIs(1));
  EXPECT_EQ(effects<GateChanged>()[0].p, a);
  EXPECT_TRUE(effects<GateChanged>()[0].open);
}

TEST_F(Lesson, CallingAnotherReleasesWhoWasOnStage) {
  go_live();
  ask(t, call(a));
  EXPECT_EQ(ask(t, call(b)), std::nullopt);
  EXPECT_EQ(events<protocol::StageEvent>()[0], (protocol::StageEvent{b, a}));
  EXPECT_FALSE(hears(a));
  EXPECT_FALSE(seen(a).on_stage);
  EXPECT_TRUE(hears(b));
  EXPECT_EQ(ask(t, protocol::Release{}), std::nullopt);
  EXPECT_FALSE(hears(b));
  EXPECT_EQ(room.stage(), std::nullopt);
  ask(t, protocol::Release{});
  EXPECT_THAT(out.events, IsEmpty());
}

TEST_F(Lesson, CallingNobodyOrATeacherIsRefused) {
  go_live();
  EXPECT_EQ(ask(t, call("p99")), ErrorCode::NotFound);
  EXPECT_EQ(ask(t, call(t)), ErrorCode::Forbidden);
}

TEST_F(Lesson, AHandKnowsWhenItWasRaisedAndFallsWhenCalled) {
  go_live();
  wait(Duration::seconds(7));
  EXPECT_EQ(ask(a, hand(true)), std::nullopt);
  EXPECT_EQ(events<protocol::HandEvent>()[0], (protocol::HandEvent{a, true}));
  EXPECT_EQ(seen(a).hand_at, 7'000'000);
  ask(a, hand(true));
  EXPECT_THAT(out.events, IsEmpty());
  ask(t, call(a));
  EXPECT_FALSE(seen(a).hand);
  EXPECT_EQ(seen(a).hand_at, 0);
  EXPECT_EQ(ask(t, hand(true)), ErrorCode::Forbidden);
}

TEST_F(Lesson, AMutedClassIsNotHeardThoughCalled) {
  go_live();
  EXPECT_EQ(ask(t, mute(a, true)), std::nullopt);
  EXPECT_EQ(events<protocol::MuteEvent>()[0], (protocol::MuteEvent{a, true, MutedBy::Teacher}));
  ask(t, call(a));
  EXPECT_FALSE(hears(a));
  EXPECT_EQ(ask(a, mute(a, false)), ErrorCode::Forbidden);
  EXPECT_EQ(ask(t, mute(a, false)), std::nullopt);
  EXPECT_TRUE(hears(a));
}

TEST_F(Lesson, AClassMayMuteItselfAndOnlyItselfLiftsThat) {
  go_live();
  ask(t, call(a));
  EXPECT_EQ(ask(a, mute(a, true)), std::nullopt);
  EXPECT_EQ(seen(a).muted_by, MutedBy::Self);
  EXPECT_FALSE(hears(a));
  EXPECT_EQ(ask(t, mute(a, false)), ErrorCode::Forbidden);
  EXPECT_FALSE(hears(a));
  EXPECT_EQ(ask(a, mute(a, false)), std::nullopt);
  EXPECT_EQ(events<protocol::MuteEvent>()[0], (protocol::MuteEvent{a, false, MutedBy::Self}));
  EXPECT_TRUE(hears(a));
}

TEST_F(Lesson, TheTeachersMuteHidesTheClasssOwnWhichHoldsAfterIt) {
  go_live();
  ask(t, call(a));
  ask(a, mute(a, true));
  ask(t, mute(a, true));
  EXPECT_EQ(seen(a).muted_by, MutedBy::Teacher);
  EXPECT_EQ(ask(t, mute(a, false)), std::nullopt);
  EXPECT_EQ(events<protocol::MuteEvent>()[0], (protocol::MuteEvent{a, true, MutedBy::Self}));
  EXPECT_FALSE(hears(a));
}

TEST_F(Lesson, TheTeacherMutesItsOwnMicrophoneButNotItsScreensSound) {
  go_live();
  EXPECT_EQ(ask(t, mute(t, true)), std::nullopt);
  EXPECT_FALSE(hears(t));
  EXPECT_TRUE(room.may_forward(t, TrackSource::ScreenAudio));
  ask(t, mute(t, false));
  EXPECT_TRUE(hears(t));
}

TEST_F(Lesson, MuteSurvivesLeavingAndReloading) {
  go_live();
  ask(t, call(a));
  ask(t, mute(a, true));
  room.on_leave(now, a, fresh());
  EXPECT_EQ(join_sending(pupils("a")), a);
  EXPECT_TRUE(seen(a).muted);
  ask(t, call(a));
  EXPECT_FALSE(hears(a));
}

TEST_F(Lesson, AVoiceClosesWhenItsOwnerLeavesTheStageByLeaving) {
  go_live();
  ask(t, call(a));
  room.on_leave(now, a, fresh());
  EXPECT_EQ(room.stage(), std::nullopt);
  EXPECT_THAT(events<protocol::StageEvent>(), SizeIs(1));
  EXPECT_THAT(events<protocol::LeftEvent>(), SizeIs(1));
  EXPECT_THAT(effects<DropMedia>(), SizeIs(1));
  join_sending(pupils("a"));
  EXPECT_FALSE(hears(a));
}

TEST_F(Lesson, ASeatIsKeptSixtySecondsWithHandAndStage) {
  go_live();
  ask(t, call(a));
  ask(b, hand(true));
  room.on_away(now, a, fresh());
  EXPECT_EQ(events<protocol::AwayEvent>()[0].p, a);
  EXPECT_EQ(seen(a).link, LinkState::Lost);
  room.on_away(now, b, fresh());
  wait(Duration::millis(59'900));
  EXPECT_THAT(out.events, IsEmpty());
  EXPECT_TRUE(room.on_return(now, a, fresh()));
  EXPECT_EQ(events<protocol::BackEvent>()[0].p, a);
  EXPECT_EQ(room.stage(), a);
  EXPECT_TRUE(hears(a));
  EXPECT_TRUE(seen(b).hand);
  wait(Duration::millis(100));
  EXPECT_EQ(events<protocol::LeftEvent>(), (std::vector<protocol::LeftEvent>{{b}}));
  EXPECT_FALSE(room.on_return(now, b, fresh()));
}

TEST_F(Lesson, ARemovedClassStaysOutUntilReadmitted) {
  go_live();
  ask(t, call(a));
  EXPECT_EQ(ask(t, remove(a)), std::nullopt);
  EXPECT_EQ(effects<CloseSocket>()[0].code, protocol::kCloseRemoved);
  EXPECT_EQ(effects<DropMedia>()[0].p, a);
  EXPECT_FALSE(hears(a));
  EXPECT_FALSE(room.on_return(now, a, fresh()));
  const auto again = room.on_join(now, pupils("a"), Origin::Page, fresh());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::Forbidden);
  EXPECT_FALSE(room.on_join(now, pupils("a"), Origin::Encoder, fresh()));
  EXPECT_THAT(room.state().removed, SizeIs(1));
  EXPECT_EQ(ask(t, readmit(a)), std::nullopt);
  EXPECT_EQ(join(pupils("a")), a);
  EXPECT_EQ(ask(t, remove(t)), ErrorCode::Forbidden);
}

TEST_F(Lesson, ChatReachesEveryoneAndTwoHundredAreKept) {
  for (int i = 0; i < 205; ++i) EXPECT_EQ(ask(a, chat("line " + std::to_string(i))), std::nullopt);
  const auto kept = room.state().chat;
  ASSERT_THAT(kept, SizeIs(200));
  EXPECT_EQ(std::get<protocol::ChatEvent>(kept.front().body).text, "line 5");
  EXPECT_EQ(std::get<protocol::ChatEvent>(kept.front().body).name, "class a");
  EXPECT_EQ(ask(a, chat(" \t\n")), ErrorCode::BadMessage);
}

TEST_F(Lesson, HeadcountIsTheClasssToTell) {
  go_live();
  EXPECT_EQ(ask(a, protocol::Headcount{0, 28}), std::nullopt);
  EXPECT_EQ(events<protocol::HeadcountEvent>()[0], (protocol::HeadcountEvent{a, 28}));
  EXPECT_THAT(effects<AttendanceHeadcount>(), SizeIs(1));
  EXPECT_EQ(ask(t, protocol::Headcount{0, 28}), ErrorCode::Forbidden);
}

TEST_F(Lesson, ObserversLeaveNoTraceButANumberForTheTeacher) {
  go_live();
  const int64_t last = room.last_event();
  const std::string o = join(observer("1"));
  EXPECT_EQ(effects<ObserversChanged>()[0].count, 1);
  EXPECT_EQ(ask(o, chat("psst")), ErrorCode::Forbidden);
  EXPECT_EQ(ask(o, hand(true)), ErrorCode::Forbidden);
  EXPECT_EQ(ask(o, mute(o, true)), ErrorCode::Forbidden);
  room.on_page_tracks(now, o, {true, true, true, true}, fresh());
  EXPECT_FALSE(hears(o));
  EXPECT_FALSE(room.may_forward(o, TrackSource::Camera));
  EXPECT_EQ(room.may_publish(protocol::Role::Observer), (std::array<bool, kSources>{}));
  room.on_away(now, o, fresh());
  EXPECT_EQ(effects<ObserversChanged>()[0].count, 0);
  wait(kSeatKept);
  EXPECT_EQ(room.last_event(), last);
  EXPECT_THAT(room.state().participants, SizeIs(3));
  // Nor does the next class's id tell that someone came between.
  EXPECT_EQ(join(pupils("c")), "p4");
}

TEST_F(Lesson, EndStopsEverything) {
  join(observer("1"));
  go_live();
  ask(t, call(a));
  EXPECT_EQ(ask(t, protocol::End{}), std::nullopt);
  EXPECT_EQ(protocol::kind_of(out.events.back()), "lesson-ended");
  EXPECT_EQ(events<protocol::RecordingEvent>()[0], (protocol::RecordingEvent{false, "ended"}));
  EXPECT_THAT(effects<StopRecording>(), SizeIs(1));
  EXPECT_THAT(effects<LessonEnded>(), SizeIs(1));
  EXPECT_THAT(effects<AttendanceClose>(), SizeIs(2));
  EXPECT_THAT(effects<CloseSocket>(), SizeIs(4));
  EXPECT_EQ(effects<CloseSocket>()[0].code, protocol::kCloseLessonEnded);
  for (const std::string& p : {t, a, b}) {
    for (size_t i = 0; i < kSources; ++i)
      EXPECT_FALSE(room.may_forward(p, static_cast<TrackSource>(i)));
  }
  EXPECT_EQ(ask(t, protocol::End{}), ErrorCode::NotLive);
  EXPECT_FALSE(room.on_join(now, pupils("c"), Origin::Page, fresh()));
}

TEST_F(Lesson, AnEncoderStandsInForThePageAndIsAnnounced) {
  go_live();
  EXPECT_EQ(join(teacher(), Origin::Encoder), t);
  room.on_encoder_tracks(now, t, {true, true, false, false}, fresh());
  EXPECT_EQ(events<protocol::EncoderEvent>()[0].on, true);
  room.on_away(now, t, fresh());
  EXPECT_THAT(events<protocol::AwayEvent>(), IsEmpty());
  EXPECT_TRUE(room.is_available(t, TrackSource::Camera));
  wait(kSeatKept + kSeatKept);
  EXPECT_TRUE(hears(t));
  room.on_encoder_tracks(now, t, {}, fresh());
  EXPECT_THAT(events<protocol::LeftEvent>(), SizeIs(1));
  EXPECT_FALSE(room.state().encoder);
}

TEST_F(Lesson, AClassByEncoderAloneComesAndGoesWithItsMuteKept) {
  go_live();
  const std::string c = join(pupils("c"), Origin::Encoder);
  room.on_encoder_tracks(now, c, {true, true, false, false}, fresh());
  EXPECT_EQ(events<protocol::MediaEvent>()[0], (protocol::MediaEvent{c, true, true, false}));
  EXPECT_FALSE(room.state().encoder);
  ask(t, call(c));
  ask(t, mute(c, true));
  room.on_encoder_tracks(now, c, {}, fresh());
  EXPECT_THAT(events<protocol::LeftEvent>(), SizeIs(1));
  EXPECT_EQ(join(pupils("c"), Origin::Encoder), c);
  room.on_encoder_tracks(now, c, {true, true, false, false}, fresh());
  ask(t, call(c));
  EXPECT_FALSE(hears(c));
}

TEST_F(Lesson, TheSameClassTwiceIsOneParticipant) {
  EXPECT_EQ(join(pupils("a")), a);
  EXPECT_THAT(out.events, IsEmpty());
  EXPECT_THAT(room.roster(), SizeIs(3));
}

TEST_F(Lesson, LinkTurnsWeakWhenBadLasts) {
  go_live();
  const LinkSample bad{.rtt_ms = 100, .loss_up = 0.2};
  for (int s = 0; s < 3; ++s) {
    room.on_link(now, a, bad, fresh());
    EXPECT_THAT(events<protocol::LinkEvent>(), IsEmpty());
    wait(Duration::seconds(1));
  }
  EXPECT_EQ(events<protocol::LinkEvent>(),
            (std::vector<protocol::LinkEvent>{{a, LinkState::Weak}}));
  room.on_media_lost(now, a, fresh());
  EXPECT_EQ(seen(a).link, LinkState::Lost);
  room.on_media_connected(now, a, fresh());
  EXPECT_EQ(seen(a).link, LinkState::Good);
}

TEST_F(Lesson, SpeakingIsAnnouncedOnChange) {
  go_live();
  room.on_voice(now, a, true, fresh());
  EXPECT_EQ(events<protocol::VoiceEvent>()[0], (protocol::VoiceEvent{a, true}));
  room.on_voice(now, a, true, fresh());
  EXPECT_THAT(out.events, IsEmpty());
}

TEST_F(Lesson, EventsAfterANumberAreCompleteOrRefused) {
  const int64_t before = room.last_event();
  ask(a, chat("one"));
  ask(a, chat("two"));
  EXPECT_THAT(room.events_after(before).value(), SizeIs(2));
  EXPECT_THAT(room.events_after(room.last_event()).value(), IsEmpty());
  EXPECT_EQ(room.events_after(room.last_event() + 1), std::nullopt);
  for (size_t i = 0; i < kEventsKept; ++i) ask(a, chat("more"));
  EXPECT_EQ(room.events_after(before), std::nullopt);
  EXPECT_THAT(room.events_after(room.last_event() - static_cast<int64_t>(kEventsKept)).value(),
              SizeIs(kEventsKept));
}

TEST(Meeting, EveryoneIsHeardUntilMuted) {
  Room r(storage::ActivityKind::LessonPrep);
  const std::string t = r.join_sending(Room::teacher());
  const std::string a = r.join_sending(Room::pupils("a"));
  EXPECT_FALSE(r.hears(a));
  EXPECT_EQ(r.start(t), std::nullopt);
  EXPECT_TRUE(r.hears(a));
  EXPECT_TRUE(r.room.may_forward(a, TrackSource::Screen));
  EXPECT_THAT(r.effects<StartRecording>(), IsEmpty());
  r.ask(t, mute(a, true));
  EXPECT_FALSE(r.hears(a));
  EXPECT_FALSE(r.room.may_forward(a, TrackSource::ScreenAudio));
  EXPECT_FALSE(r.room.on_join(r.now, Room::observer("1"), Origin::Page, r.fresh()));
}

TEST(Meeting, IsFullAtItsLimit) {
  Room r(storage::ActivityKind::Consultation);
  r.join(Room::teacher());
  for (int i = 1; i < 6; ++i) r.join(Room::pupils(std::to_string(i)));
  const auto seventh = r.room.on_join(r.now, Room::pupils("7"), Origin::Page, r.fresh());
  ASSERT_FALSE(seventh);
  EXPECT_EQ(seventh.error().code, ErrorCode::Conflict);
}

// ---- after a restart ----

struct Restarted : Lesson {
  std::unique_ptr<Classroom> again(Duration elapsed) {
    protocol::Lesson l = Room::lesson();
    l.state = room.lesson().state;
    l.started_at = room.lesson().started_at;
    auto next = std::make_unique<Classroom>(l, room.policy());
    next->restore(now, elapsed, room.events_after(0).value(), fresh());
    return next;
  }
};

TEST_F(Restarted, IdsMutesStageAndNumbersGoOn) {
  go_live();
  wait(Duration::seconds(5));
  ask(t, call(a));
  ask(t, mute(a, true));
  ask(t, remove(b));
  ask(a, chat("hello"));
  const int64_t last = room.last_event();
  const auto next = again(Duration::seconds(20));
  EXPECT_EQ(out.events.front().n, last + 1);
  EXPECT_EQ(next->at(now), 20'000'000);
  EXPECT_THAT(events<protocol::AwayEvent>(), SizeIs(2));
  EXPECT_EQ(events<protocol::RecordingEvent>()[0], (protocol::RecordingEvent{true, "restart"}));
  EXPECT_THAT(effects<StartRecording>(), SizeIs(1));
  EXPECT_THAT(effects<LessonStarted>(), IsEmpty());
  EXPECT_EQ(next->stage(), a);
  EXPECT_THAT(next->state().chat, SizeIs(1));
  EXPECT_EQ(next->on_join(now, pupils("a"), Origin::Page, fresh()).value(), a);
  EXPECT_THAT(events<protocol::BackEvent>(), SizeIs(1));
  EXPECT_FALSE(next->may_forward(a, TrackSource::Microphone));
  EXPECT_EQ(next->on_join(now, teacher(), Origin::Page, fresh()).value(), t);
  EXPECT_EQ(next->lead_teacher()->seen.p, t);
  EXPECT_FALSE(next->on_join(now, pupils("b"), Origin::Page, fresh()));
  EXPECT_EQ(next->on_join(now, pupils("new"), Origin::Page, fresh()).value(), "p4");
}

TEST_F(Restarted, WhoDoesNotComeBackLeavesAfterSixtySeconds) {
  go_live();
  const auto next = again(Duration::seconds(1));
  next->on_tick(now + kSeatKept, fresh());
  EXPECT_THAT(events<protocol::LeftEvent>(), SizeIs(3));
  EXPECT_THAT(next->roster(), IsEmpty());
}

TEST_F(Restarted, AClockThatWentBackDoesNotTakeEventsWithIt) {
  go_live();
  wait(Duration::seconds(30));
  ask(a, chat("late"));
  const auto next = again(Duration::seconds(2));
  for (const protocol::Event& event : out.events) EXPECT_GE(event.at, 30'000'000);
}

TEST_F(Restarted, AnEndWithoutItsRowIsFinished) {
  go_live();
  ask(t, protocol::End{});
  protocol::Lesson l = Room::lesson();
  l.state = protocol::LessonPhase::Live;
  Classroom next(l, room.policy());
  next.restore(now, Duration::seconds(9), room.events_after(0).value(), fresh());
  EXPECT_TRUE(next.is_ended());
  EXPECT_THAT(effects<LessonEnded>(), SizeIs(1));
  EXPECT_THAT(effects<StartRecording>(), IsEmpty());
}

TEST(RestoredWithoutEvents, ALiveLessonSaysSo) {
  Room r;
  protocol::Lesson l = Room::lesson();
  l.state = protocol::LessonPhase::Live;
  l.started_at = 77;
  Classroom room(l, policy_of(storage::ActivityKind::SynchronousLesson));
  room.restore(r.now, Duration::seconds(9), {}, r.fresh());
  EXPECT_EQ(r.events<protocol::LessonLiveEvent>()[0].started_at, 77);
  EXPECT_EQ(r.events<protocol::RecordingEvent>()[0].reason, "lesson");
  EXPECT_THAT(r.effects<StartRecording>(), SizeIs(1));
}

}  // namespace
}  // namespace signaling::classroom

// Who may ask for what, and what a request that changes nothing answers.
#include <gmock/gmock.h>

#include "signaling/protocol/codec.h"
#include "tests/unit/signaling/classroom/room_fixture.h"

namespace signaling::classroom {
namespace {

using protocol::ErrorCode;
using protocol::MutedBy;
using testing::IsEmpty;
using testing::SizeIs;

class Requests : public testing::Test, public Room {
 protected:
  void SetUp() override {
    t = join_sending(teacher());
    a = join_sending(pupils("a"));
    b = join_sending(pupils("b"));
    o = join(observer("o"));
    EXPECT_EQ(start(t), std::nullopt);
  }
  std::unique_ptr<Classroom> again() {
    protocol::Lesson l = Room::lesson();
    l.state = room.lesson().state;
    l.started_at = room.lesson().started_at;
    auto next = std::make_unique<Classroom>(l, room.policy());
    next->restore(now, media::Duration::seconds(60), room.events_after(0).value(), fresh());
    return next;
  }

  std::string t, a, b, o;
};

TEST(RequestOf, TakesTheClassroomsMessagesAndLeavesTheHosts) {
  EXPECT_TRUE(request_of(protocol::Hand{1, true}));
  EXPECT_TRUE(request_of(protocol::End{1}));
  EXPECT_FALSE(request_of(protocol::Hello{}));
  EXPECT_FALSE(request_of(protocol::Start{1})) << "needs the wall clock";
  EXPECT_FALSE(request_of(protocol::Offer{}));
  EXPECT_FALSE(request_of(protocol::Ping{1}));
}

TEST_F(Requests, EachRoleHasItsOwn) {
  const std::vector<Request> teachers = {protocol::End{}, call(b),    protocol::Release{},
                                         remove(b),       readmit(b), mute(b, true)};
  for (const Request& request : teachers) EXPECT_EQ(ask(a, request), ErrorCode::Forbidden);
  EXPECT_EQ(ask(t, hand(true)), ErrorCode::Forbidden);
  EXPECT_EQ(ask(t, protocol::Headcount{0, 3}), ErrorCode::Forbidden);
  EXPECT_EQ(start(a), ErrorCode::Forbidden);
  EXPECT_THAT(out.events, IsEmpty());
}

TEST_F(Requests, AnObserverMayReportItsLineAndNothingElse) {
  EXPECT_EQ(ask(o, protocol::Quality{}), std::nullopt);
  for (const Request& request : std::vector<Request>{chat("x"), hand(true), mute(o, true),
                                                     protocol::Media{}, protocol::End{}}) {
    EXPECT_EQ(ask(o, request), ErrorCode::Forbidden);
  }
}

TEST_F(Requests, WhatChangesNothingIsOkWithoutAnEvent) {
  ask(t, call(a));
  ask(b, hand(true));
  for (const auto& [who, request] :
       std::vector<std::pair<std::string, Request>>{{t, call(a)},
                                                    {b, hand(true)},
                                                    {a, hand(false)},
                                                    {t, readmit(b)},
                                                    {t, mute(b, false)},
                                                    {a, mute(a, false)},
                                                    {a, protocol::Headcount{0, 30}},
                                                    {a, protocol::Media{0, true, true, false}}}) {
    EXPECT_EQ(ask(who, request), std::nullopt);
    EXPECT_THAT(out.events, IsEmpty()) << who << " " << request.index();
  }
}

TEST_F(Requests, TheUnknownAndTheGoneAreNotFound) {
  EXPECT_EQ(ask(t, call("p9")), ErrorCode::NotFound);
  EXPECT_EQ(ask(t, mute("p9", true)), ErrorCode::NotFound);
  EXPECT_EQ(ask(t, remove("p9")), ErrorCode::NotFound);
  EXPECT_EQ(ask(t, readmit("p9")), ErrorCode::NotFound);
  EXPECT_EQ(ask("p9", chat("x")), ErrorCode::NotFound);
  EXPECT_EQ(ask(t, call(o)), ErrorCode::NotFound) << "an observer is nobody that could be called";
}

TEST_F(Requests, TheLessonsTeacherCannotBeRemovedButACoTeacherCan) {
  Newcomer second = teacher();
  second.identity = "person:second";
  second.lead = false;
  second.name = "王老师";
  const std::string s = join(second);
  EXPECT_EQ(ask(s, remove(t)), ErrorCode::Forbidden);
  EXPECT_EQ(ask(t, remove(t)), ErrorCode::Forbidden);
  EXPECT_EQ(ask(t, remove(s)), std::nullopt);
}

TEST_F(Requests, BlankChatIsRefused) {
  EXPECT_EQ(ask(a, chat(" \t\n")), ErrorCode::BadMessage);
  EXPECT_EQ(ask(a, chat("　好")), std::nullopt);
}

TEST_F(Requests, BothMutesAreInTheEventsAndSurviveARestart) {
  ask(t, mute(a, true));
  EXPECT_EQ(ask(a, mute(a, true)), std::nullopt);
  ASSERT_THAT(events<protocol::MuteEvent>(), SizeIs(1))
      << "a restarted server knows it from nowhere else";
  EXPECT_EQ(events<protocol::MuteEvent>()[0],
            (protocol::MuteEvent{a, true, MutedBy::Teacher, true}));
  const auto wire = protocol::encode(protocol::ServerMessage(out.events[0]));
  const auto back = protocol::parse_server(wire);
  ASSERT_TRUE(back);
  EXPECT_EQ(std::get<protocol::Event>(*back), out.events[0]) << wire;
  const auto next = again();
  EXPECT_EQ(next->find(a)->seen.muted_by, MutedBy::Teacher);
  next->on_join(now, teacher(), Origin::Page, fresh());
  next->on_request(now, t, mute(a, false), fresh());
  EXPECT_EQ(next->find(a)->seen.muted_by, MutedBy::Self) << "its own stands behind it";
  EXPECT_EQ(events<protocol::MuteEvent>()[0], (protocol::MuteEvent{a, true, MutedBy::Self, false}));
}

TEST_F(Requests, AnEncoderThatComesDoesNotBringThePageBack) {
  room.on_away(now, b, fresh());
  EXPECT_TRUE(room.on_join(now, pupils("b"), Origin::Encoder, fresh()));
  EXPECT_THAT(events<protocol::BackEvent>(), SizeIs(1));
  room.on_encoder_tracks(now, b, {true, true, false, false}, fresh());
  room.on_encoder_tracks(now, b, {}, fresh());
  EXPECT_THAT(events<protocol::AwayEvent>(), SizeIs(1)) << "nobody is there any more";
  wait(kSeatKept);
  EXPECT_THAT(events<protocol::LeftEvent>(), SizeIs(1));
}

TEST_F(Requests, OneFailedTrackIsNamedAndTheLightStaysOnForTheOthers) {
  room.on_track_not_recorded(now, a, protocol::TrackSource::Camera, true, fresh());
  EXPECT_EQ(events<protocol::RecordingEvent>()[0],
            (protocol::RecordingEvent{true, "failed", a, "camera"}));
  EXPECT_TRUE(room.state().recording);
  room.on_track_not_recorded(now, t, protocol::TrackSource::Microphone, false, fresh());
  EXPECT_FALSE(room.state().recording);
  const auto wire = protocol::encode(protocol::ServerMessage(out.events[0]));
  EXPECT_EQ(std::get<protocol::Event>(protocol::parse_server(wire).value()), out.events[0]) << wire;
}

TEST_F(Requests, AfterTheEndNothingIsDone) {
  ask(t, protocol::End{});
  EXPECT_EQ(ask(t, chat("x")), ErrorCode::NotLive);
  EXPECT_EQ(start(t), ErrorCode::Conflict);
}

}  // namespace
}  // namespace signaling::classroom

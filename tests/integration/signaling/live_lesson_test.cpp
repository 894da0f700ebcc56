// A lesson over the WebSocket, as live_lessons.h and PROTOCOL.md promise it.
#include <gmock/gmock.h>

#include "tests/integration/signaling/live_rig.h"

namespace tests {
namespace {

using storage::LessonRole;
using testing::IsEmpty;
using testing::SizeIs;

class LiveLesson : public LiveRig {
 protected:
  void SetUp() override {
    LiveRig::SetUp();
    t = &enter(teacher());
    a = &enter(pupils("class1"));
  }
  void start() { EXPECT_EQ(request(*t, {{"t", "start"}})["t"], "ok"); }
  std::string code(FakeConnection& page, const json& message) {
    const json reply = request(page, message);
    return reply.value("t", "") == "ok" ? "ok" : reply.value("code", "none");
  }
  bool closes(const FakeConnection& page, uint16_t with) {
    return pump([&] { return page.code.has_value(); }) && page.code == with;
  }

  FakeConnection* t = nullptr;
  FakeConnection* a = nullptr;
};

TEST_F(LiveLesson, AReturningClientMissesNoEvent) {
  start();
  const std::string p = p_of(*a);
  const json welcome = welcome_of(*a);
  const int64_t last = events_of(*a).back()["n"];
  hang_up(*a);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(code(*t, {{"t", "chat"}, {"text", "第" + std::to_string(i) + "句"}}), "ok");
  FakeConnection& back = open(pupils("class1"));
  const json again = request(back, hello_of({{"seat", welcome["seat"]}, {"last", last}}));
  EXPECT_TRUE(again["resumed"]);
  EXPECT_EQ(again["you"], p);
  EXPECT_FALSE(again.contains("state"));
  const auto missed = events_of(back);
  ASSERT_THAT(missed, SizeIs(7));  // away, five times chat, back
  for (size_t i = 0; i < missed.size(); ++i)
    EXPECT_EQ(missed[i]["n"], last + 1 + static_cast<int64_t>(i));
  EXPECT_EQ(missed.front()["kind"], "participant-away");
  EXPECT_EQ(missed.back()["kind"], "participant-back");
  EXPECT_EQ(code(*t, {{"t", "chat"}, {"text", "go on"}}), "ok");
  EXPECT_EQ(events_of(back).back()["n"], missed.back()["n"].get<int64_t>() + 1);
}

TEST_F(LiveLesson, ASecondSocketTakesTheSeatOver) {
  FakeConnection& second = enter(pupils("class1"));
  EXPECT_EQ(p_of(second), p_of(*a));
  EXPECT_EQ(a->code, 4409);
  pump_for(Duration::millis(20));
  EXPECT_THAT(events_of(*t, "participant-away"), IsEmpty()) << "the class was never away";
  EXPECT_EQ(code(second, {{"t", "hand"}, {"up", true}}), "ok");
}

TEST_F(LiveLesson, ARemovedClassStaysOutUntilItIsReadmitted) {
  start();
  const std::string p = p_of(*a);
  const json seat = welcome_of(*a)["seat"];
  EXPECT_EQ(code(*t, {{"t", "remove"}, {"p", p}}), "ok");
  EXPECT_EQ(a->code, 4410);
  FakeConnection& by_seat = open(pupils("class1"));
  EXPECT_EQ(request(by_seat, hello_of({{"seat", seat}, {"last", 0}}))["code"], "forbidden");
  EXPECT_TRUE(closes(by_seat, 4410));
  FakeConnection& anew = open(pupils("class1"));
  request(anew, hello_of());
  EXPECT_TRUE(closes(anew, 4410));
  EXPECT_EQ(code(*t, {{"t", "readmit"}, {"p", p}}), "ok");
  EXPECT_EQ(p_of(enter(pupils("class1"))), p);
}

TEST_F(LiveLesson, EventsAreNumberedWithoutAGapAndStored) {
  EXPECT_EQ(code(*a, {{"t", "call"}, {"p", p_of(*a)}}), "forbidden");
  EXPECT_EQ(code(*t, {{"t", "call"}, {"p", p_of(*a)}}), "not-live");
  start();
  EXPECT_EQ(code(*a, {{"t", "hand"}, {"up", true}}), "ok");
  EXPECT_EQ(code(*t, {{"t", "call"}, {"p", p_of(*a)}}), "ok");
  EXPECT_EQ(code(*t, {{"t", "mute"}, {"p", p_of(*a)}, {"muted", true}}), "ok");
  EXPECT_EQ(code(*t, {{"t", "release"}}), "ok");
  EXPECT_EQ(code(*t, {{"t", "end"}}), "ok");
  EXPECT_EQ(a->code, 4000);
  EXPECT_EQ(t->code, 4000);
  const auto sent = events_of(*t);
  const auto stored = stored_events();
  ASSERT_GE(stored.size(), sent.size());
  EXPECT_TRUE(std::equal(sent.begin(), sent.end(),
                         stored.end() - static_cast<std::ptrdiff_t>(sent.size())));
  std::vector<std::string> kinds;
  for (const json& event : stored) kinds.push_back(event["kind"]);
  EXPECT_THAT(kinds, testing::ElementsAre("participant-joined", "participant-joined", "lesson-live",
                                          "recording", "hand", "stage", "mute", "stage",
                                          "recording", "lesson-ended"));
  const auto row = ask([](storage::Store& s) { return s.lesson(id_of("lesson")); });
  EXPECT_EQ(row->state, storage::LessonState::Ended);
  FakeConnection& late = open(pupils("class2"));
  EXPECT_EQ(request(late, hello_of())["code"], "not-live");
  EXPECT_TRUE(closes(late, 4000));
}

TEST_F(LiveLesson, AttendanceIsStoredAsItHappens) {
  const auto spans = [this] {
    settle();
    return ask([](storage::Store& s) { return s.attendance(id_of("lesson")); });
  };
  EXPECT_THAT(spans(), IsEmpty()) << "the waiting room is no lesson";
  start();
  ASSERT_THAT(spans(), SizeIs(1));
  EXPECT_EQ(spans()[0].class_id, id_of("class1"));
  EXPECT_EQ(spans()[0].headcount, 28);
  EXPECT_FALSE(spans()[0].left_us);
  EXPECT_EQ(code(*a, {{"t", "headcount"}, {"n", 26}}), "ok");
  EXPECT_EQ(spans()[0].headcount, 26);
  skew += Duration::seconds(30);
  pump_for(Duration::millis(20));
  EXPECT_GE(spans()[0].last_seen_us, 30'000'000);
  hang_up(*a);
  const int64_t away = stored_events().back()["at"];
  skew += Duration::seconds(61);
  ASSERT_TRUE(pump([&] { return !events_of(*t, "participant-left").empty(); }));
  EXPECT_EQ(spans()[0].left_us, away) << "it left when its line broke, not when waiting ended";
}

TEST_F(LiveLesson, MalformedMessagesAreAnsweredAndTheTenthCloses) {
  for (int i = 0; i < 9; ++i)
    lessons->on_message(a->id, i % 2 == 0 ? "{" : R"({"t":"hand","id":1})");
  EXPECT_FALSE(a->code);
  EXPECT_EQ(a->got.back()["code"], "bad-json");
  lessons->on_message(a->id, "[]");
  EXPECT_EQ(a->code, 4400);
  // Who was closed is gone: no ghost sits in the roster.
  EXPECT_TRUE(pump([&] { return !events_of(*t, "participant-away").empty(); }));
}

TEST_F(LiveLesson, WhoFloodsIsToldAndThenClosed) {
  const auto errors = [&] {
    return std::count_if(a->got.begin(), a->got.end(),
                         [](const json& m) { return m.value("code", "") == "too-fast"; });
  };
  skew += Duration::seconds(5);  // what hello took is given back
  for (int i = 0; i < 100; ++i) say(*a, {{"t", "ping"}, {"id", i}});
  EXPECT_EQ(errors(), 0) << "a burst is allowed";
  for (int i = 0; i < 20; ++i) say(*a, {{"t", "ping"}, {"id", i}});
  EXPECT_EQ(errors(), 1);
  EXPECT_FALSE(a->code);
  for (int i = 0; i < 200; ++i) lessons->on_message(a->id, R"({"t":"ping","id":1})");
  EXPECT_EQ(a->code, 4429);
  EXPECT_TRUE(pump([&] { return !events_of(*t, "participant-away").empty(); }));
}

TEST_F(LiveLesson, WhoSaysNoHelloIsClosed) {
  FakeConnection& silent = open(pupils("class2"));
  skew += Duration::seconds(9);
  pump_for(Duration::millis(10));
  EXPECT_FALSE(silent.code);
  skew += Duration::seconds(2);
  EXPECT_TRUE(closes(silent, 4408));
}

TEST_F(LiveLesson, AStrangerAndAWrongVersionAreRefused) {
  Actor other = pupils("class1");
  other.lesson_id = id_of("elsewhere");
  FakeConnection& stranger = open(other);
  EXPECT_EQ(request(stranger, hello_of())["code"], "forbidden");
  EXPECT_TRUE(closes(stranger, 4403));
  FakeConnection& old = open(pupils("class2"));
  json hello = hello_of();
  hello["v"] = 2;
  EXPECT_EQ(request(old, hello)["code"], "version");
  EXPECT_TRUE(closes(old, 4400));
}

TEST_F(LiveLesson, ObserversLeaveNoTraceButTheirNumber) {
  FakeConnection& o = enter(observer());
  EXPECT_EQ(t->got.back(), (json{{"t", "observers"}, {"count", 1}}));
  for (const json& message : a->got) EXPECT_NE(message["t"], "observers");
  EXPECT_EQ(code(o, {{"t", "chat"}, {"text", "x"}}), "forbidden");
  // One observer that shows the seat of another sits in one seat only.
  FakeConnection& other = enter(observer());
  hang_up(other);
  request(o, hello_of({{"seat", welcome_of(other)["seat"]}, {"last", welcome_of(other)["last"]}}));
  EXPECT_EQ(code(*t, {{"t", "chat"}, {"text", "once"}}), "ok");
  EXPECT_THAT(events_of(o, "chat"), SizeIs(1));
}

TEST_F(LiveLesson, ACoTeacherIsShownUnderItsOwnName) {
  Actor second = link(LessonRole::Teacher, "second");
  second.name = "王老师";
  second.school = "中房小学";
  FakeConnection& page = enter(second);
  const json joined = events_of(*t, "participant-joined").back()["participant"];
  EXPECT_EQ(joined["p"], p_of(page));
  EXPECT_EQ(joined["name"], "王老师");
  EXPECT_EQ(joined["school"], "中房小学");
}

TEST_F(LiveLesson, ARevokedCredentialLosesItsRightWithinTwoSeconds) {
  const std::string hash = hash_of("token");
  ask([&](storage::Store& s) {
    return s
        .add_token({hash, id_of("lesson"), LessonRole::Class, id_of("class2"), std::nullopt,
                    wall() + 3'600'000'000, false})
        .map([] { return 0; });
  });
  FakeConnection& b = enter(link(LessonRole::Class, "class2", hash));
  const json seat = welcome_of(b)["seat"];
  pump_for(Duration::millis(50));
  skew += Duration::millis(1'600);
  settle();
  ASSERT_FALSE(b.code) << "a valid credential keeps its seat";
  ask([&](storage::Store& s) { return s.revoke_token(hash).map([] { return 0; }); });
  skew += Duration::millis(1'600);
  EXPECT_TRUE(closes(b, 4403));
  EXPECT_EQ(events_of(*t, "participant-left").back()["p"], p_of(b)) << "nobody waits for it";
  FakeConnection& again = open(link(LessonRole::Class, "class2", hash));
  EXPECT_TRUE(closes(again, 4403))
      << "a right that was remembered too long ends with the first check";
}

TEST_F(LiveLesson, StoppingTellsEveryoneAndOwesTheDatabaseNothing) {
  start();
  lessons->drain();
  EXPECT_EQ(t->code, 1001);
  EXPECT_EQ(a->code, 1001);
  EXPECT_TRUE(pump([&] { return lessons->is_drained(); }));
  EXPECT_EQ(open(pupils("class2")).code, 1001);
  EXPECT_EQ(publish(teacher(), "v=0").error().status, 503);
  EXPECT_EQ(stored_events().back()["kind"], "recording") << "a stop is nobody's leaving";
}

// A store whose lessons cannot be read.
TEST_F(LiveLesson, AFailingDatabaseIsNotALessonThatIsNotThere) {
  shut();
  close_storage();
  auto started = media::api::MediaServer::start(
      {.public_address = "127.0.0.1", .bind_address = "127.0.0.1"}, [] {});
  ASSERT_TRUE(started);
  media = std::move(*started);
  lessons = std::make_unique<LiveLessons>(
      signaling::app::LiveParams{dir_.path() / "recordings",
                                 {[this] { return now(); }, [this] { return wall(); }}},
      *media, *storage);
  FakeConnection& page = open(pupils("class1"));
  EXPECT_EQ(request(page, hello_of())["code"], "internal");
  EXPECT_TRUE(closes(page, 1011)) << "4000 would tell the class that its lesson is over";
  EXPECT_EQ(publish(teacher(), "v=0").error().status, 503);
  EXPECT_EQ(play(teacher(), "v=0").error().status, 503);
}

}  // namespace
}  // namespace tests

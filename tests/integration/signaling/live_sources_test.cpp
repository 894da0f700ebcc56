// Recorders and encoders in a live lesson: several of one teacher's, each under its own role.
#include <gmock/gmock.h>

#include <limits>

#include "tests/integration/signaling/live_rig.h"

namespace tests {
namespace {

using storage::SourceRole;
using testing::SizeIs;

constexpr Duration kSoon = Duration::millis(600);

class LiveSources : public LiveRig {
 protected:
  void SetUp() override {
    LiveRig::SetUp();
    more_pictures = {"screen", "board"};
    ASSERT_TRUE(ask([](storage::Store& store) {
      return store
          .add_token({hash_of("k"), id_of("lesson"), storage::LessonRole::Teacher, std::nullopt,
                      id_of("teacher"), std::numeric_limits<int64_t>::max(), false})
          .map([] { return true; });
    }));
    t = &enter(teacher());
    a = &enter(pupils("class1"));
    ok(*t, {{"t", "start"}});
  }
  void ok(FakeConnection& page, const json& message) {
    const json reply = request(page, message);
    EXPECT_EQ(reply.value("t", ""), "ok") << reply;
  }
  Line& encoder_as(SourceRole role, const Actor& actor) {
    Line& line = offer_of(true);
    const auto made = publish(actor, build_offer(line.offer), "lesson", role);
    EXPECT_TRUE(made) << made.error().message;
    if (made) plug_in(line, made->sdp);
    return line;
  }
  // Whoever has the stream key of source().
  static Actor with_key() { return link(storage::LessonRole::Teacher, "teacher", hash_of("k")); }
  static storage::LessonSource source(const std::string& name, SourceRole role) {
    storage::LessonSource row;
    row.id = id_of(name);
    row.lesson_id = id_of("lesson");
    row.name = name;
    row.role = role;
    row.kind = storage::SourceKind::RtmpPush;
    row.key_hash = hash_of("k");
    return row;
  }
  json shown(FakeConnection& page, const std::string& slot) {
    const auto all = of_type(page, "slots");
    return all.empty() ? json() : all.back()["map"][slot];
  }

  FakeConnection* t = nullptr;
  FakeConnection* a = nullptr;
};

TEST_F(LiveSources, ABoardCameraIsShownBesideTheTeacher) {
  Line& page = connect_page(*a);
  Line& teacher_camera = encoder_as(SourceRole::TeacherCamera, teacher());
  Line& board = encoder_as(SourceRole::Board, teacher());
  EXPECT_TRUE(board.accepted("v"));
  EXPECT_FALSE(board.accepted("a")) << "a board has no voice";
  EXPECT_EQ(shown(*a, "board"), (json{{"p", p_of(*t)}, {"source", "board"}}));
  EXPECT_EQ(shown(*a, "teacher"), (json{{"p", p_of(*t)}, {"source", "camera"}}));
  send_for({&teacher_camera, &board}, kSoon);
  EXPECT_GT(page.heard("voice-teacher"), 10U);
}

TEST_F(LiveSources, OneOfEachRoleAtATime) {
  connect_page(*a);
  encoder_as(SourceRole::Board, teacher());
  encoder_as(SourceRole::Courseware, teacher());
  EXPECT_EQ(publish(teacher(), build_offer(offer_of(true).offer), "lesson", SourceRole::Board)
                .error()
                .status,
            409);
  EXPECT_EQ(shown(*a, "screen"), (json{{"p", p_of(*t)}, {"source", "screen"}}));
}

TEST_F(LiveSources, ABoardAloneLeavesTheTeacherToThePage) {
  connect_page(*a);
  encoder_as(SourceRole::Board, teacher());
  EXPECT_THAT(events_of(*a, "encoder"), SizeIs(0));
}

TEST_F(LiveSources, AnotherPictureStandsInForABoardThatIsNotThere) {
  connect_page(*a);
  const auto other =
      publish(teacher(), build_offer(offer_of(true).offer), "lesson", SourceRole::Other);
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(shown(*a, "board"), (json{{"p", p_of(*t)}, {"source", "board"}}));
  const auto board =
      publish(teacher(), build_offer(offer_of(true).offer), "lesson", SourceRole::Board);
  ASSERT_TRUE(board) << "both may send, the board is shown";
  EXPECT_EQ(end_session(teacher(), board->session), 200);
  EXPECT_EQ(shown(*a, "board"), (json{{"p", p_of(*t)}, {"source", "board"}}));
  EXPECT_EQ(end_session(teacher(), other->session), 200);
  EXPECT_EQ(shown(*a, "board"), json(nullptr));
}

TEST_F(LiveSources, AStreamKeySaysWhatItsSourceShows) {
  connect_page(*a);
  lessons->set_sources(id_of("lesson"), {source("s", SourceRole::Courseware)});
  Line& encoder = encoder_as(SourceRole::TeacherCamera, with_key());
  EXPECT_EQ(shown(*a, "screen"), (json{{"p", p_of(*t)}, {"source", "screen"}}));
  EXPECT_FALSE(lessons->source_flows(id_of("lesson"), id_of("s"))) << "nothing has come yet";
  const auto flows = [&] { return lessons->source_flows(id_of("lesson"), id_of("s")); };
  for (int i = 0; i < 10 && !flows(); ++i) send_for({&encoder}, kSoon);
  EXPECT_TRUE(flows());
}

TEST_F(LiveSources, ASourceThatIsSwitchedOffEndsAndIsRefused) {
  connect_page(*a);
  auto row = source("s", SourceRole::Board);
  lessons->set_sources(id_of("lesson"), {row});
  encoder_as(SourceRole::TeacherCamera, with_key());
  row.enabled = false;
  lessons->set_sources(id_of("lesson"), {row});
  EXPECT_EQ(shown(*a, "board"), json(nullptr));
  EXPECT_FALSE(lessons->source_flows(id_of("lesson"), id_of("s")));
  EXPECT_EQ(publish(with_key(), build_offer(offer_of(true).offer)).error().status, 403);
}

TEST_F(LiveSources, TeachersAreToldHowTheirSourcesDoAndClassesAreNot) {
  signaling::protocol::Sources all;
  signaling::protocol::SourceStatus& one = all.sources.emplace_back();
  one.source = "s";
  one.name = "板书机位";
  one.role = "board";
  one.kind = "rtsp";
  lessons->tell_sources(id_of("lesson"), all);
  lessons->tell_sources(id_of("lesson"), all);
  EXPECT_THAT(of_type(*t, "sources"), SizeIs(1)) << "said once";
  EXPECT_THAT(of_type(*a, "sources"), SizeIs(0));
  hang_up(*t);
  FakeConnection& again = enter(teacher());
  ASSERT_THAT(of_type(again, "sources"), SizeIs(1)) << "also to who comes later";
  EXPECT_EQ(of_type(again, "sources").front()["sources"][0]["name"], "板书机位");
}

}  // namespace
}  // namespace tests

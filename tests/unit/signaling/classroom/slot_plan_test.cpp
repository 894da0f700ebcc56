#include "signaling/classroom/slot_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/signaling/classroom/room_fixture.h"

namespace signaling::classroom {
namespace {

using protocol::Role;
using protocol::Shown;
using protocol::TrackSource;

struct Plans : testing::Test, Room {
  void SetUp() override {
    t = join_sending(teacher());
    for (int i = 0; i < 6; ++i) classes.push_back(join_sending(pupils(std::to_string(i))));
    start(t);
  }
  SlotPlan plan(const std::string& p, const SlotPlan& before = {}) {
    Viewer viewer;
    viewer.p = p;
    viewer.role = p.empty() ? Role::Observer : room.find(p)->seen.role;
    viewer.slots = {"voice-teacher", "voice-stage", "voice-0", "sound-screen",
                    "teacher",       "screen",      "board",   "stage"};
    for (int i = 0; i < walls; ++i) viewer.slots.push_back("wall-" + std::to_string(i));
    viewer.wall = wall;
    viewer.limits = limits;
    viewer.hidden = hidden;
    return plan_slots(room, viewer, before);
  }
  static std::optional<Shown> camera(const std::string& p) { return Shown{p, TrackSource::Camera}; }

  std::string t;
  std::vector<std::string> classes;
  std::vector<std::string> wall;
  std::map<std::string, uint8_t> limits;
  std::set<std::string> hidden;
  int walls = 12;
};

TEST_F(Plans, AClassSeesTeacherStageAndScreenButNoWall) {
  ask(t, call(classes[1]));
  Output ignored;
  room.on_request(now, t, protocol::Media{0, true, true, true}, ignored);
  const SlotPlan p = plan(classes[0]);
  EXPECT_EQ(p.at("teacher").shown, camera(t));
  EXPECT_EQ(p.at("voice-teacher").shown, (Shown{t, TrackSource::Microphone}));
  EXPECT_EQ(p.at("stage").shown, camera(classes[1]));
  EXPECT_EQ(p.at("voice-stage").shown, (Shown{classes[1], TrackSource::Microphone}));
  EXPECT_EQ(p.at("screen").shown, (Shown{t, TrackSource::Screen}));
  EXPECT_EQ(p.at("sound-screen").shown, (Shown{t, TrackSource::ScreenAudio}));
  EXPECT_TRUE(p.at("voice-0").loudest);
  EXPECT_EQ(p.at("wall-0").shown, std::nullopt);
}

TEST_F(Plans, NobodyIsShownOrPlayedToItself) {
  ask(t, call(classes[1]));
  EXPECT_EQ(plan(classes[1]).at("stage").shown, std::nullopt);
  EXPECT_EQ(plan(classes[1]).at("voice-stage").shown, std::nullopt);
  EXPECT_EQ(plan(t).at("teacher").shown, std::nullopt);
  EXPECT_EQ(plan(t).at("voice-teacher").shown, std::nullopt);
}

TEST_F(Plans, TheBoardIsASourceOfItsOwn) {
  EXPECT_EQ(plan(classes[0]).at("board").shown, std::nullopt);
  Output ignored;
  room.on_join(now, Room::teacher(), Origin::Encoder, ignored);
  room.on_encoder_tracks(now, t, {false, false, false, false, true}, ignored);
  const SlotPlan p = plan(classes[0]);
  EXPECT_EQ(p.at("board").shown, (Shown{t, TrackSource::Board}));
  EXPECT_EQ(p.at("teacher").shown, camera(t)) << "the page's camera goes on";
  EXPECT_FALSE(room.state().encoder);
}

TEST_F(Plans, ATeachersPageSeesWhatTheTeachersEncodersSendAndHearsNoneOfIt) {
  Output ignored;
  room.on_join(now, Room::teacher(), Origin::Encoder, ignored);
  room.on_encoder_tracks(now, t, {true, true, true, true, true}, ignored);
  const SlotPlan p = plan(t);
  EXPECT_EQ(p.at("teacher").shown, camera(t));
  EXPECT_EQ(p.at("screen").shown, (Shown{t, TrackSource::Screen}));
  EXPECT_EQ(p.at("board").shown, (Shown{t, TrackSource::Board}));
  EXPECT_EQ(p.at("voice-teacher").shown, std::nullopt);
  EXPECT_EQ(p.at("sound-screen").shown, std::nullopt);
}

// The page and the recorder stand in one room.
TEST(PlansOfAMeeting, WhoseVoiceComesByAnEncoderDoesNotHearItFromItsPage) {
  Room r(storage::ActivityKind::LessonPrep);
  const std::string t = r.join_sending(Room::teacher());
  const std::string a = r.join_sending(Room::pupils("a"));
  const std::string b = r.join_sending(Room::pupils("b"));
  const std::string c = r.join_sending(Room::pupils("c"));
  r.start(t);
  Viewer viewer;
  viewer.p = t;
  viewer.role = Role::Teacher;
  viewer.slots = {"voice-0", "voice-1"};
  EXPECT_TRUE(plan_slots(r.room, viewer, {}).at("voice-0").loudest);
  Output out;
  r.room.on_join(r.now, Room::teacher(), Origin::Encoder, out);
  r.room.on_encoder_tracks(r.now, t, {true, true, false, false, false}, out);
  SlotPlan plan = plan_slots(r.room, viewer, {});
  EXPECT_FALSE(plan.at("voice-0").loudest);
  EXPECT_EQ(plan.at("voice-0").shown, (Shown{a, TrackSource::Microphone}));
  EXPECT_EQ(plan.at("voice-1").shown, (Shown{b, TrackSource::Microphone}));
  out = {};
  r.room.on_voice(r.now, c, true, out);
  EXPECT_TRUE(std::any_of(out.effects.begin(), out.effects.end(), [](const Effect& effect) {
    return std::holds_alternative<SlotsChanged>(effect);
  }));
  plan = plan_slots(r.room, viewer, plan);
  EXPECT_EQ(plan.at("voice-0").shown, (Shown{a, TrackSource::Microphone})) << "stays in its place";
  EXPECT_EQ(plan.at("voice-1").shown, (Shown{c, TrackSource::Microphone})) << "who speaks is heard";
  EXPECT_TRUE(as_map(plan).empty()) << "pages are not told of voices";
}

TEST_F(Plans, TeacherAndObserversHaveTheWallInOrderOfArrival) {
  const std::string o = join(observer("1"));
  for (const std::string& viewer : {t, o}) {
    const SlotPlan p = plan(viewer);
    for (size_t i = 0; i < classes.size(); ++i) {
      EXPECT_EQ(p.at("wall-" + std::to_string(i)).shown, camera(classes[i]));
    }
    EXPECT_EQ(p.at("wall-6").shown, std::nullopt);
  }
}

TEST_F(Plans, AWhepPlayerGetsTheTeacherOnly) {
  const SlotPlan p = plan("");
  EXPECT_EQ(p.at("teacher").shown, camera(t));
  EXPECT_EQ(p.at("wall-0").shown, std::nullopt);
}

TEST_F(Plans, ALessonsWallIsSmallAndALargeOneAlsoSlow) {
  EXPECT_EQ(plan(t).at("wall-0").layer, 0);
  EXPECT_EQ(plan(t).at("wall-0").rate, 0);
  walls = 4;
  EXPECT_EQ(plan(t).at("wall-0").layer, 0);
  EXPECT_EQ(plan(t).at("wall-0").rate, kBest);
  EXPECT_EQ(plan(classes[0]).at("teacher").layer, kBest);
  EXPECT_EQ(plan(classes[0]).at("stage").layer, kBest);
  ask(t, call(classes[0]));
  EXPECT_EQ(plan(t).at("wall-0").rate, 0);
  EXPECT_EQ(plan(t).at("wall-1").rate, kBest);
}

TEST(PlansOfAMeeting, AFewPicturesComeInFullAndManyAsThumbnails) {
  Room r(storage::ActivityKind::LessonPrep);
  const std::string t = r.join_sending(Room::teacher());
  for (int i = 0; i < 5; ++i) r.join_sending(Room::pupils(std::to_string(i)));
  r.start(t);
  Viewer viewer;
  viewer.p = t;
  viewer.role = Role::Teacher;
  viewer.slots = {"wall-0", "wall-1", "wall-2", "wall-3"};
  EXPECT_EQ(plan_slots(r.room, viewer, {}).at("wall-0").layer, kBest);
  viewer.slots.push_back("wall-4");
  EXPECT_EQ(plan_slots(r.room, viewer, {}).at("wall-0").layer, 0);
  EXPECT_EQ(plan_slots(r.room, viewer, {}).at("wall-0").rate, 0);
}

TEST_F(Plans, WhatIsHiddenKeepsItsPlaceAndVoicesCannotBeHidden) {
  hidden = {"teacher", "wall-1", "voice-teacher", "sound-screen", "no-such-slot"};
  const SlotPlan p = plan(t);
  EXPECT_TRUE(p.at("wall-1").hidden);
  EXPECT_EQ(p.at("wall-1").shown, camera(classes[1]));
  EXPECT_FALSE(p.at("wall-0").hidden);
  const SlotPlan of_class = plan(classes[0]);
  EXPECT_TRUE(of_class.at("teacher").hidden);
  EXPECT_FALSE(of_class.at("voice-teacher").hidden);
  EXPECT_FALSE(of_class.at("sound-screen").hidden);
  EXPECT_EQ(as_map(p), [this] {
    hidden.clear();
    return as_map(plan(t));
  }()) << "pages keep track of who is where";
}

TEST_F(Plans, AClientsLimitHoldsAndNeverRaises) {
  limits = {{"teacher", 1}, {"wall-0", 2}};
  EXPECT_EQ(plan(classes[0]).at("teacher").layer, 1);
  EXPECT_EQ(plan(t).at("wall-0").layer, 0);
}

TEST_F(Plans, TheTeacherChoosesItsWall) {
  wall = {classes[4], "p99", classes[2], classes[4], t};
  const SlotPlan p = plan(t);
  EXPECT_EQ(p.at("wall-0").shown, camera(classes[4]));
  EXPECT_EQ(p.at("wall-1").shown, camera(classes[2]));
  EXPECT_EQ(p.at("wall-2").shown, std::nullopt);
}

TEST_F(Plans, APictureStaysInItsPlaceWhileOthersComeAndGo) {
  walls = 6;
  const SlotPlan before = plan(t);
  Output ignored;
  room.on_leave(now, classes[0], ignored);
  const SlotPlan without = plan(t, before);
  EXPECT_EQ(without.at("wall-0").shown, std::nullopt);
  EXPECT_EQ(without.at("wall-3").shown, camera(classes[3]));
  const std::string late = join_sending(pupils("late"));
  const SlotPlan with = plan(t, without);
  EXPECT_EQ(with.at("wall-0").shown, camera(late));
  EXPECT_EQ(with.at("wall-3").shown, camera(classes[3]));
}

TEST_F(Plans, WhoSendsNoPictureHasNoPlaceOnTheWall) {
  Output ignored;
  room.on_request(now, classes[0], protocol::Media{0, true, false, false}, ignored);
  EXPECT_EQ(plan(t).at("wall-0").shown, camera(classes[1]));
  // A page that sends without saying so is shown all the same.
  room.on_track_flow(now, classes[0], TrackSource::Camera, true, ignored);
  EXPECT_EQ(plan(t).at("wall-0").shown, camera(classes[0]));
}

TEST(PlansInTheWaitingRoom, TheTeacherSeesTheClassesAndNobodyElseSeesAnyone) {
  Room r;
  const std::string t = r.join_sending(Room::teacher());
  const std::string a = r.join_sending(Room::pupils("a"));
  const std::string o = r.join(Room::observer("1"));
  Viewer viewer;
  viewer.slots = {"teacher", "wall-0"};
  viewer.p = t;
  viewer.role = Role::Teacher;
  EXPECT_EQ(plan_slots(r.room, viewer, {}).at("wall-0").shown, (Shown{a, TrackSource::Camera}));
  viewer.p = o;
  viewer.role = Role::Observer;
  EXPECT_EQ(plan_slots(r.room, viewer, {}).at("wall-0").shown, std::nullopt);
  viewer.p = a;
  viewer.role = Role::Class;
  EXPECT_EQ(plan_slots(r.room, viewer, {}).at("teacher").shown, std::nullopt);
}

TEST(PlansOfAMeeting, EveryoneSeesEveryoneElse) {
  Room r(storage::ActivityKind::LessonPrep);
  const std::string t = r.join_sending(Room::teacher());
  const std::string a = r.join_sending(Room::pupils("a"));
  const std::string b = r.join_sending(Room::pupils("b"));
  r.start(t);
  Viewer viewer;
  viewer.slots = {"wall-0", "wall-1"};
  viewer.p = a;
  viewer.role = Role::Class;
  const SlotPlan p = plan_slots(r.room, viewer, {});
  EXPECT_EQ(p.at("wall-0").shown, (Shown{b, TrackSource::Camera}));
  EXPECT_EQ(p.at("wall-1").shown, std::nullopt);
}

TEST_F(Plans, LoudestSlotsAreNotInTheMap) {
  const protocol::SlotMap map = as_map(plan(classes[0]));
  EXPECT_FALSE(map.contains("voice-0"));
  EXPECT_TRUE(map.contains("stage"));
}

}  // namespace
}  // namespace signaling::classroom

// The whole permission table: every verb for every kind of actor, on an own and on a foreign
// object.
#include "signaling/auth/authorize.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace signaling::auth {
namespace {

using storage::ActivityKind;
using storage::CollectiveRole;
using storage::LessonRole;

Object lesson(const std::string& collective = "c1",
              ActivityKind kind = ActivityKind::SynchronousLesson) {
  Object object;
  object.collective_id = collective;
  object.lesson_id = "lesson of " + collective;
  object.teacher_id = "teacher of " + collective;
  object.kind = kind;
  object.classes = {{"class of " + collective, "school of " + collective}};
  return object;
}

Actor person(CollectiveRole role, const std::string& school = "elsewhere") {
  return Actor::of_person({"somebody", school, "", "", ""}, {{"somebody", "c1", role}});
}

Actor link(LessonRole role, const std::string& collective = "c1") {
  storage::AccessToken token;
  token.lesson_id = "lesson of " + collective;
  token.role = role;
  if (role == LessonRole::Class) token.class_id = "class of " + collective;
  return Actor::of_token(token);
}

Actor lesson_teacher() {
  return Actor::of_person({"teacher of c1", "elsewhere", "", "", ""}, {});
}

const std::map<std::string, Actor>& actors() {
  static const std::map<std::string, Actor> all{
      {"nobody", Actor{}},
      {"signed in, no role", Actor::of_person({"somebody", "elsewhere", "", "", ""}, {})},
      {"lesson teacher", lesson_teacher()},
      {"teacher link", link(LessonRole::Teacher)},
      {"class link", link(LessonRole::Class)},
      {"observer link", link(LessonRole::Observer)},
      {"assistant of a receiving school", person(CollectiveRole::AssistantTeacher, "school of c1")},
      {"administrator", person(CollectiveRole::Administrator)},
      {"chair", person(CollectiveRole::Chair)},
      {"group leader", person(CollectiveRole::GroupLeader)},
      {"other teacher", person(CollectiveRole::Teacher)},
      {"assistant elsewhere", person(CollectiveRole::AssistantTeacher)},
      {"researcher", person(CollectiveRole::Researcher)},
      {"expert", person(CollectiveRole::Expert)},
      {"mentor", person(CollectiveRole::Mentor)},
      {"mentee", person(CollectiveRole::Mentee)},
      {"guest", person(CollectiveRole::Guest)},
  };
  return all;
}

using Names = std::set<std::string>;
const Names kTeaching{"lesson teacher", "teacher link"};
const Names kClasses{"class link", "assistant of a receiving school"};
const Names kStaff{"assistant of a receiving school",
                   "administrator",
                   "chair",
                   "group leader",
                   "other teacher",
                   "assistant elsewhere",
                   "researcher",
                   "expert",
                   "mentor",
                   "mentee"};

Names operator+(Names a, const Names& b) {
  a.insert(b.begin(), b.end());
  return a;
}

Names known() {
  Names all;
  for (const auto& [name, actor] : actors()) all.insert(name);
  all.erase("nobody");
  return all;
}

// Who may, for an ordinary synchronous lesson of the actor's own collective; written from
// PROTOCOL.md, not from the code.
const std::map<Verb, Names>& expected() {
  static const Names kAll = kTeaching + kClasses + kStaff + Names{"observer link"};
  static const std::map<Verb, Names> table{
      {Verb::ListLessons, known()},
      {Verb::ListRecordings, known()},
      {Verb::SeeMetrics, {"administrator"}},
      {Verb::CreateLesson, {"administrator", "other teacher"}},
      {Verb::ViewLesson, kAll},
      {Verb::EnterAsTeacher, kTeaching},
      {Verb::EnterAsClass, kClasses},
      {Verb::EnterAsObserver, kTeaching + kStaff + Names{"observer link"}},
      {Verb::StartLesson, kTeaching},
      {Verb::EndLesson, kTeaching},
      {Verb::CallClass, kTeaching},
      {Verb::MuteOthers, kTeaching},
      {Verb::MuteSelf, kTeaching + kClasses},
      {Verb::RemoveParticipant, kTeaching},
      {Verb::RaiseHand, kClasses},
      {Verb::Chat, kTeaching + kClasses},
      {Verb::SetHeadcount, kClasses},
      {Verb::SendMedia, kTeaching + kClasses},
      {Verb::ReportQuality, kAll},
      {Verb::SeeObserverCount, kTeaching},
      {Verb::SeeLinks, kTeaching},
      {Verb::PublishWhip, kTeaching + kClasses},
      {Verb::PlayWhep, kAll},
      {Verb::PlayStream, kAll},
      {Verb::SeeRecording, kAll},
      {Verb::SeeAttendance,
       kTeaching + Names{"administrator", "chair", "group leader", "researcher", "expert"}},
      {Verb::ManageSources, kTeaching + Names{"administrator"}},
  };
  return table;
}

TEST(Authorize, TheWholeTableOnTheOwnCollective) {
  ASSERT_EQ(expected().size(), static_cast<size_t>(Verb::Count));
  for (const auto& [verb, names] : expected()) {
    for (const auto& [name, actor] : actors()) {
      EXPECT_EQ(authorize(actor, verb, lesson()), names.count(name) == 1)
          << verb_name(verb) << " by " << name;
    }
  }
}

TEST(Authorize, NothingOnAForeignCollective) {
  const std::set<Verb> without_object{Verb::ListLessons, Verb::ListRecordings, Verb::SeeMetrics};
  int cells = 0;
  for (int v = 0; v < static_cast<int>(Verb::Count); ++v) {
    const Verb verb = static_cast<Verb>(v);
    if (without_object.count(verb) != 0) continue;
    for (const auto& [name, actor] : actors()) {
      for (const Object& foreign : {lesson("c2"), lesson("c2", ActivityKind::OpenLesson),
                                    Object::collective("c2"), Object::nothing()}) {
        EXPECT_FALSE(authorize(actor, verb, foreign)) << verb_name(verb) << " by " << name;
        ++cells;
      }
    }
  }
  EXPECT_GT(cells, 1'000);
}

TEST(Authorize, TheTableIsReachedThroughStandingsAlone) {
  for (const auto& [name, actor] : actors()) {
    for (int v = 0; v < static_cast<int>(Verb::Count); ++v) {
      bool granted = false;
      for (int s = 0; s < static_cast<int>(Standing::Count); ++s) {
        granted |= has_standing(actor, static_cast<Standing>(s), lesson()) &&
                   is_granted(static_cast<Verb>(v), static_cast<Standing>(s),
                              ActivityKind::SynchronousLesson);
      }
      EXPECT_EQ(authorize(actor, static_cast<Verb>(v), lesson()), granted) << name;
    }
  }
}

TEST(Authorize, NothingIsGrantedToAnyone) {
  for (int v = 0; v < static_cast<int>(Verb::Count); ++v) {
    EXPECT_FALSE(is_granted(static_cast<Verb>(v), Standing::Anyone, ActivityKind::OpenLesson));
  }
}

TEST(Authorize, ALinkIsGoodForItsOwnLessonAlone) {
  Object sibling = lesson();
  sibling.lesson_id = "another lesson of c1";
  for (const LessonRole role : {LessonRole::Teacher, LessonRole::Class, LessonRole::Observer}) {
    for (int v = static_cast<int>(Verb::ViewLesson); v < static_cast<int>(Verb::Count); ++v) {
      EXPECT_FALSE(authorize(link(role), static_cast<Verb>(v), sibling));
    }
  }
}

TEST(Authorize, AClassThatWasTakenOffTheLessonIsOut) {
  Object object = lesson();
  object.classes = {{"another class", "school"}};
  EXPECT_FALSE(authorize(link(LessonRole::Class), Verb::EnterAsClass, object));
  EXPECT_FALSE(authorize(link(LessonRole::Class), Verb::PublishWhip, object));
}

TEST(Authorize, AConsultationIsPrivateToThoseInIt) {
  const Object object = lesson("c1", ActivityKind::Consultation);
  for (const Verb verb : {Verb::ViewLesson, Verb::EnterAsObserver, Verb::SeeRecording,
                          Verb::PlayWhep, Verb::SeeAttendance}) {
    EXPECT_FALSE(authorize(person(CollectiveRole::Administrator), verb, object)) << verb_name(verb);
    EXPECT_FALSE(authorize(person(CollectiveRole::Researcher), verb, object)) << verb_name(verb);
    EXPECT_FALSE(authorize(link(LessonRole::Observer), verb, object)) << verb_name(verb);
  }
  EXPECT_TRUE(authorize(lesson_teacher(), Verb::SeeRecording, object));
  EXPECT_TRUE(authorize(link(LessonRole::Class), Verb::EnterAsClass, object));
}

TEST(Authorize, NobodyWatchesLessonPreparation) {
  const Object object = lesson("c1", ActivityKind::LessonPrep);
  EXPECT_FALSE(authorize(person(CollectiveRole::Researcher), Verb::EnterAsObserver, object));
  EXPECT_TRUE(authorize(person(CollectiveRole::Researcher), Verb::ViewLesson, object));
}

TEST(Authorize, WhereNobodyOutsideMayWatchThereIsNoStreamForAnyone) {
  for (const ActivityKind kind : {ActivityKind::Consultation, ActivityKind::LessonPrep}) {
    for (const auto& [name, actor] : actors())
      EXPECT_FALSE(authorize(actor, Verb::PlayStream, lesson("c1", kind))) << name;
  }
  const Actor guest = person(CollectiveRole::Guest);
  EXPECT_TRUE(authorize(guest, Verb::PlayStream, lesson("c1", ActivityKind::Lecture)));
  EXPECT_FALSE(authorize(guest, Verb::PlayStream, lesson("c1", ActivityKind::SynchronousLesson)));
}

TEST(Authorize, AGuestSeesOpenLessonsAndLectures) {
  const Actor guest = person(CollectiveRole::Guest);
  EXPECT_TRUE(authorize(guest, Verb::EnterAsObserver, lesson("c1", ActivityKind::OpenLesson)));
  EXPECT_TRUE(authorize(guest, Verb::SeeRecording, lesson("c1", ActivityKind::Lecture)));
  EXPECT_FALSE(authorize(guest, Verb::EnterAsObserver, lesson()));
}

TEST(Authorize, LoopbackOpensMetricsAndNothingElse) {
  Actor local;
  local.loopback = true;
  for (int v = 0; v < static_cast<int>(Verb::Count); ++v) {
    const Verb verb = static_cast<Verb>(v);
    EXPECT_EQ(authorize(local, verb, lesson()), verb == Verb::SeeMetrics) << verb_name(verb);
  }
}

TEST(EntryRole, TeacherBeforeClassBeforeObserver) {
  EXPECT_EQ(entry_role(lesson_teacher(), lesson()), LessonRole::Teacher);
  EXPECT_EQ(entry_role(person(CollectiveRole::AssistantTeacher, "school of c1"), lesson()),
            LessonRole::Class);
  EXPECT_EQ(entry_class(person(CollectiveRole::AssistantTeacher, "school of c1"), lesson()),
            "class of c1");
  EXPECT_EQ(entry_role(person(CollectiveRole::Researcher), lesson()), LessonRole::Observer);
  EXPECT_EQ(entry_role(link(LessonRole::Class), lesson()), LessonRole::Class);
  EXPECT_FALSE(entry_role(person(CollectiveRole::Guest), lesson()).has_value());
  EXPECT_FALSE(entry_role(Actor{}, lesson()).has_value());
  EXPECT_FALSE(
      entry_class(person(CollectiveRole::Researcher, "school of c1"), lesson()).has_value());
}

TEST(Object, OfALessonCarriesItsClassesAndTheirSchools) {
  storage::Lesson row;
  row.id = "l";
  row.collective_id = "c";
  row.teacher_id = "t";
  row.class_ids = {"k"};
  const Object plain = Object::lesson(row);
  EXPECT_EQ(plain.classes.at(0).class_id, "k");
  storage::LessonRoster roster;
  roster.classes.push_back({"k", "s", "", "", "", 0});
  EXPECT_EQ(Object::lesson(row, roster).classes.at(0).school_id, "s");
  EXPECT_EQ(Object::lesson(row).teacher_id, "t");
}

}  // namespace
}  // namespace signaling::auth

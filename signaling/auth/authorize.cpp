#include "signaling/auth/authorize.h"

#include <algorithm>
#include <array>

#include "media/base/check.h"

namespace signaling::auth {

namespace {

using storage::ActivityKind;
using storage::CollectiveRole;
using storage::LessonRole;

using Mask = uint32_t;
static_assert(static_cast<size_t>(Standing::Count) <= 32);

constexpr Mask bit(Standing standing) {
  return Mask{1} << static_cast<unsigned>(standing);
}

template <class... S>
constexpr Mask any_of(S... standings) {
  return (bit(standings) | ...);
}

using enum Standing;

// Who belongs to the lesson's collective, from most to least.
constexpr Mask kStaff =
    any_of(Administrator, Chair, GroupLeader, Teacher, AssistantTeacher, Researcher, Member);
constexpr Mask kInLesson = any_of(LessonTeacher, LessonClass, LessonObserver);

struct Grant {
  Verb verb;
  std::string_view name;
  Mask granted;
};

// The whole policy. What is not named is denied.
constexpr std::array kGrants{
    Grant{Verb::ListLessons, "list-lessons", any_of(Known)},
    Grant{Verb::ListRecordings, "list-recordings", any_of(Known)},
    Grant{Verb::SeeMetrics, "see-metrics", any_of(Loopback, AdministratorSomewhere)},
    Grant{Verb::CreateLesson, "create-lesson", any_of(Administrator, Teacher)},
    Grant{Verb::ViewLesson, "view-lesson", kInLesson | kStaff | bit(Guest)},
    Grant{Verb::EnterAsTeacher, "enter-as-teacher", any_of(LessonTeacher)},
    Grant{Verb::EnterAsClass, "enter-as-class", any_of(LessonClass)},
    // A teacher may look at the own lesson from outside, for example from a second screen.
    Grant{Verb::EnterAsObserver, "enter-as-observer",
          any_of(LessonTeacher, LessonObserver) | kStaff | bit(Guest)},
    Grant{Verb::StartLesson, "start-lesson", any_of(LessonTeacher)},
    Grant{Verb::EndLesson, "end-lesson", any_of(LessonTeacher)},
    Grant{Verb::CallClass, "call-class", any_of(LessonTeacher)},
    Grant{Verb::MuteOthers, "mute-others", any_of(LessonTeacher)},
    Grant{Verb::MuteSelf, "mute-self", any_of(LessonTeacher, LessonClass)},
    Grant{Verb::RemoveParticipant, "remove-participant", any_of(LessonTeacher)},
    Grant{Verb::RaiseHand, "raise-hand", any_of(LessonClass)},
    Grant{Verb::Chat, "chat", any_of(LessonTeacher, LessonClass)},
    Grant{Verb::SetHeadcount, "set-headcount", any_of(LessonClass)},
    Grant{Verb::SendMedia, "send-media", any_of(LessonTeacher, LessonClass)},
    Grant{Verb::ReportQuality, "report-quality", kInLesson | kStaff | bit(Guest)},
    Grant{Verb::SeeObserverCount, "see-observer-count", any_of(LessonTeacher)},
    Grant{Verb::SeeLinks, "see-links", any_of(LessonTeacher)},
    Grant{Verb::PublishWhip, "publish-whip", any_of(LessonTeacher, LessonClass)},
    Grant{Verb::PlayWhep, "play-whep", kInLesson | kStaff | bit(Guest)},
    Grant{Verb::PlayStream, "play-stream", kInLesson | kStaff | bit(Guest)},
    Grant{Verb::SeeRecording, "see-recording", kInLesson | kStaff | bit(Guest)},
    Grant{Verb::SeeAttendance, "see-attendance",
          any_of(LessonTeacher, Administrator, Chair, GroupLeader, Researcher)},
    Grant{Verb::ManageSources, "manage-sources", any_of(LessonTeacher, Administrator)},
};

constexpr bool complete() {
  if (kGrants.size() != static_cast<size_t>(Verb::Count)) return false;
  for (size_t i = 0; i < kGrants.size(); ++i) {
    if (static_cast<size_t>(kGrants[i].verb) != i || kGrants[i].granted == 0) return false;
  }
  return true;
}
static_assert(complete(), "every verb has its row, in order");

// Activities differ in who may look on (mission.md's table): a consultation is private to those in
// it, and nobody watches lesson preparation. A guest sees what is open to guests.
constexpr Mask excluded(Verb verb, ActivityKind kind) {
  const bool open_to_guests = kind == ActivityKind::OpenLesson || kind == ActivityKind::Lecture;
  Mask mask = open_to_guests ? 0 : bit(Guest);
  if (kind == ActivityKind::Consultation) mask |= kStaff | bit(LessonObserver);
  const bool watching =
      verb == Verb::EnterAsObserver || verb == Verb::PlayWhep || verb == Verb::ReportQuality;
  // Nobody outside may watch these two, so that there is no audience to make a stream for.
  const bool has_audience = kind != ActivityKind::Consultation && kind != ActivityKind::LessonPrep;
  if (verb == Verb::PlayStream && !has_audience) mask |= kInLesson | kStaff;
  if (kind == ActivityKind::LessonPrep && watching) mask |= kStaff | bit(LessonObserver);
  return mask;
}

Standing standing_of(CollectiveRole role) {
  switch (role) {
    case CollectiveRole::Administrator:
      return Administrator;
    case CollectiveRole::Chair:
      return Chair;
    case CollectiveRole::GroupLeader:
      return GroupLeader;
    case CollectiveRole::Teacher:
      return Teacher;
    case CollectiveRole::AssistantTeacher:
      return AssistantTeacher;
    case CollectiveRole::Researcher:
    case CollectiveRole::Expert:
      return Researcher;
    case CollectiveRole::Mentor:
    case CollectiveRole::Mentee:
      return Member;
    case CollectiveRole::Guest:
      return Guest;
  }
  return Guest;
}

// A person who looks after a class of the own school when the collective is taught from elsewhere.
bool speaks_for_school(const Actor& actor, const Object& lesson) {
  return std::any_of(actor.roles.begin(), actor.roles.end(), [&](const storage::PersonRole& r) {
    return r.collective_id == lesson.collective_id &&
           (r.role == CollectiveRole::AssistantTeacher || r.role == CollectiveRole::Teacher);
  });
}

Mask link_standings(const Actor& actor, const Object& object) {
  if (object.lesson_id.empty() || actor.lesson_id != object.lesson_id || !actor.role) return 0;
  switch (*actor.role) {
    case LessonRole::Teacher:
      return bit(LessonTeacher);
    case LessonRole::Class:
      return entry_class(actor, object) ? bit(LessonClass) : 0;
    case LessonRole::Observer:
      return bit(LessonObserver);
  }
  return 0;
}

Mask person_standings(const Actor& actor, const Object& object) {
  Mask mask = 0;
  for (const storage::PersonRole& r : actor.roles) {
    if (r.role == CollectiveRole::Administrator) mask |= bit(AdministratorSomewhere);
    if (!object.collective_id.empty() && r.collective_id == object.collective_id)
      mask |= bit(standing_of(r.role));
  }
  if (object.lesson_id.empty()) return mask;
  if (actor.person_id && !object.teacher_id.empty() && *actor.person_id == object.teacher_id)
    mask |= bit(LessonTeacher);
  if (entry_class(actor, object)) mask |= bit(LessonClass);
  return mask;
}

Mask standings(const Actor& actor, const Object& object) {
  Mask mask = bit(Anyone);
  if (actor.loopback) mask |= bit(Loopback);
  switch (actor.kind) {
    case ActorKind::None:
      return mask;
    case ActorKind::Person:
      return mask | bit(Known) | person_standings(actor, object);
    case ActorKind::Link:
      return mask | bit(Known) | link_standings(actor, object);
  }
  return mask;
}

const Grant& grant_of(Verb verb) {
  const auto index = static_cast<size_t>(verb);
  CHECK(index < kGrants.size());
  return kGrants[index];
}

}  // namespace

std::string_view verb_name(Verb verb) {
  return grant_of(verb).name;
}

Object Object::collective(const storage::Id& id) {
  Object object;
  object.collective_id = id;
  return object;
}

Object Object::lesson(const storage::Lesson& lesson) {
  Object object;
  object.collective_id = lesson.collective_id;
  object.lesson_id = lesson.id;
  object.teacher_id = lesson.teacher_id;
  object.kind = lesson.kind;
  for (const storage::Id& id : lesson.class_ids) object.classes.push_back({id, {}});
  return object;
}

Object Object::lesson(const storage::Lesson& lesson, const storage::LessonRoster& roster) {
  Object object = Object::lesson(lesson);
  object.classes.clear();
  for (const storage::RosterClass& row : roster.classes)
    object.classes.push_back({row.class_id, row.school_id});
  return object;
}

bool has_standing(const Actor& actor, Standing standing, const Object& object) {
  return (standings(actor, object) & bit(standing)) != 0;
}

bool is_granted(Verb verb, Standing standing, ActivityKind kind) {
  return (grant_of(verb).granted & ~excluded(verb, kind) & bit(standing)) != 0;
}

bool authorize(const Actor& actor, Verb verb, const Object& object) {
  return (grant_of(verb).granted & ~excluded(verb, object.kind) & standings(actor, object)) != 0;
}

std::optional<storage::LessonRole> entry_role(const Actor& actor, const Object& lesson) {
  if (authorize(actor, Verb::EnterAsTeacher, lesson)) return LessonRole::Teacher;
  if (authorize(actor, Verb::EnterAsClass, lesson)) return LessonRole::Class;
  if (authorize(actor, Verb::EnterAsObserver, lesson)) return LessonRole::Observer;
  return std::nullopt;
}

std::optional<storage::Id> entry_class(const Actor& actor, const Object& lesson) {
  const bool link = actor.kind == ActorKind::Link && actor.role == LessonRole::Class &&
                    actor.class_id && actor.lesson_id == lesson.lesson_id;
  const bool person =
      actor.kind == ActorKind::Person && actor.school_id && speaks_for_school(actor, lesson);
  for (const ReceivingClass& receiving : lesson.classes) {
    if (link && receiving.class_id == *actor.class_id) return receiving.class_id;
    if (person && !receiving.school_id.empty() && receiving.school_id == *actor.school_id)
      return receiving.class_id;
  }
  return std::nullopt;
}

}  // namespace signaling::auth

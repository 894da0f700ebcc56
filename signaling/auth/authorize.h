// The one place that decides who may do what. Pure; denies what its table does not name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "signaling/auth/actor.h"
#include "storage/api/records.h"

namespace signaling::auth {

// Everything in PROTOCOL.md that somebody may be refused.
enum class Verb : uint8_t {
  // no object
  ListLessons,  // the list itself is filtered by the database
  ListRecordings,
  SeeMetrics,
  // a collective
  CreateLesson,
  // a lesson
  ViewLesson,
  EnterAsTeacher,
  EnterAsClass,
  EnterAsObserver,
  StartLesson,
  EndLesson,
  CallClass,  // also release
  MuteOthers,
  MuteSelf,
  RemoveParticipant,  // also readmit
  RaiseHand,
  Chat,
  SetHeadcount,
  SendMedia,      // the microphone, camera and screen sections of an offer
  ReportQuality,  // quality, ping, slots, wall, limit: what every participant does
  SeeObserverCount,
  SeeLinks,  // link figures of all participants
  PublishWhip,
  PlayWhep,
  PlayStream,  // the HLS stream: for audiences, so only where somebody outside may watch
  SeeRecording,
  SeeAttendance,
  ManageSources,  // its recorders and encoders: their addresses and keys too
  Count
};

std::string_view verb_name(Verb verb);  // "view-lesson", for the audit

struct ReceivingClass {
  storage::Id class_id;
  storage::Id school_id;
};

// What is asked for. Verbs without an object ignore it.
struct Object {
  storage::Id collective_id;
  storage::Id lesson_id;  // empty: the collective itself
  storage::Id teacher_id;
  storage::ActivityKind kind = storage::ActivityKind::SynchronousLesson;
  std::vector<ReceivingClass> classes;

  static Object nothing() { return {}; }
  static Object collective(const storage::Id& id);
  // `roster` adds the classes' schools, which EnterAsClass needs for a signed-in assistant teacher;
  // links do without.
  static Object lesson(const storage::Lesson& lesson);
  static Object lesson(const storage::Lesson& lesson, const storage::LessonRoster& roster);
};

// What an actor is to an object; an actor may be several things at once.
enum class Standing : uint8_t {
  Anyone,  // also without a credential
  Known,   // any valid credential
  Loopback,
  AdministratorSomewhere,
  LessonTeacher,   // teaches it, by account or by link
  LessonClass,     // a receiving class by link, or an assistant teacher or teacher of its school
  LessonObserver,  // by link
  Administrator,   // these in the object's collective
  Chair,
  GroupLeader,
  Teacher,
  AssistantTeacher,
  Researcher,  // also expert
  Member,      // mentor, mentee
  Guest,
  Count
};

bool authorize(const Actor& actor, Verb verb, const Object& object);

// The role in which the actor enters the lesson when it does not say: teacher before class before
// observer. Unset: may not enter at all.
std::optional<storage::LessonRole> entry_role(const Actor& actor, const Object& lesson);

// The class that the actor speaks for in the lesson: the link's, or the receiving class of the
// person's school.
std::optional<storage::Id> entry_class(const Actor& actor, const Object& lesson);

// For the test that walks the whole table.
bool has_standing(const Actor& actor, Standing standing, const Object& object);
bool is_granted(Verb verb, Standing standing, storage::ActivityKind kind);

}  // namespace signaling::auth

// The database as the rest of the program sees it. Synchronous; lives on the storage thread; all
// SQL is behind it. Callers on other threads go through StorageThread
// (storage/sql/storage_thread.h), which runs a function on the storage thread and brings its result
// back.
//
// Ids are those given; a row that names another (a class its school) needs that one first. A second
// row with the same id, a missing parent or a value out of range is an EnvError that says which
// rule was broken. Every method either does all of what it says or nothing (one transaction).
// EnvError: the database failed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "media/base/result.h"
#include "storage/api/records.h"

namespace storage {

template <class T>
using Outcome = media::Outcome<T>;

class Store {
 public:
  virtual ~Store() = default;

  // ---- bodies and people: inserts with the ids given; replace nothing ----
  virtual Outcome<void> add_authority(const Authority& row) = 0;
  virtual Outcome<void> add_collective(const Collective& row) = 0;
  virtual Outcome<void> add_school(const School& row) = 0;
  virtual Outcome<void> add_membership(const Membership& row) = 0;
  virtual Outcome<void> add_class(const SchoolClass& row) = 0;
  virtual Outcome<void> add_person(const Person& row) = 0;
  virtual Outcome<void> add_person_role(const PersonRole& row) = 0;
  virtual Outcome<std::vector<Collective>> collectives() = 0;
  virtual Outcome<std::optional<Collective>> collective(const Id& id) = 0;
  virtual Outcome<std::optional<School>> school(const Id& id) = 0;
  virtual Outcome<std::optional<SchoolClass>> school_class(const Id& id) = 0;
  virtual Outcome<std::optional<Person>> person(const Id& id) = 0;
  virtual Outcome<std::optional<Person>> person_by_login(const std::string& login) = 0;
  virtual Outcome<std::vector<PersonRole>> roles_of(const Id& person_id) = 0;
  // False when there is no such person. Also signs the person out everywhere: a changed password
  // ends old sessions.
  virtual Outcome<bool> set_password(const Id& person_id, const std::string& password_hash) = 0;
  // After Argon2id's cost was raised: same password, new hash, sessions stay. False when `old_hash`
  // is no longer it.
  virtual Outcome<bool> replace_password_hash(const Id& person_id, const std::string& old_hash,
                                              const std::string& new_hash) = 0;
  virtual Outcome<void> remove_person_role(const PersonRole& row) = 0;
  virtual Outcome<std::vector<Authority>> authorities() = 0;
  virtual Outcome<std::vector<SchoolInCollective>> schools_of_collective(
      const Id& collective_id) = 0;
  virtual Outcome<std::vector<SchoolClass>> classes_of_school(const Id& school_id) = 0;
  // By name; people with at least one role there.
  virtual Outcome<std::vector<PersonInCollective>> people_of_collective(const Id& collective_id,
                                                                        Page page) = 0;

  // ---- lessons ----
  virtual Outcome<void> add_lesson(const Lesson& row) = 0;  // with its classes
  virtual Outcome<std::optional<Lesson>> lesson(const Id& id) = 0;
  // Lessons that a person may see (teacher of it, or any role in its collective), newest scheduled
  // first. Consultations are private: only their teacher and classes have them in a list.
  virtual Outcome<std::vector<Lesson>> lessons_for_person(const Id& person_id, int limit) = 0;
  virtual Outcome<std::vector<Lesson>> lessons_for_class(const Id& class_id, int limit) = 0;
  virtual Outcome<std::vector<Lesson>> lessons_in_state(LessonState state) = 0;
  // Every lesson, newest scheduled first: for the operator's list.
  virtual Outcome<std::vector<Lesson>> lessons(Page page) = 0;
  virtual Outcome<std::optional<LessonRoster>> lesson_roster(const Id& id) = 0;
  // Forward only: Scheduled -> Live -> Ended. False when the lesson is not in the state before.
  virtual Outcome<bool> set_lesson_live(const Id& id, int64_t wall_us) = 0;
  virtual Outcome<bool> set_lesson_ended(const Id& id, int64_t wall_us) = 0;

  // ---- credentials ----
  virtual Outcome<void> add_token(const AccessToken& row) = 0;
  virtual Outcome<std::optional<AccessToken>> token_by_hash(const std::string& secret_hash) = 0;
  virtual Outcome<std::vector<AccessToken>> tokens_of_lesson(const Id& lesson_id) = 0;
  // Also ends the sessions that were entered by it.
  virtual Outcome<void> revoke_token(const std::string& secret_hash) = 0;
  virtual Outcome<void> add_session(const LoginSession& row) = 0;
  virtual Outcome<std::optional<LoginSession>> session_by_hash(const std::string& secret_hash) = 0;
  virtual Outcome<void> remove_session(const std::string& secret_hash) = 0;
  // Tokens and sessions that ended at `wall_us` or before.
  virtual Outcome<void> remove_expired(int64_t wall_us) = 0;

  // ---- recorders and encoders ----
  // Refused when the lesson has `most` already. `key`, for RtmpPush, is stored with it: both or
  // neither.
  virtual Outcome<bool> add_source(const LessonSource& row, const std::optional<AccessToken>& key,
                                   int most) = 0;
  // In the order in which they were added.
  virtual Outcome<std::vector<LessonSource>> sources_of_lesson(const Id& lesson_id) = 0;
  // Name, role and whether it is enabled. False: the lesson has no such source.
  virtual Outcome<bool> change_source(const LessonSource& row) = 0;
  // Its key is revoked with it. False: the lesson has no such source.
  virtual Outcome<bool> remove_source(const Id& lesson_id, const Id& id) = 0;

  // ---- the timeline ----
  // Each lesson's events must continue its sequence without a gap, otherwise nothing is stored and
  // the error says which number was expected.
  virtual Outcome<void> append_events(const std::vector<LessonEvent>& events) = 0;
  virtual Outcome<std::vector<LessonEvent>> events(const Id& lesson_id, int64_t after_sequence,
                                                   int limit) = 0;
  virtual Outcome<int64_t> last_event_sequence(const Id& lesson_id) = 0;

  virtual Outcome<int64_t> open_attendance(const AttendanceSpan& row) = 0;  // returns its id
  virtual Outcome<void> touch_attendance(const Id& lesson_id,
                                         int64_t session_us) = 0;  // all open spans
  virtual Outcome<void> set_attendance_headcount(int64_t id, int headcount) = 0;
  virtual Outcome<void> close_attendance(int64_t id, int64_t session_us) = 0;
  virtual Outcome<std::vector<AttendanceSpan>> attendance(const Id& lesson_id) = 0;
  // After a crash: open spans end at last_seen_us. Returns how many.
  virtual Outcome<int> close_stale_attendance() = 0;

  // ---- recordings ----
  virtual Outcome<void> add_segment(const RecordingSegment& row) = 0;
  virtual Outcome<void> finish_segment(const Id& id, int64_t end_us,
                                       const std::string& clock_mapping, SegmentState state) = 0;
  virtual Outcome<std::vector<RecordingSegment>> segments(const Id& lesson_id) = 0;
  virtual Outcome<std::optional<RecordingSegment>> segment(const Id& id) = 0;
  virtual Outcome<std::vector<RecordingSegment>> segments_in_state(SegmentState state) = 0;

  // Ended lessons with at least one file, newest first: what a person (as in lessons_for_person) or
  // a class may see.
  virtual Outcome<std::vector<RecordedLesson>> recordings_for_person(const Id& person_id,
                                                                     Page page) = 0;
  virtual Outcome<std::vector<RecordedLesson>> recordings_for_class(const Id& class_id,
                                                                    Page page) = 0;

  // ---- audit ----
  virtual Outcome<void> add_audit(const AuditEntry& row) = 0;
  virtual Outcome<std::vector<AuditEntry>> audit(int limit) = 0;  // newest first

  // ---- the file itself ----
  // What is wrong with the database (pages, indexes, references), one sentence each; empty when it
  // is sound.
  virtual Outcome<std::vector<std::string>> check_integrity() = 0;
};

}  // namespace storage

// The class behind open_store(); nobody outside storage/sql includes this. Its methods are spread
// over sqlite_store_*.cpp by area, as storage/api/store.h is.
#pragma once

#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "storage/api/store.h"
#include "storage/sql/soci.h"

namespace storage::sql {

// A request that contradicts the present rows, as a sentence; ends the transaction.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class SqliteStore final : public Store {
 public:
  // Throws soci::soci_error; open_store() is the seam.
  explicit SqliteStore(const std::filesystem::path& file);

  soci::session& session() { return session_; }

  Outcome<void> add_authority(const Authority& row) override;
  Outcome<void> add_collective(const Collective& row) override;
  Outcome<void> add_school(const School& row) override;
  Outcome<void> add_membership(const Membership& row) override;
  Outcome<void> add_class(const SchoolClass& row) override;
  Outcome<void> add_person(const Person& row) override;
  Outcome<void> add_person_role(const PersonRole& row) override;
  Outcome<std::vector<Collective>> collectives() override;
  Outcome<std::optional<Collective>> collective(const Id& id) override;
  Outcome<std::optional<School>> school(const Id& id) override;
  Outcome<std::optional<SchoolClass>> school_class(const Id& id) override;
  Outcome<std::optional<Person>> person(const Id& id) override;
  Outcome<std::optional<Person>> person_by_login(const std::string& login) override;
  Outcome<std::vector<PersonRole>> roles_of(const Id& person_id) override;
  Outcome<bool> set_password(const Id& person_id, const std::string& password_hash) override;
  Outcome<bool> replace_password_hash(const Id& person_id, const std::string& old_hash,
                                      const std::string& new_hash) override;
  Outcome<void> remove_person_role(const PersonRole& row) override;
  Outcome<std::vector<Authority>> authorities() override;
  Outcome<std::vector<SchoolInCollective>> schools_of_collective(const Id& collective_id) override;
  Outcome<std::vector<SchoolClass>> classes_of_school(const Id& school_id) override;
  Outcome<std::vector<PersonInCollective>> people_of_collective(const Id& collective_id,
                                                                Page page) override;

  Outcome<void> add_lesson(const Lesson& row) override;
  Outcome<std::optional<Lesson>> lesson(const Id& id) override;
  Outcome<std::vector<Lesson>> lessons_for_person(const Id& person_id, int limit) override;
  Outcome<std::vector<Lesson>> lessons_for_class(const Id& class_id, int limit) override;
  Outcome<std::vector<Lesson>> lessons_in_state(LessonState state) override;
  Outcome<std::vector<Lesson>> lessons(Page page) override;
  Outcome<std::optional<LessonRoster>> lesson_roster(const Id& id) override;
  Outcome<bool> set_lesson_live(const Id& id, int64_t wall_us) override;
  Outcome<bool> set_lesson_ended(const Id& id, int64_t wall_us) override;

  Outcome<void> add_token(const AccessToken& row) override;
  Outcome<std::optional<AccessToken>> token_by_hash(const std::string& secret_hash) override;
  Outcome<std::vector<AccessToken>> tokens_of_lesson(const Id& lesson_id) override;
  Outcome<void> revoke_token(const std::string& secret_hash) override;
  Outcome<void> add_session(const LoginSession& row) override;
  Outcome<std::optional<LoginSession>> session_by_hash(const std::string& secret_hash) override;
  Outcome<void> remove_session(const std::string& secret_hash) override;
  Outcome<void> remove_expired(int64_t wall_us) override;

  Outcome<bool> add_source(const LessonSource& row, const std::optional<AccessToken>& key,
                           int most) override;
  Outcome<std::vector<LessonSource>> sources_of_lesson(const Id& lesson_id) override;
  Outcome<bool> change_source(const LessonSource& row) override;
  Outcome<bool> remove_source(const Id& lesson_id, const Id& id) override;

  Outcome<void> append_events(const std::vector<LessonEvent>& events) override;
  Outcome<std::vector<LessonEvent>> events(const Id& lesson_id, int64_t after_sequence,
                                           int limit) override;
  Outcome<int64_t> last_event_sequence(const Id& lesson_id) override;
  Outcome<int64_t> open_attendance(const AttendanceSpan& row) override;
  Outcome<void> touch_attendance(const Id& lesson_id, int64_t session_us) override;
  Outcome<void> set_attendance_headcount(int64_t id, int headcount) override;
  Outcome<void> close_attendance(int64_t id, int64_t session_us) override;
  Outcome<std::vector<AttendanceSpan>> attendance(const Id& lesson_id) override;
  Outcome<int> close_stale_attendance() override;

  Outcome<void> add_segment(const RecordingSegment& row) override;
  Outcome<void> finish_segment(const Id& id, int64_t end_us, const std::string& clock_mapping,
                               SegmentState state) override;
  Outcome<std::vector<RecordingSegment>> segments(const Id& lesson_id) override;
  Outcome<std::optional<RecordingSegment>> segment(const Id& id) override;
  Outcome<std::vector<RecordingSegment>> segments_in_state(SegmentState state) override;
  Outcome<std::vector<RecordedLesson>> recordings_for_person(const Id& person_id,
                                                             Page page) override;
  Outcome<std::vector<RecordedLesson>> recordings_for_class(const Id& class_id, Page page) override;

  Outcome<void> add_audit(const AuditEntry& row) override;
  Outcome<std::vector<AuditEntry>> audit(int limit) override;
  Outcome<std::vector<std::string>> check_integrity() override;

 private:
  // Runs `work` and turns what it throws into an EnvError that begins with `what`.
  template <class Work>
  static auto read(const char* what, Work&& work) -> Outcome<std::invoke_result_t<Work&>> {
    try {
      if constexpr (std::is_void_v<std::invoke_result_t<Work&>>) {
        work();
        return {};
      } else {
        return work();
      }
    } catch (const std::exception& error) {
      return media::env_fail(fmt::format("cannot {}: {}", what, error.what()));
    }
  }

  // The same within one transaction: all of `work` or nothing.
  template <class Work>
  auto write(const char* what, Work&& work) -> Outcome<std::invoke_result_t<Work&>> {
    return read(what, [&] {
      soci::transaction transaction(session_);
      if constexpr (std::is_void_v<std::invoke_result_t<Work&>>) {
        work();
        transaction.commit();
      } else {
        auto result = work();
        transaction.commit();
        return result;
      }
    });
  }

  void insert_token(const AccessToken& row);
  void retire_token(const std::string& secret_hash);
  // Rows that the statement before has changed.
  int64_t changed();
  void fill_classes(std::vector<Lesson>& lessons);
  std::vector<RecordedLesson> recordings_where(const std::string& condition, const Id& id,
                                               Page page);

  soci::session session_;
};

}  // namespace storage::sql

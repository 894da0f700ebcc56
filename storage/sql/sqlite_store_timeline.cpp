// What happened in a lesson: events and attendance.
#include <map>

#include "storage/sql/rows.h"
#include "storage/sql/sqlite_store.h"

namespace storage::sql {

namespace {

struct EventReader {
  static const char* columns() { return "lesson_id, sequence, session_us, wall_us, kind, payload"; }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.lesson_id));
    s.exchange(soci::into(row.sequence));
    s.exchange(soci::into(row.session_us));
    s.exchange(soci::into(row.wall_us));
    s.exchange(soci::into(row.kind));
    s.exchange(soci::into(row.payload));
  }
  LessonEvent take() { return row; }
  LessonEvent row;
};

struct AttendanceReader {
  static const char* columns() {
    return "id, lesson_id, participant, COALESCE(class_id, ''), name, headcount, joined_us, "
           "CASE WHEN left_us IS NULL THEN 1 ELSE 0 END, COALESCE(left_us, 0), last_seen_us";
  }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.id));
    s.exchange(soci::into(row.lesson_id));
    s.exchange(soci::into(row.participant));
    s.exchange(soci::into(class_id));
    s.exchange(soci::into(row.name));
    s.exchange(soci::into(row.headcount));
    s.exchange(soci::into(row.joined_us));
    s.exchange(soci::into(open));
    s.exchange(soci::into(left_us));
    s.exchange(soci::into(row.last_seen_us));
  }
  AttendanceSpan take() {
    row.class_id = optional(class_id);
    row.left_us = open != 0 ? std::nullopt : std::optional(left_us);
    return row;
  }
  AttendanceSpan row;
  std::string class_id;
  int open = 0;
  int64_t left_us = 0;
};

int64_t last_sequence(soci::session& session, const Id& lesson_id) {
  int64_t last = 0;
  session << "SELECT COALESCE(MAX(sequence), 0) FROM lesson_event WHERE lesson_id = :id",
      soci::use(lesson_id), soci::into(last);
  return last;
}

}  // namespace

Outcome<void> SqliteStore::append_events(const std::vector<LessonEvent>& events) {
  return write("append to the timeline", [&] {
    LessonEvent row;
    soci::statement insert =
        (session_.prepare << "INSERT INTO lesson_event (lesson_id, sequence, session_us, wall_us, "
                             "kind, payload) "
                             "VALUES (:lesson, :sequence, :session, :wall, :kind, :payload)",
         soci::use(row.lesson_id), soci::use(row.sequence), soci::use(row.session_us),
         soci::use(row.wall_us), soci::use(row.kind), soci::use(row.payload));
    std::map<Id, int64_t> last;
    for (const LessonEvent& event : events) {
      auto found = last.find(event.lesson_id);
      if (found == last.end()) {
        found = last.emplace(event.lesson_id, last_sequence(session_, event.lesson_id)).first;
      }
      if (event.sequence != found->second + 1) {
        throw Refused(fmt::format("event {} of lesson {} does not follow; {} was expected",
                                  event.sequence, event.lesson_id, found->second + 1));
      }
      found->second = event.sequence;
      row = event;
      insert.execute(true);
    }
  });
}

Outcome<std::vector<LessonEvent>> SqliteStore::events(const Id& lesson_id, int64_t after_sequence,
                                                      int limit) {
  return read("read the timeline", [&] {
    return select<EventReader>(session_,
                               "FROM lesson_event WHERE lesson_id = :id AND sequence > :after "
                               "ORDER BY sequence LIMIT :limit",
                               soci::use(lesson_id), soci::use(after_sequence), soci::use(limit));
  });
}

Outcome<int64_t> SqliteStore::last_event_sequence(const Id& lesson_id) {
  return read("read the timeline", [&] { return last_sequence(session_, lesson_id); });
}

Outcome<int64_t> SqliteStore::open_attendance(const AttendanceSpan& row) {
  return write("open the attendance", [&] {
    int64_t id = 0;
    session_ << "SELECT COALESCE(MAX(id), 0) + 1 FROM attendance_span", soci::into(id);
    const std::string class_id = row.class_id.value_or("");
    const int64_t last_seen = std::max(row.last_seen_us, row.joined_us);
    session_ << "INSERT INTO attendance_span (id, lesson_id, participant, class_id, name, "
                "headcount, joined_us, "
                "last_seen_us) VALUES (:id, :lesson, :participant, NULLIF(:class, ''), :name, "
                ":headcount, :joined, :seen)",
        soci::use(id), soci::use(row.lesson_id), soci::use(row.participant), soci::use(class_id),
        soci::use(row.name), soci::use(row.headcount), soci::use(row.joined_us),
        soci::use(last_seen);
    return id;
  });
}

Outcome<void> SqliteStore::touch_attendance(const Id& lesson_id, int64_t session_us) {
  return write("refresh the attendance", [&] {
    session_ << "UPDATE attendance_span SET last_seen_us = :now WHERE lesson_id = :lesson AND "
                "left_us IS NULL "
                "AND last_seen_us < :now",
        soci::use(session_us, "now"), soci::use(lesson_id, "lesson");
  });
}

Outcome<void> SqliteStore::set_attendance_headcount(int64_t id, int headcount) {
  return write("set the headcount", [&] {
    session_ << "UPDATE attendance_span SET headcount = :headcount WHERE id = :id",
        soci::use(headcount), soci::use(id);
  });
}

Outcome<void> SqliteStore::close_attendance(int64_t id, int64_t session_us) {
  return write("close the attendance", [&] {
    session_ << "UPDATE attendance_span SET left_us = MAX(:now, joined_us), last_seen_us = "
                "MAX(:now, last_seen_us) "
                "WHERE id = :id AND left_us IS NULL",
        soci::use(session_us, "now"), soci::use(id, "id");
  });
}

Outcome<std::vector<AttendanceSpan>> SqliteStore::attendance(const Id& lesson_id) {
  return read("read the attendance", [&] {
    return select<AttendanceReader>(
        session_, "FROM attendance_span WHERE lesson_id = :id ORDER BY joined_us, id",
        soci::use(lesson_id));
  });
}

Outcome<int> SqliteStore::close_stale_attendance() {
  return write("close attendance left open", [&] {
    session_ << "UPDATE attendance_span SET left_us = last_seen_us WHERE left_us IS NULL";
    return static_cast<int>(changed());
  });
}

}  // namespace storage::sql

// Recordings: the files of a lesson, and the library.
#include "storage/sql/rows.h"
#include "storage/sql/sqlite_store.h"

namespace storage::sql {

namespace {

struct SegmentReader {
  static const char* columns() {
    return "id, lesson_id, participant, name, role, source, codec, file, start_us, end_us, "
           "clock_mapping, state";
  }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.id));
    s.exchange(soci::into(row.lesson_id));
    s.exchange(soci::into(row.participant));
    s.exchange(soci::into(row.name));
    s.exchange(soci::into(row.role));
    s.exchange(soci::into(row.source));
    s.exchange(soci::into(row.codec));
    s.exchange(soci::into(row.file));
    s.exchange(soci::into(row.start_us));
    s.exchange(soci::into(row.end_us));
    s.exchange(soci::into(row.clock_mapping));
    s.exchange(soci::into(state));
  }
  RecordingSegment take() {
    row.state = stored<SegmentState>(state);
    return row;
  }
  RecordingSegment row;
  std::string state;
};

// A lesson with the figures of its files, from a join with recording_segment r grouped by lesson.
struct RecordedReader {
  static const char* columns() {
    return "l.id, l.collective_id, l.kind, l.topic, l.subject, l.grade, l.unit, l.host_school_id, "
           "l.teacher_id, "
           "l.state, l.scheduled_at, l.started_at, l.ended_at, COUNT(r.id), MAX(r.end_us)";
  }
  void bind(soci::statement& s) {
    lesson.bind(s);
    s.exchange(soci::into(row.segments));
    s.exchange(soci::into(row.duration_us));
  }
  RecordedLesson take() {
    row.lesson = lesson.take();
    return row;
  }
  LessonReader lesson;
  RecordedLesson row;
};

}  // namespace

Outcome<void> SqliteStore::add_segment(const RecordingSegment& row) {
  return write("add the recording segment", [&] {
    const std::string state = word(row.state);
    session_ << "INSERT INTO recording_segment (id, lesson_id, participant, name, role, source, "
                "codec, file, start_us, "
                "end_us, clock_mapping, state) VALUES (:id, :lesson, :participant, :name, :role, "
                ":source, :codec, :file, "
                ":start, :end, :clock, :state)",
        soci::use(row.id), soci::use(row.lesson_id), soci::use(row.participant),
        soci::use(row.name), soci::use(row.role), soci::use(row.source), soci::use(row.codec),
        soci::use(row.file), soci::use(row.start_us), soci::use(row.end_us),
        soci::use(row.clock_mapping), soci::use(state);
  });
}

Outcome<void> SqliteStore::finish_segment(const Id& id, int64_t end_us,
                                          const std::string& clock_mapping, SegmentState state) {
  return write("finish the recording segment", [&] {
    const std::string name = word(state);
    session_ << "UPDATE recording_segment SET end_us = :end, clock_mapping = :clock, state = "
                ":state WHERE id = :id",
        soci::use(end_us), soci::use(clock_mapping), soci::use(name), soci::use(id);
    if (changed() != 1) throw Refused(fmt::format("there is no segment {}", id));
  });
}

Outcome<std::vector<RecordingSegment>> SqliteStore::segments(const Id& lesson_id) {
  return read("list recording segments", [&] {
    return select<SegmentReader>(
        session_, "FROM recording_segment WHERE lesson_id = :id ORDER BY start_us, file",
        soci::use(lesson_id));
  });
}

Outcome<std::optional<RecordingSegment>> SqliteStore::segment(const Id& id) {
  return read("read the recording segment", [&] {
    return first(
        select<SegmentReader>(session_, "FROM recording_segment WHERE id = :id", soci::use(id)));
  });
}

Outcome<std::vector<RecordingSegment>> SqliteStore::segments_in_state(SegmentState state) {
  return read("list recording segments", [&] {
    const std::string name = word(state);
    return select<SegmentReader>(
        session_, "FROM recording_segment WHERE state = :state ORDER BY lesson_id, start_us, file",
        soci::use(name));
  });
}

std::vector<RecordedLesson> SqliteStore::recordings_where(const std::string& condition,
                                                          const Id& id, Page page) {
  const int limit = page_limit(page.limit);
  auto rows = select<RecordedReader>(
      session_,
      "FROM lesson l JOIN recording_segment r ON r.lesson_id = l.id AND r.state <> 'broken' WHERE "
      "l.state = 'ended' AND (" +
          condition +
          ") GROUP BY l.id ORDER BY l.started_at DESC, l.id LIMIT :limit OFFSET :offset",
      soci::use(id, "id"), soci::use(limit, "limit"), soci::use(page.offset, "offset"));
  for (RecordedLesson& row : rows) {
    std::vector<Lesson> one{std::move(row.lesson)};
    fill_classes(one);
    row.lesson = std::move(one.front());
  }
  return rows;
}

Outcome<std::vector<RecordedLesson>> SqliteStore::recordings_for_person(const Id& person_id,
                                                                        Page page) {
  return read("list recordings", [&] {
    return recordings_where(
        "l.teacher_id = :id OR (l.kind <> 'consultation' AND l.collective_id IN "
        "(SELECT p.collective_id FROM person_role p WHERE p.person_id = :id))",
        person_id, page);
  });
}

Outcome<std::vector<RecordedLesson>> SqliteStore::recordings_for_class(const Id& class_id,
                                                                       Page page) {
  return read("list recordings", [&] {
    return recordings_where(
        "l.id IN (SELECT c.lesson_id FROM lesson_class c WHERE c.class_id = :id)", class_id, page);
  });
}

}  // namespace storage::sql

// Lessons: who teaches what to which classes.
#include "storage/sql/rows.h"
#include "storage/sql/sqlite_store.h"

namespace storage::sql {

namespace {

constexpr char kNewestFirst[] = " ORDER BY l.scheduled_at DESC, l.id LIMIT :limit";

struct IdReader {
  static const char* columns() { return "class_id"; }
  void bind(soci::statement& s) { s.exchange(soci::into(id)); }
  Id take() { return id; }
  Id id;
};

struct RosterHeadReader {
  static const char* columns() { return "s.name, p.name"; }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.host_school));
    s.exchange(soci::into(row.teacher));
  }
  LessonRoster take() { return row; }
  LessonRoster row;
};

struct RosterClassReader {
  static const char* columns() { return "c.id, c.school_id, c.name, c.grade, s.name, c.headcount"; }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.class_id));
    s.exchange(soci::into(row.school_id));
    s.exchange(soci::into(row.name));
    s.exchange(soci::into(row.grade));
    s.exchange(soci::into(row.school));
    s.exchange(soci::into(row.headcount));
  }
  RosterClass take() { return row; }
  RosterClass row;
};

}  // namespace

void LessonReader::bind(soci::statement& s) {
  s.exchange(soci::into(row.id));
  s.exchange(soci::into(row.collective_id));
  s.exchange(soci::into(kind));
  s.exchange(soci::into(row.topic));
  s.exchange(soci::into(row.subject));
  s.exchange(soci::into(row.grade));
  s.exchange(soci::into(row.unit));
  s.exchange(soci::into(row.host_school_id));
  s.exchange(soci::into(row.teacher_id));
  s.exchange(soci::into(state));
  s.exchange(soci::into(row.scheduled_at));
  s.exchange(soci::into(row.started_at));
  s.exchange(soci::into(row.ended_at));
}

Lesson LessonReader::take() {
  row.kind = stored<ActivityKind>(kind);
  row.state = stored<LessonState>(state);
  return row;
}

void SqliteStore::fill_classes(std::vector<Lesson>& lessons) {
  for (Lesson& row : lessons) {
    row.class_ids = select<IdReader>(
        session_, "FROM lesson_class WHERE lesson_id = :id ORDER BY position", soci::use(row.id));
  }
}

Outcome<void> SqliteStore::add_lesson(const Lesson& row) {
  return write("add the lesson", [&] {
    const std::string kind = word(row.kind);
    const std::string state = word(row.state);
    session_ << "INSERT INTO lesson (id, collective_id, kind, topic, subject, grade, unit, "
                "host_school_id, teacher_id, "
                "state, scheduled_at, started_at, ended_at) VALUES (:id, :collective, :kind, "
                ":topic, :subject, :grade, "
                ":unit, :host, :teacher, :state, :scheduled, :started, :ended)",
        soci::use(row.id), soci::use(row.collective_id), soci::use(kind), soci::use(row.topic),
        soci::use(row.subject), soci::use(row.grade), soci::use(row.unit),
        soci::use(row.host_school_id), soci::use(row.teacher_id), soci::use(state),
        soci::use(row.scheduled_at), soci::use(row.started_at), soci::use(row.ended_at);
    int position = 0;
    for (const Id& class_id : row.class_ids) {
      session_ << "INSERT INTO lesson_class (lesson_id, class_id, position) VALUES (:lesson, "
                  ":class, :position)",
          soci::use(row.id), soci::use(class_id), soci::use(position);
      ++position;
    }
  });
}

Outcome<std::optional<Lesson>> SqliteStore::lesson(const Id& id) {
  return read("read the lesson", [&] {
    auto rows = select<LessonReader>(session_, "FROM lesson l WHERE l.id = :id", soci::use(id));
    fill_classes(rows);
    return first(std::move(rows));
  });
}

Outcome<std::vector<Lesson>> SqliteStore::lessons_for_person(const Id& person_id, int limit) {
  return read("list the person's lessons", [&] {
    const int rows_wanted = page_limit(limit);
    auto rows = select<LessonReader>(
        session_,
        std::string("FROM lesson l WHERE (l.teacher_id = :person OR (l.kind <> 'consultation' AND "
                    "l.collective_id IN "
                    "(SELECT r.collective_id FROM person_role r WHERE r.person_id = :person)))") +
            kNewestFirst,
        soci::use(person_id, "person"), soci::use(rows_wanted, "limit"));
    fill_classes(rows);
    return rows;
  });
}

Outcome<std::vector<Lesson>> SqliteStore::lessons_for_class(const Id& class_id, int limit) {
  return read("list the class's lessons", [&] {
    const int rows_wanted = page_limit(limit);
    auto rows = select<LessonReader>(
        session_,
        std::string(
            "FROM lesson l JOIN lesson_class c ON c.lesson_id = l.id WHERE c.class_id = :class") +
            kNewestFirst,
        soci::use(class_id), soci::use(rows_wanted));
    fill_classes(rows);
    return rows;
  });
}

Outcome<std::vector<Lesson>> SqliteStore::lessons_in_state(LessonState state) {
  return read("list lessons", [&] {
    const std::string name = word(state);
    auto rows = select<LessonReader>(
        session_, "FROM lesson l WHERE l.state = :state ORDER BY l.scheduled_at DESC, l.id",
        soci::use(name));
    fill_classes(rows);
    return rows;
  });
}

Outcome<std::vector<Lesson>> SqliteStore::lessons(Page page) {
  return read("list lessons", [&] {
    const int limit = page_limit(page.limit);
    auto rows = select<LessonReader>(
        session_, std::string("FROM lesson l") + kNewestFirst + " OFFSET :offset", soci::use(limit),
        soci::use(page.offset));
    fill_classes(rows);
    return rows;
  });
}

Outcome<std::optional<LessonRoster>> SqliteStore::lesson_roster(const Id& id) {
  return read("read the lesson's roster", [&] {
    auto roster =
        first(select<RosterHeadReader>(session_,
                                       "FROM lesson l JOIN school s ON s.id = l.host_school_id "
                                       "JOIN person p ON p.id = l.teacher_id WHERE l.id = :id",
                                       soci::use(id)));
    if (!roster) return roster;
    roster->classes =
        select<RosterClassReader>(session_,
                                  "FROM lesson_class lc JOIN school_class c ON c.id = lc.class_id "
                                  "JOIN school s ON s.id = c.school_id WHERE lc.lesson_id = :id "
                                  "ORDER BY lc.position",
                                  soci::use(id));
    return roster;
  });
}

Outcome<bool> SqliteStore::set_lesson_live(const Id& id, int64_t wall_us) {
  return write("start the lesson", [&] {
    session_ << "UPDATE lesson SET state = 'live', started_at = :now WHERE id = :id AND state = "
                "'scheduled'",
        soci::use(wall_us), soci::use(id);
    return changed() == 1;
  });
}

Outcome<bool> SqliteStore::set_lesson_ended(const Id& id, int64_t wall_us) {
  return write("end the lesson", [&] {
    session_
        << "UPDATE lesson SET state = 'ended', ended_at = :now WHERE id = :id AND state = 'live'",
        soci::use(wall_us), soci::use(id);
    return changed() == 1;
  });
}

}  // namespace storage::sql

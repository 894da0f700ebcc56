// Classroom recorders and encoders of a lesson.
#include "storage/sql/rows.h"
#include "storage/sql/sqlite_store.h"

namespace storage::sql {

namespace {

struct SourceReader {
  static const char* columns() {
    return "id, lesson_id, name, role, kind, url, user_name, password, passphrase, stream_id, "
           "key_hash, enabled, created_at";
  }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.id));
    s.exchange(soci::into(row.lesson_id));
    s.exchange(soci::into(row.name));
    s.exchange(soci::into(role));
    s.exchange(soci::into(kind));
    s.exchange(soci::into(row.url));
    s.exchange(soci::into(row.user));
    s.exchange(soci::into(row.password));
    s.exchange(soci::into(row.passphrase));
    s.exchange(soci::into(row.stream_id));
    s.exchange(soci::into(row.key_hash));
    s.exchange(soci::into(enabled));
    s.exchange(soci::into(row.created_at));
  }
  LessonSource take() {
    row.role = stored<SourceRole>(role);
    row.kind = stored<SourceKind>(kind);
    row.enabled = enabled != 0;
    return row;
  }
  LessonSource row;
  std::string role;
  std::string kind;
  int enabled = 0;
};

}  // namespace

Outcome<bool> SqliteStore::add_source(const LessonSource& row,
                                      const std::optional<AccessToken>& key, int most) {
  return write("add the source", [&] {
    int present = 0;
    session_ << "SELECT COUNT(*) FROM lesson_source WHERE lesson_id = :lesson",
        soci::use(row.lesson_id), soci::into(present);
    if (present >= most) return false;
    if (key) insert_token(*key);
    const std::string role = word(row.role);
    const std::string kind = word(row.kind);
    const int enabled = row.enabled ? 1 : 0;
    session_ << "INSERT INTO lesson_source (id, lesson_id, name, role, kind, url, user_name, "
                "password, passphrase, stream_id, key_hash, enabled, created_at) VALUES (:id, "
                ":lesson, :name, :role, :kind, :url, :user, :password, :passphrase, :stream, "
                ":key, :enabled, :created)",
        soci::use(row.id), soci::use(row.lesson_id), soci::use(row.name), soci::use(role),
        soci::use(kind), soci::use(row.url), soci::use(row.user), soci::use(row.password),
        soci::use(row.passphrase), soci::use(row.stream_id), soci::use(row.key_hash),
        soci::use(enabled), soci::use(row.created_at);
    return true;
  });
}

Outcome<std::vector<LessonSource>> SqliteStore::sources_of_lesson(const Id& lesson_id) {
  return read("list the lesson's sources", [&] {
    return select<SourceReader>(session_,
                                "FROM lesson_source WHERE lesson_id = :id ORDER BY created_at, id",
                                soci::use(lesson_id));
  });
}

Outcome<bool> SqliteStore::change_source(const LessonSource& row) {
  return write("change the source", [&] {
    const std::string role = word(row.role);
    const int enabled = row.enabled ? 1 : 0;
    session_ << "UPDATE lesson_source SET name = :name, role = :role, enabled = :enabled "
                "WHERE id = :id AND lesson_id = :lesson",
        soci::use(row.name), soci::use(role), soci::use(enabled), soci::use(row.id),
        soci::use(row.lesson_id);
    return changed() > 0;
  });
}

Outcome<bool> SqliteStore::remove_source(const Id& lesson_id, const Id& id) {
  return write("remove the source", [&] {
    std::string key;
    session_ << "SELECT key_hash FROM lesson_source WHERE id = :id AND lesson_id = :lesson",
        soci::use(id), soci::use(lesson_id), soci::into(key);
    if (!session_.got_data()) return false;
    session_ << "DELETE FROM lesson_source WHERE id = :id", soci::use(id);
    if (!key.empty()) retire_token(key);
    return true;
  });
}

}  // namespace storage::sql

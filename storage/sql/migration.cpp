#include "storage/sql/migration.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "storage/sql/ids.h"

namespace storage::sql {

namespace {

using media::env_fail;
using media::Outcome;

struct Applied {
  int version = 0;
  std::string name;
  std::string sha256;
};

struct CloseStatement {
  void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
};
using Statement = std::unique_ptr<sqlite3_stmt, CloseStatement>;

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};

Statement prepare(sqlite3* db, const char* sql) {
  sqlite3_stmt* raw = nullptr;
  sqlite3_prepare_v2(db, sql, -1, &raw, nullptr);
  return Statement(raw);
}

std::string text_at(sqlite3_stmt* s, int column) {
  const unsigned char* text = sqlite3_column_text(s, column);
  return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
}

Outcome<void> execute(sqlite3* db, const std::string& sql) {
  char* message = nullptr;
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &message) == SQLITE_OK) return {};
  const std::string reason = message == nullptr ? sqlite3_errmsg(db) : message;
  sqlite3_free(message);
  return env_fail(reason);
}

Outcome<int64_t> number(sqlite3* db, const char* sql) {
  const Statement s = prepare(db, sql);
  if (!s || sqlite3_step(s.get()) != SQLITE_ROW)
    return env_fail(fmt::format("the database cannot be read: {}.", sqlite3_errmsg(db)));
  return sqlite3_column_int64(s.get(), 0);
}

// The steps that the database says it has; empty for a new one.
Outcome<std::vector<Applied>> applied_steps(sqlite3* db) {
  const auto tables = number(db, "SELECT count(*) FROM sqlite_master");
  if (!tables) return tl::unexpected(tables.error());
  if (*tables == 0) return std::vector<Applied>();
  const auto ours = number(
      db, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_migration'");
  if (!ours) return tl::unexpected(ours.error());
  if (*ours == 0)
    return env_fail(
        "the file is an SQLite database, but not one of Tongke's. Give the server a data directory "
        "of its own.");
  const Statement s =
      prepare(db, "SELECT version, name, sha256 FROM schema_migration ORDER BY version");
  if (!s)
    return env_fail(
        fmt::format("the list of schema steps cannot be read: {}.", sqlite3_errmsg(db)));
  std::vector<Applied> rows;
  int code = sqlite3_step(s.get());
  for (; code == SQLITE_ROW; code = sqlite3_step(s.get())) {
    rows.push_back({sqlite3_column_int(s.get(), 0), text_at(s.get(), 1), text_at(s.get(), 2)});
  }
  if (code != SQLITE_DONE)
    return env_fail(
        fmt::format("the list of schema steps cannot be read: {}.", sqlite3_errmsg(db)));
  return rows;
}

// Whether what was applied is the beginning of what this program knows.
Outcome<void> compare(const std::vector<Applied>& applied, std::span<const Migration> steps) {
  if (applied.size() > steps.size()) {
    return env_fail(
        fmt::format("the database has schema {}, this program knows {}: it was used by a newer "
                    "Tongke. Start that version, or put "
                    "back the copy that it made in backups/ before it changed the schema.",
                    applied.back().version, steps.size()));
  }
  for (size_t i = 0; i < applied.size(); ++i) {
    const Applied& row = applied[i];
    if (row.version != steps[i].version) {
      return env_fail(fmt::format(
          "the database lacks schema step {} but has step {}. Put back a copy from backups/.",
          steps[i].version, row.version));
    }
    if (row.sha256 != sha256_hex(steps[i].text)) {
      return env_fail(fmt::format(
          "schema step {} ({}) was applied with other contents than this program has ({}). The "
          "database belongs to "
          "another build of Tongke: start that build, or put back a copy from backups/.",
          row.version, row.name, steps[i].name));
    }
  }
  return {};
}

Outcome<void> sync_path(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return env_fail(fmt::format("cannot open {}: {}.", path.string(), std::strerror(errno)));
  const int failed = fsync(fd);
  const int error = errno;
  close(fd);
  if (failed != 0)
    return env_fail(
        fmt::format("cannot write {} to disk: {}.", path.string(), std::strerror(error)));
  return {};
}

// SQLite's online backup: a complete database in one file, whatever is still in the write-ahead
// log.
Outcome<void> back_up(sqlite3* db, const std::filesystem::path& file) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  const std::unique_ptr<sqlite3, CloseDatabase> copy(raw);
  const std::string advice = fmt::format(
      "Before changing the schema the database is copied to {}: make room there, or make it "
      "writable.",
      file.string());
  if (error || opened != SQLITE_OK)
    return env_fail(fmt::format("cannot make the copy. {}", advice));
  sqlite3_backup* backup = sqlite3_backup_init(copy.get(), "main", db, "main");
  if (backup != nullptr) {
    sqlite3_backup_step(backup, -1);
    sqlite3_backup_finish(backup);
  }
  if (sqlite3_errcode(copy.get()) != SQLITE_OK) {
    return env_fail(
        fmt::format("cannot make the copy: {}. {}", sqlite3_errmsg(copy.get()), advice));
  }
  const Statement check = prepare(copy.get(), "PRAGMA quick_check(1)");
  if (!check || sqlite3_step(check.get()) != SQLITE_ROW || text_at(check.get(), 0) != "ok") {
    return env_fail(fmt::format(
        "the copy {} is damaged, as the database probably is. Run `tongke admin check`.",
        file.string()));
  }
  if (auto synced = sync_path(file); !synced) return synced;
  return sync_path(file.parent_path());
}

std::string sql_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out.push_back(c);
    if (c == '\'') out.push_back(c);
  }
  return out + "'";
}

Outcome<void> apply_in_transaction(sqlite3* db, const Migration& step, int64_t wall_us) {
  if (auto done = execute(db, std::string(step.text)); !done) return done;
  const Statement broken = prepare(db, "PRAGMA foreign_key_check");
  if (!broken) return env_fail(sqlite3_errmsg(db));
  if (sqlite3_step(broken.get()) == SQLITE_ROW) {
    return env_fail(fmt::format("rows of {} would refer to nothing", text_at(broken.get(), 0)));
  }
  return execute(db, fmt::format("INSERT INTO schema_migration (version, name, sha256, applied_at) "
                                 "VALUES ({}, {}, {}, {}); "
                                 "PRAGMA user_version = {}",
                                 step.version, sql_text(step.name), sql_text(sha256_hex(step.text)),
                                 wall_us, step.version));
}

Outcome<void> apply(sqlite3* db, const Migration& step, int64_t wall_us) {
  auto done = execute(db, "BEGIN IMMEDIATE");
  if (done && step.version == 1) {
    done = execute(
        db,
        "CREATE TABLE schema_migration (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, "
        "sha256 TEXT NOT NULL, applied_at BIGINT NOT NULL)");
  }
  if (done) done = apply_in_transaction(db, step, wall_us);
  if (done) done = execute(db, "COMMIT");
  if (done) return done;
  // A failed statement may have ended the transaction already; then there is nothing left to roll
  // back.
  if (sqlite3_get_autocommit(db) == 0) (void)execute(db, "ROLLBACK");
  return env_fail(fmt::format(
      "schema step {} ({}) failed and was undone: {}. The database is as it was; make room on the "
      "disk and start again, or start the previous version.",
      step.version, step.name, done.error().message));
}

}  // namespace

media::Outcome<int> migrate(sqlite3* db, std::span<const Migration> steps,
                            const std::filesystem::path& backup_dir, int64_t wall_us) {
  const auto applied = applied_steps(db);
  if (!applied) return tl::unexpected(applied.error());
  if (auto same = compare(*applied, steps); !same) return tl::unexpected(same.error());
  const auto missing = steps.subspan(applied->size());
  if (missing.empty()) return 0;
  if (!applied->empty() && !backup_dir.empty()) {
    const auto file =
        backup_dir / fmt::format("before-{:04}-{}.db", missing.front().version, wall_us);
    if (auto copied = back_up(db, file); !copied) return tl::unexpected(copied.error());
  }
  // A step that rebuilds a table drops the old one while others refer to it; foreign_key_check
  // follows each step.
  if (auto off = execute(db, "PRAGMA foreign_keys = OFF"); !off) return tl::unexpected(off.error());
  Outcome<void> done;
  for (const Migration& step : missing) {
    done = apply(db, step, wall_us);
    if (!done) break;
  }
  if (auto on = execute(db, "PRAGMA foreign_keys = ON"); !on) return tl::unexpected(on.error());
  if (!done) return tl::unexpected(done.error());
  return static_cast<int>(missing.size());
}

}  // namespace storage::sql

#include "storage/sql/sql_store.h"

#include <chrono>
#include <cstdlib>
#include <system_error>

#include "storage/sql/migration.h"
#include "storage/sql/sqlite_store.h"

#include <soci/sqlite3/soci-sqlite3.h>  // after soci.h

namespace storage::sql {

namespace {

constexpr char kMemory[] = ":memory:";
// Only a backup tool or a curious operator can hold the file; give it time before failing.
constexpr int kBusyTimeoutMs = 5'000;

int64_t wall_us() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
}

// soci-sqlite3.h declares SQLite's functions inside a namespace of its own; the object is the same.
::sqlite3* handle_of(soci::session& session) {
  auto* backend = static_cast<soci::sqlite3_session_backend*>(session.get_backend());
  return reinterpret_cast<::sqlite3*>(backend->conn_);
}

void set_pragmas(soci::session& session) {
  session << "PRAGMA busy_timeout = " << kBusyTimeoutMs;
  session << "PRAGMA journal_mode = WAL";
  session << "PRAGMA synchronous = FULL";
  session << "PRAGMA foreign_keys = ON";
}

}  // namespace

SqliteStore::SqliteStore(const std::filesystem::path& file)
    : session_(soci::sqlite3, "dbname=\"" + file.string() + "\"") {
  set_pragmas(session_);
}

int64_t SqliteStore::changed() {
  int64_t count = 0;
  session_ << "SELECT changes()", soci::into(count);
  return count;
}

Outcome<std::vector<std::string>> SqliteStore::check_integrity() {
  return read("check the database", [&] {
    std::vector<std::string> complaints;
    std::string text;
    soci::statement pages =
        (session_.prepare << "SELECT integrity_check FROM pragma_integrity_check",
         soci::into(text));
    pages.execute();
    while (pages.fetch()) {
      if (text != "ok") complaints.push_back(text);
    }
    std::string parent;
    soci::statement references =
        (session_.prepare << "SELECT \"table\", \"parent\" FROM pragma_foreign_key_check",
         soci::into(text), soci::into(parent));
    references.execute();
    while (references.fetch()) {
      complaints.push_back(
          fmt::format("a row of {} refers to a row of {} that does not exist", text, parent));
    }
    return complaints;
  });
}

media::Outcome<std::unique_ptr<Store>> open_store(const std::filesystem::path& file) {
  const std::string name = file.string();
  if (name.find('"') != std::string::npos) {
    return media::env_fail(
        fmt::format("{}: the path of a database cannot contain a quotation mark.", name));
  }
  const bool in_memory = name == kMemory;
  try {
    auto store = std::make_unique<SqliteStore>(file);
    const auto migrated =
        migrate(handle_of(store->session()), built_in_migrations(),
                in_memory ? std::filesystem::path() : file.parent_path() / "backups", wall_us());
    if (!migrated) return media::env_fail(fmt::format("{}: {}", name, migrated.error().message));
    return store;
  } catch (const std::exception& error) {
    return media::env_fail(
        fmt::format("cannot open the database {}: {}. Check that the file is readable and "
                    "writable, that the disk has "
                    "room, and that it is an SQLite file; copies are in backups/ beside it.",
                    name, error.what()));
  }
}

media::Outcome<Database> open_database(const std::filesystem::path& data_dir) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::create_directories(data_dir, error))
    fs::permissions(data_dir, fs::perms::owner_all, error);
  if (error) {
    return media::env_fail(
        fmt::format("cannot make the data directory {}: {}.", data_dir.string(), error.message()));
  }
  auto lock = DatabaseLock::acquire(data_dir);
  if (!lock) return tl::unexpected(lock.error());
  auto store = open_store(data_dir / "tongke.db");
  if (!store) return tl::unexpected(store.error());
  return Database{std::move(*lock), std::move(*store)};
}

}  // namespace storage::sql

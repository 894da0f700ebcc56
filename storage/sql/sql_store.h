// storage::Store on SQLite, through SOCI: one connection, write-ahead log, synchronous=FULL (what a
// method has returned survives a power cut), foreign keys enforced. Exceptions end here: every
// failure is an EnvError.
#pragma once

#include <filesystem>
#include <memory>

#include "storage/api/store.h"
#include "storage/sql/database_lock.h"

namespace storage::sql {

// Opens and migrates the database in `file`, or a private one in memory when `file` is ":memory:".
// The caller holds the lock. Backups go to <folder of file>/backups. Errors: cannot be opened or
// read, or migrate()'s.
media::Outcome<std::unique_ptr<Store>> open_store(const std::filesystem::path& file);

// A data directory, made if missing (mode 0700), locked and opened: <dir>/lock, <dir>/tongke.db,
// <dir>/backups.
struct Database {
  DatabaseLock lock;  // first, so that it is released last
  std::unique_ptr<Store> store;
};
media::Outcome<Database> open_database(const std::filesystem::path& data_dir);

}  // namespace storage::sql

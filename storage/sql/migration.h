// Brings a database to the schema of this program: forward only, numbered, each step in one
// transaction, each with the SHA-256 of its text kept in the database, so that a step changed
// afterwards is refused instead of guessed at. The steps are storage/sql/schema/NNNN_name.sql,
// built into the program.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

#include "media/base/result.h"

struct sqlite3;

namespace storage::sql {

struct Migration {
  int version = 0;        // 1, 2, 3 … without gaps
  std::string_view name;  // the file's name
  std::string_view text;  // its SQL
};

// Those built into this program, in order.
std::span<const Migration> built_in_migrations();

// Applies the steps that `db` lacks. A database that already has a schema is first copied to
// `backup_dir` (before-NNNN-<wall_us>.db, complete and synced); an empty path, as for :memory:,
// means no copy. Returns how many steps were applied. Errors: a newer or changed schema, a database
// that is not ours, a failed step (nothing of it remains), no room for the copy. Each says what to
// do.
media::Outcome<int> migrate(sqlite3* db, std::span<const Migration> steps,
                            const std::filesystem::path& backup_dir, int64_t wall_us);

}  // namespace storage::sql

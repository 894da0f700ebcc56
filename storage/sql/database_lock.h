// One process at a time opens a database (README.md, "One process"): an flock on <data>/lock, which
// the kernel drops when the holder dies, however it dies.
#pragma once

#include <filesystem>

#include "media/base/result.h"

namespace storage::sql {

class DatabaseLock {
 public:
  // Errors: held by another process (the sentence names its pid), or the file cannot be made.
  static media::Outcome<DatabaseLock> acquire(const std::filesystem::path& data_dir);

  DatabaseLock(DatabaseLock&& other) noexcept;
  DatabaseLock& operator=(DatabaseLock&& other) noexcept;
  ~DatabaseLock();

 private:
  explicit DatabaseLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace storage::sql

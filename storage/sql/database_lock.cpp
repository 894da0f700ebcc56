#include "storage/sql/database_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

namespace storage::sql {

namespace {

std::filesystem::path lock_file(const std::filesystem::path& data_dir) {
  return data_dir / "lock";
}

// The holder writes its pid after it has the lock; zero when nothing usable is there yet.
int read_pid(int fd) {
  std::array<char, 16> text{};
  const ssize_t n = pread(fd, text.data(), text.size() - 1, 0);
  return n > 0 ? std::atoi(text.data()) : 0;
}

}  // namespace

media::Outcome<DatabaseLock> DatabaseLock::acquire(const std::filesystem::path& data_dir) {
  const std::string file = lock_file(data_dir).string();
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    return media::env_fail(
        fmt::format("cannot make {}: {}. Check that the data directory exists and is writable.",
                    file, std::strerror(errno)));
  }
  DatabaseLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error != EWOULDBLOCK) {
      return media::env_fail(
          fmt::format("cannot lock {}: {}. The data directory must be on a local file system.",
                      file, std::strerror(error)));
    }
    return media::env_fail(
        fmt::format("{} is in use by process {}. One process at a time opens a database: stop that "
                    "one, or give another --data.",
                    data_dir.string(), read_pid(fd)));
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0 ||
      pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return media::env_fail(fmt::format("cannot write {}: {}.", file, std::strerror(errno)));
  }
  return lock;
}

DatabaseLock::DatabaseLock(DatabaseLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DatabaseLock& DatabaseLock::operator=(DatabaseLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

DatabaseLock::~DatabaseLock() {
  // The file stays: removing it would let two processes lock two files of the same name.
  if (fd_ >= 0) close(fd_);
}

}  // namespace storage::sql

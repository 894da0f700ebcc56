// Unix stream sockets that carry one line each way, with a deadline.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "media/base/result.h"

namespace signaling::admin {

// An owned file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// Replaces whatever stands at `path`; mode 0600. A path longer than sun_path is no problem: it is
// reached through its directory's descriptor. Errors: a sentence.
media::Outcome<Descriptor> listen_at(const std::filesystem::path& path);

// Unset: nobody listens there. Errors: somebody may, but we cannot reach it (permission).
media::Outcome<std::optional<Descriptor>> connect_to(const std::filesystem::path& path);

// The bytes before the first '\n'. Errors: closed early, longer than `limit`, or not there within
// `timeout_ms`.
media::Outcome<std::string> read_line(int fd, size_t limit, int timeout_ms);
// `line` and a '\n'. Errors: the other side is gone or does not read within `timeout_ms`.
media::Outcome<void> write_line(int fd, std::string line, int timeout_ms);

}  // namespace signaling::admin

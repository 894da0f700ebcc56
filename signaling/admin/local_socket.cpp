#include "signaling/admin/local_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace signaling::admin {

namespace {

using media::env_fail;
using media::Outcome;
using Clock = std::chrono::steady_clock;

constexpr int kBacklog = 8;

// The address of `path` through /proc/self/fd/<directory>, which fits whatever the length of the
// directory's name.
Outcome<sockaddr_un> address_of(const std::filesystem::path& path, const Descriptor& directory) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name =
      fmt::format("/proc/self/fd/{}/{}", directory.get(), path.filename().string());
  if (name.size() >= sizeof(address.sun_path))
    return env_fail(fmt::format("{}: the file name is too long.", path.string()));
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  return address;
}

Descriptor open_directory(const std::filesystem::path& path) {
  return Descriptor(open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

std::string reason() {
  return std::strerror(errno);
}

bool wait_for(int fd, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd item{fd, events, 0};
    const int ready = poll(&item, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

Outcome<Descriptor> listen_at(const std::filesystem::path& path) {
  const Descriptor directory = open_directory(path);
  if (!directory.valid())
    return env_fail(fmt::format("cannot open {}: {}.", path.parent_path().string(), reason()));
  const auto address = address_of(path, directory);
  if (!address) return tl::unexpected(address.error());
  Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.valid()) return env_fail(fmt::format("cannot make a socket: {}.", reason()));
  unlink(address->sun_path);
  // Linux gives the file the socket's own mode, so that it is never open to others, not even for a
  // moment.
  if (fchmod(listener.get(), 0600) != 0 ||
      bind(listener.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0 ||
      chmod(address->sun_path, 0600) != 0 || listen(listener.get(), kBacklog) != 0) {
    return env_fail(fmt::format("cannot listen at {}: {}. Is the data directory writable?",
                                path.string(), reason()));
  }
  return listener;
}

Outcome<std::optional<Descriptor>> connect_to(const std::filesystem::path& path) {
  const Descriptor directory = open_directory(path);
  if (!directory.valid()) return std::optional<Descriptor>();
  const auto address = address_of(path, directory);
  if (!address) return tl::unexpected(address.error());
  Descriptor client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!client.valid()) return env_fail(fmt::format("cannot make a socket: {}.", reason()));
  if (connect(client.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) == 0) {
    return std::optional<Descriptor>(std::move(client));
  }
  if (errno == ENOENT || errno == ECONNREFUSED) return std::optional<Descriptor>();
  return env_fail(
      fmt::format("cannot reach the server at {}: {}. Run this as the server's user or as root.",
                  path.string(), reason()));
}

Outcome<std::string> read_line(int fd, size_t limit, int timeout_ms) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  std::string text;
  std::array<char, 4096> chunk{};
  for (;;) {
    if (!wait_for(fd, POLLIN, deadline)) return env_fail("the other side does not answer.");
    const ssize_t n = recv(fd, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n <= 0) return env_fail("the other side closed the connection.");
    text.append(chunk.data(), static_cast<size_t>(n));
    if (const size_t end = text.find('\n'); end != std::string::npos && end <= limit)
      return text.substr(0, end);
    if (text.size() > limit) return env_fail(fmt::format("a line is longer than {} bytes.", limit));
  }
}

Outcome<void> write_line(int fd, std::string line, int timeout_ms) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  line.push_back('\n');
  size_t sent = 0;
  while (sent < line.size()) {
    const ssize_t n = send(fd, line.data() + sent, line.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      sent += static_cast<size_t>(n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
      return env_fail("the other side closed the connection.");
    } else if (!wait_for(fd, POLLOUT, deadline)) {
      return env_fail("the other side does not read.");
    }
  }
  return {};
}

}  // namespace signaling::admin

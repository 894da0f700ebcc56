#include "tests/line/runner/control.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace line::runner {

using media::env_fail;
using media::Outcome;

Outcome<Control> Control::listen(const std::string& path, media::net::Poller& poller,
                                 uint64_t first_token, Answer answer) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path))
    return env_fail(fmt::format("{} is too long for a socket's path", path));
  path.copy(address.sun_path, path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  ::unlink(path.c_str());
  const mode_t usual = ::umask(0177);
  const int bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  ::umask(usual);
  if (bound != 0 || ::listen(fd, static_cast<int>(kMaxConnections)) != 0) {
    const int error = errno;
    ::close(fd);
    return env_fail(fmt::format("cannot listen on {}: {}", path, std::strerror(error)));
  }
  if (auto added = poller.add(fd, first_token); !added) {
    ::close(fd);
    return tl::unexpected(added.error());
  }
  return Control(fd, path, poller, first_token, std::move(answer));
}

Control::Control(int fd, std::string path, media::net::Poller& poller, uint64_t first_token,
                 Answer answer)
    : fd_(fd),
      path_(std::move(path)),
      poller_(&poller),
      first_token_(first_token),
      answer_(std::move(answer)) {}

Control::Control(Control&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      poller_(other.poller_),
      first_token_(other.first_token_),
      answer_(std::move(other.answer_)),
      connections_(std::exchange(other.connections_, {})) {}

Control::~Control() {
  for (const auto& [token, fd] : connections_) ::close(fd);
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(path_.c_str());
}

void Control::on_ready(uint64_t token) {
  if (token == first_token_) {
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    uint64_t free = first_token_ + 1;
    while (connections_.contains(free)) ++free;
    if (connections_.size() == kMaxConnections || !poller_->add(fd, free)) {
      ::close(fd);
      return;
    }
    connections_[free] = fd;
    return;
  }
  const auto found = connections_.find(token);
  if (found == connections_.end()) return;
  std::array<char, kMaxRequest> text{};
  const ssize_t got = ::recv(found->second, text.data(), text.size(), 0);
  const std::string request(text.data(), got > 0 ? static_cast<size_t>(got) : 0);
  const size_t end = request.find('\n');
  if (end != std::string::npos) {
    const std::string answer = answer_(request.substr(0, end)) + '\n';
    // A local program that waits for a few kilobytes has room for them.
    [[maybe_unused]] const ssize_t sent =
        ::send(found->second, answer.data(), answer.size(), MSG_NOSIGNAL);
  }
  ::close(found->second);
  connections_.erase(found);
}

}  // namespace line::runner

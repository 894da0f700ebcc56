#include "media/net/poller.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "media/base/check.h"

namespace media::net {

namespace {

bool watch(int epoll_fd, int fd, uint64_t token) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = token;
  return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

Outcome<Poller> Poller::make() {
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  const int event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  Poller poller(epoll_fd, event_fd);
  if (epoll_fd < 0 || event_fd < 0 || !watch(epoll_fd, event_fd, kWake)) {
    return env_fail(std::string("cannot make an event poller (") + std::strerror(errno) +
                    "): raise the limit on open files");
  }
  return poller;
}

Poller::~Poller() {
  if (epoll_fd_ >= 0) ::close(epoll_fd_);
  if (event_fd_ >= 0) ::close(event_fd_);
}

Poller::Poller(Poller&& other) noexcept
    : epoll_fd_(std::exchange(other.epoll_fd_, -1)),
      event_fd_(std::exchange(other.event_fd_, -1)) {}

Outcome<void> Poller::add(int fd, uint64_t token) {
  CHECK(token != kWake);
  if (!watch(epoll_fd_, fd, token))
    return env_fail(std::string("cannot watch a socket: ") + std::strerror(errno));
  return {};
}

void Poller::remove(int fd) {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
}

void Poller::watch_writable(int fd, uint64_t token, bool on) {
  epoll_event event{};
  event.events = on ? static_cast<uint32_t>(EPOLLIN) | EPOLLOUT : static_cast<uint32_t>(EPOLLIN);
  event.data.u64 = token;
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
}

Poller::Ready Poller::wait(Instant now, Instant deadline) {
  const int64_t micros = std::max<int64_t>((deadline - now).as_micros(), 0);
  timespec timeout{};
  timeout.tv_sec = micros / 1'000'000;
  timeout.tv_nsec = micros % 1'000'000 * 1'000;
  std::array<epoll_event, kMaxReady> events;
  const bool forever = deadline == Instant::never();
  const int got = epoll_pwait2(epoll_fd_, events.data(), static_cast<int>(events.size()),
                               forever ? nullptr : &timeout, nullptr);
  Ready ready;
  size_t count = 0;
  for (size_t i = 0; i < static_cast<size_t>(std::max(got, 0)); ++i) {
    if (events[i].data.u64 == kWake) {
      uint64_t ignored = 0;
      ready.woken = ::read(event_fd_, &ignored, sizeof(ignored)) >= 0;
    } else {
      tokens_[count++] = events[i].data.u64;
    }
  }
  ready.tokens = std::span(tokens_).first(count);
  return ready;
}

void Poller::wake() const {
  const uint64_t one = 1;
  // It fails only when 2^64 - 1 wake-ups are unread, and then the thread is as good as woken.
  [[maybe_unused]] const ssize_t written = ::write(event_fd_, &one, sizeof(one));
}

}  // namespace media::net

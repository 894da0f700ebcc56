// Waits for sockets, a wake-up from another thread, or a deadline in microseconds (epoll, eventfd,
// epoll_pwait2). Owner: one thread, which alone may call anything but wake().
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "media/base/result.h"
#include "media/base/time.h"

struct epoll_event;

namespace media::net {

class Poller {
 public:
  static Outcome<Poller> make();
  ~Poller();
  Poller(Poller&&) noexcept;
  Poller& operator=(Poller&&) = delete;

  // `token` comes back from wait(); kWake is taken.
  Outcome<void> add(int fd, uint64_t token);
  void remove(int fd);
  // Whether wait() also names `token` when its socket can be written.
  void watch_writable(int fd, uint64_t token, bool on);

  struct Ready {
    std::span<const uint64_t> tokens;  // sockets with something to do, valid until the next wait()
    bool woken = false;
  };
  // Returns at `deadline` (monotonic; never() waits for ever), on input, or after wake().
  Ready wait(Instant now, Instant deadline);
  // Any thread. Makes the present or the next wait() return.
  void wake() const;

 private:
  static constexpr uint64_t kWake = UINT64_MAX;
  static constexpr size_t kMaxReady = 64;

  Poller(int epoll_fd, int event_fd) : epoll_fd_(epoll_fd), event_fd_(event_fd) {}

  int epoll_fd_;
  int event_fd_;
  std::array<uint64_t, kMaxReady> tokens_{};
};

}  // namespace media::net

#include "signaling/app/signal_watcher.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <utility>

#include "media/base/check.h"

namespace signaling::app {

SignalWatcher::SignalWatcher(std::function<void()> on_first) : on_first_(std::move(on_first)) {
  sigset_t both{};
  sigemptyset(&both);
  sigaddset(&both, SIGINT);
  sigaddset(&both, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &both, nullptr);
  // A client that goes away while we write is an error code, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  signals_ = ::signalfd(-1, &both, SFD_CLOEXEC);
  end_ = ::eventfd(0, EFD_CLOEXEC);
  CHECK(signals_ >= 0 && end_ >= 0);
  thread_ = std::thread([this] { watch(); });
}

SignalWatcher::~SignalWatcher() {
  const uint64_t one = 1;
  CHECK(::write(end_, &one, sizeof one) == sizeof one);
  thread_.join();
  ::close(signals_);
  ::close(end_);
}

void SignalWatcher::watch() {
  bool asked = false;
  std::array<pollfd, 2> fds{pollfd{signals_, POLLIN, 0}, pollfd{end_, POLLIN, 0}};
  while (true) {
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    if ((fds[1].revents & POLLIN) != 0) return;
    signalfd_siginfo info{};
    if (::read(signals_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) continue;
    if (asked) ::_exit(128 + static_cast<int>(info.ssi_signo));
    asked = true;
    on_first_();
  }
}

}  // namespace signaling::app

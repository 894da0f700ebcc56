#include "signaling/process/child_process.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "signaling/process/line_splitter.h"
#include "signaling/process/spawn.h"

namespace signaling::process {

using Clock = std::chrono::steady_clock;

// Between the owner's thread and the watcher's, which reads the pipes and waits for the end.
struct ChildProcess::Shared : std::enable_shared_from_this<ChildProcess::Shared> {
  ChildParams params;
  ChildCallbacks callbacks;
  Post post;
  bool owned = true;  // owner's thread only: callbacks may come
  std::atomic<int> pid{0};
  std::atomic<bool> stop_asked{false};
  std::atomic<bool> abandoned{false};
  std::atomic<unsigned> pending{0};  // lines posted, not handled
  Descriptor wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::thread watcher;

  void wake_up() const {
    const uint64_t one = 1;
    static_cast<void>(!::write(wake.get(), &one, sizeof one));
  }
};

namespace {

// Writing to a child that closed its stdin must not end the server.
ssize_t write_quietly(int fd, const char* data, size_t size) {
  sigset_t pipe_signal;
  sigset_t before;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const ssize_t written = ::write(fd, data, size);
  const int error = errno;
  if (written < 0 && error == EPIPE) {
    const timespec now{};
    while (::sigtimedwait(&pipe_signal, nullptr, &now) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return written;
}

// Everything of one child's life; on its own thread.
template <class Shared>
class Watcher {
 public:
  explicit Watcher(Shared& shared) : shared_(shared) {}

  void run() {
    auto spawned = spawn(shared_.params);
    if (!spawned) {
      exit_.failure = spawned.error().message;
      return tell_exit();
    }
    child_ = std::move(*spawned);
    shared_.pid = child_.pid;
    while (turn()) {
    }
    drain(child_.output, output_, true);
    drain(child_.log, log_, false);
    reap();
    tell_exit();
  }

 private:
  // What the thread waits for.
  static constexpr size_t kExited = 0;
  static constexpr size_t kWake = 1;
  static constexpr size_t kInput = 2;
  static constexpr size_t kOutput = 3;
  static constexpr size_t kLog = 4;
  static constexpr size_t kSlots = 5;

  // False once the child has ended.
  bool turn() {
    send_signals();
    std::array<pollfd, kSlots> watched{};
    const bool takes_lines = shared_.pending < ChildProcess::kMaxPending;
    watched[kExited] = {child_.exited.get(), POLLIN, 0};
    watched[kWake] = {shared_.wake.get(), POLLIN, 0};
    watched[kInput] = {child_.input.get(), POLLOUT, 0};
    watched[kOutput] = {takes_lines ? child_.output.get() : -1, POLLIN, 0};
    watched[kLog] = {takes_lines ? child_.log.get() : -1, POLLIN, 0};
    if (::poll(watched.data(), watched.size(), timeout_ms()) < 0) return true;  // EINTR
    if (watched[kWake].revents != 0) {
      uint64_t count = 0;
      static_cast<void>(!::read(shared_.wake.get(), &count, sizeof count));
    }
    if (watched[kInput].revents != 0) feed_input();
    if (watched[kOutput].revents != 0) take(child_.output, output_, true);
    if (watched[kLog].revents != 0) take(child_.log, log_, false);
    return watched[kExited].revents == 0;
  }

  [[nodiscard]] int timeout_ms() const {
    if (!kill_at_ || killed_) return -1;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(*kill_at_ - Clock::now());
    return static_cast<int>(std::max<int64_t>(0, left.count() + 1));
  }

  void send_signals() {
    const bool now = shared_.abandoned || (kill_at_ && Clock::now() >= *kill_at_);
    if (now && !killed_) {
      ::kill(-child_.pid, SIGKILL);
      killed_ = true;
    } else if (shared_.stop_asked && !kill_at_) {
      ::kill(-child_.pid, SIGTERM);
      kill_at_ = Clock::now() + std::chrono::microseconds(shared_.params.limits.grace.as_micros());
    }
  }

  void feed_input() {
    const std::string& input = shared_.params.input;
    if (fed_ < input.size()) {
      const ssize_t written =
          write_quietly(child_.input.get(), input.data() + fed_, input.size() - fed_);
      if (written < 0 && (errno == EAGAIN || errno == EINTR)) return;
      fed_ = written < 0 ? input.size() : fed_ + static_cast<size_t>(written);
    }
    if (fed_ == input.size()) child_.input.reset();
  }

  // Returns false when nothing more is there.
  bool take(Descriptor& from, LineSplitter& lines, bool is_output) {
    std::array<char, 4096> buffer{};
    const ssize_t size = ::read(from.get(), buffer.data(), buffer.size());
    if (size < 0) return errno == EINTR;
    const auto emit = [this, is_output](std::string line) { tell(std::move(line), is_output); };
    if (size == 0) {
      lines.finish(emit);
      from.reset();
      return false;
    }
    lines.feed({buffer.data(), static_cast<size_t>(size)}, emit);
    return true;
  }

  // What the child wrote before it ended; a grandchild that holds the pipe cannot keep us.
  void drain(Descriptor& from, LineSplitter& lines, bool is_output) {
    constexpr size_t kMostLeft = 64 * 1024 / 4096;  // a pipe holds 64 KiB
    for (size_t i = 0; i < kMostLeft && from.is_open(); ++i) {
      if (!take(from, lines, is_output)) break;
    }
    lines.finish([this, is_output](std::string line) { tell(std::move(line), is_output); });
  }

  void tell(std::string line, bool is_output) {
    if (!is_output) {
      exit_.last_words = line;
      if (!may_log()) return;
    }
    post_line(std::move(line), is_output);
  }

  bool may_log() {
    const auto now = Clock::now();
    if (now - second_ >= std::chrono::seconds(1)) {
      second_ = now;
      logged_ = 0;
      if (const unsigned left_out = std::exchange(left_out_, 0); left_out > 0)
        post_line(fmt::format("({} more log lines)", left_out), false);
    }
    if (logged_ >= ChildProcess::kLogLinesPerSecond) {
      ++left_out_;
      return false;
    }
    ++logged_;
    return true;
  }

  void post_line(std::string line, bool is_output) {
    ++shared_.pending;
    shared_.post([shared = shared_.shared_from_this(), line = std::move(line), is_output] {
      if (shared->pending-- == ChildProcess::kMaxPending) shared->wake_up();
      if (!shared->owned) return;
      const auto& callback = is_output ? shared->callbacks.on_line : shared->callbacks.on_log;
      if (callback) callback(line);
    });
  }

  void reap() {
    siginfo_t info{};
    // The zombie keeps the group's number ours while what is left of the group is ended.
    while (::waitid(P_PID, static_cast<id_t>(child_.pid), &info, WEXITED | WNOWAIT) < 0 &&
           errno == EINTR) {
    }
    ::kill(-child_.pid, SIGKILL);
    shared_.pid = 0;
    while (::waitid(P_PID, static_cast<id_t>(child_.pid), &info, WEXITED) < 0 && errno == EINTR) {
    }
    if (info.si_code == CLD_EXITED) {
      exit_.code = info.si_status;
    } else {
      exit_.signal = info.si_status;
    }
  }

  void tell_exit() {
    shared_.post([shared = shared_.shared_from_this(), exit = std::move(exit_)] {
      if (shared->owned && shared->callbacks.on_exit) shared->callbacks.on_exit(exit);
    });
  }

  Shared& shared_;
  Spawned child_;
  ChildExit exit_;
  LineSplitter output_{ChildProcess::kMaxLine};
  LineSplitter log_{ChildProcess::kMaxLine};
  size_t fed_ = 0;
  std::optional<Clock::time_point> kill_at_;
  bool killed_ = false;
  Clock::time_point second_;
  unsigned logged_ = 0;
  unsigned left_out_ = 0;
};

}  // namespace

std::string ChildExit::describe() const {
  if (!failure.empty()) return failure;
  if (signal != 0) return fmt::format("killed by signal {} ({})", signal, ::strsignal(signal));
  return fmt::format("exit code {}", code);
}

std::unique_ptr<ChildProcess> ChildProcess::start(ChildParams params, ChildCallbacks callbacks,
                                                  Post post) {
  auto shared = std::make_shared<Shared>();
  shared->params = std::move(params);
  shared->callbacks = std::move(callbacks);
  shared->post = std::move(post);
  shared->watcher = std::thread([raw = shared.get()] { Watcher<Shared>(*raw).run(); });
  return std::unique_ptr<ChildProcess>(new ChildProcess(std::move(shared)));
}

ChildProcess::ChildProcess(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

ChildProcess::~ChildProcess() {
  shared_->owned = false;
  shared_->abandoned = true;
  shared_->wake_up();
  shared_->watcher.join();
}

void ChildProcess::stop() {
  shared_->stop_asked = true;
  shared_->wake_up();
}

int ChildProcess::pid() const {
  return shared_->pid;
}

}  // namespace signaling::process

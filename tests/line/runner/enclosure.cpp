#include "tests/line/runner/enclosure.h"

#include <fmt/format.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

namespace line::runner {

namespace {

using media::env_fail;
using media::Outcome;

constexpr int kCannotRun = 127;  // as shells say it
constexpr int kKilledBase = 128;
constexpr size_t kMaxComplaint = 500;

// Sends `text` and, with it, a descriptor if there is one.
bool send_message(int socket, const std::string& text, int fd) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (fd >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(head), &fd, sizeof(int));
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) >= 0;
}

struct Message {
  std::string text;  // empty: the other end is gone
  int fd = -1;
};

Message receive_message(int socket) {
  std::array<char, kMaxComplaint> text{};
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  Message out;
  if (got <= 0) return out;
  out.text.assign(text.data(), static_cast<size_t>(got));
  const cmsghdr* head = CMSG_FIRSTHDR(&message);
  if (head != nullptr && head->cmsg_type == SCM_RIGHTS)
    std::memcpy(&out.fd, CMSG_DATA(head), sizeof(int));
  return out;
}

Outcome<TunDevice> furnish(Ipv4 own, Ipv4 host) {
  // The command's /proc shows its own processes; programs look themselves up there.
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
    return env_fail(fmt::format("cannot mount a /proc of its own: {}", std::strerror(errno)));
  if (auto on = start_loopback(); !on) return tl::unexpected(on.error());
  auto device = TunDevice::make("line0");
  if (!device) return device;
  if (auto set = device->configure(own, host); !set) return tl::unexpected(set.error());
  if (auto set = device->make_default_route(); !set) return tl::unexpected(set.error());
  return device;
}

[[noreturn]] void run_command(const std::vector<std::string>& command) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::vector<char*> arguments;
  for (const std::string& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  std::fprintf(stderr, "cannot run %s: %s\n", arguments.front(), std::strerror(errno));
  ::_exit(kCannotRun);
}

// Process 1 of the new world: reaps what loses its parent, hands signals on, and ends with the
// command, which ends everything.
[[noreturn]] void stand_watch(pid_t command) {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int s : {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&watched, s);
  sigprocmask(SIG_SETMASK, &watched, nullptr);
  for (;;) {
    int status = 0;
    for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (ended != command) continue;
      ::_exit(WIFSIGNALED(status) ? kKilledBase + WTERMSIG(status) : WEXITSTATUS(status));
    }
    siginfo_t info{};
    const int number = sigwaitinfo(&watched, &info);
    // A terminal has told the command itself.
    if (number > 0 && number != SIGCHLD && info.si_code != SI_KERNEL) ::kill(command, number);
  }
}

[[noreturn]] void be_first_process(int gate, Ipv4 own, Ipv4 host,
                                   const std::vector<std::string>& command) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  {
    const auto device = furnish(own, host);
    const bool told = device ? send_message(gate, "ready", device->fd())
                             : send_message(gate, device.error().message, -1);
    // Nothing but "go" starts the command: the parent may have died before the line above the
    // first, or have failed since.
    if (!device || !told || receive_message(gate).text != "go") ::_exit(kCannotRun);
  }
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  const pid_t child = ::fork();
  if (child == 0) run_command(command);
  if (child < 0) ::_exit(kCannotRun);
  stand_watch(child);
}

}  // namespace

Outcome<Enclosure> Enclosure::make(Ipv4 own, Ipv4 host, std::vector<std::string> command) {
  std::array<int, 2> gate{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, gate.data()) != 0)
    return env_fail(fmt::format("cannot make a socket pair: {}", std::strerror(errno)));
  const long made = ::syscall(SYS_clone, CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS | SIGCHLD,
                              nullptr, nullptr, nullptr, nullptr);
  if (made == 0) {
    ::close(gate[0]);
    be_first_process(gate[1], own, host, command);
  }
  const int error = errno;
  ::close(gate[1]);
  if (made < 0) {
    ::close(gate[0]);
    return env_fail(fmt::format("cannot make namespaces ({}): it takes root (CAP_SYS_ADMIN)",
                                std::strerror(error)));
  }
  const auto first = static_cast<pid_t>(made);
  Message ready = receive_message(gate[0]);
  if (ready.fd < 0) {
    ::close(gate[0]);
    ::waitpid(first, nullptr, 0);
    return env_fail(ready.text.empty() ? "the command's network could not be made" : ready.text);
  }
  return Enclosure(first, gate[0], TunDevice::adopt(ready.fd));
}

Enclosure::Enclosure(Enclosure&& other) noexcept
    : first_(std::exchange(other.first_, -1)),
      gate_(std::exchange(other.gate_, -1)),
      device_(std::move(other.device_)) {}

Enclosure::~Enclosure() {
  if (gate_ >= 0) ::close(gate_);
  if (first_ <= 0) return;
  ::kill(first_, SIGKILL);
  ::waitpid(first_, nullptr, 0);
}

void Enclosure::start() const {
  send_message(gate_, "go", -1);
}

void Enclosure::signal(int number) const {
  if (first_ > 0) ::kill(first_, number);
}

void Enclosure::kill() const {
  if (first_ > 0) ::kill(first_, SIGKILL);
}

std::optional<int> Enclosure::poll_exit() {
  int status = 0;
  if (first_ <= 0 || ::waitpid(first_, &status, WNOHANG) != first_) return std::nullopt;
  first_ = -1;
  return WIFSIGNALED(status) ? kKilledBase + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace line::runner

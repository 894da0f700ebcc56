#include "signaling/process/spawn.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TONGKE_MAPS_TERABYTES 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TONGKE_MAPS_TERABYTES 1
#endif

namespace signaling::process {
namespace {

#ifdef TONGKE_MAPS_TERABYTES
constexpr bool kMapsTerabytes = true;
#else
constexpr bool kMapsTerabytes = false;
#endif

// The child runs some dozen system calls on it.
constexpr size_t kStack = 64 * 1024;
constexpr int kFirstOther = 3;  // after stdin, stdout, stderr

// Everything the child touches between clone and exec, made beforehand: it may not allocate.
struct Launch {
  const char* program = nullptr;
  char* const* argv = nullptr;
  std::array<int, kFirstOther> ends{};
  pid_t parent = 0;
  int nice = 0;
  rlim_t address_space = 0;
  rlim_t open_files = 0;
  volatile int error = 0;  // written by the child in our memory
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

media::Outcome<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return media::env_fail(fmt::format("no pipe for a child process: {}", std::strerror(errno)));
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

void set_limit(__rlimit_resource kind, rlim_t value) {
  const rlimit limit{value, value};
  ::setrlimit(kind, &limit);
}

// Runs in the child, in our memory, while our thread stands still: system calls only.
#if defined(__clang__) || defined(__GNUC__)
__attribute__((no_sanitize("address", "thread", "undefined")))
#endif
int become(void* arg) {
  auto& launch = *static_cast<Launch*>(arg);
  const auto give_up = [&launch] {
    launch.error = errno;
    ::_exit(127);
  };
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != launch.parent) ::_exit(127);  // the server died before the line above
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + launch.nice);
  if (launch.address_space != 0 && !kMapsTerabytes) set_limit(RLIMIT_AS, launch.address_space);
  set_limit(RLIMIT_CORE, 0);  // it holds secrets, and foreign media
  for (int target = 0; target < kFirstOther; ++target) {
    if (::dup2(launch.ends[static_cast<size_t>(target)], target) < 0) give_up();
  }
  if (::close_range(kFirstOther, ~0U, 0) != 0) give_up();
  set_limit(RLIMIT_NOFILE, launch.open_files);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execv(launch.program, launch.argv);
  give_up();
  return 127;
}

// Above stdio, so that no dup2 in the child overwrites a pipe end it still needs.
bool lift(Descriptor& end) {
  if (end.get() >= kFirstOther) return true;
  end.reset(::fcntl(end.get(), F_DUPFD_CLOEXEC, kFirstOther));
  return end.is_open();
}

bool unblock(const Descriptor& end) {
  return ::fcntl(end.get(), F_SETFL, O_NONBLOCK) == 0;
}

pid_t clone_child(Launch& launch) {
  void* stack = ::mmap(nullptr, kStack, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return -1;
  // No handler of ours may run in the child, in our memory.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::clone(become, static_cast<char*>(stack) + kStack,
                            CLONE_VM | CLONE_VFORK | SIGCHLD, &launch);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::munmap(stack, kStack);
  errno = error;
  return pid;
}

}  // namespace

void Descriptor::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

media::Outcome<Spawned> spawn(const ChildParams& params) {
  auto input = make_pipe();
  auto output = make_pipe();
  auto log = make_pipe();
  for (const auto* pipe : {&input, &output, &log}) {
    if (!*pipe) return tl::unexpected(pipe->error());
  }
  std::string program = params.argv.empty() ? std::string() : params.argv.front();
  std::vector<std::string> words = params.argv;
  if (words.empty()) words.emplace_back();
  if (program == kOwnProgram) {
    program = "/proc/self/exe";
    words.front() = "tongke";
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  Launch launch;
  launch.program = program.c_str();
  launch.argv = argv.data();
  launch.parent = ::getpid();
  launch.nice = params.limits.nice;
  launch.address_space = params.limits.address_space;
  launch.open_files = params.limits.open_files;
  if (!lift(input->read) || !lift(output->write) || !lift(log->write))
    return media::env_fail("no descriptors left for a child process; raise LimitNOFILE");
  launch.ends = {input->read.get(), output->write.get(), log->write.get()};
  const pid_t pid = clone_child(launch);
  if (pid < 0) {
    return media::env_fail(
        fmt::format("a child process cannot be started: {}", std::strerror(errno)));
  }
  Spawned out;
  out.pid = pid;
  out.exited = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (launch.error != 0 || !out.exited.is_open() || !unblock(input->write) ||
      !unblock(output->read) || !unblock(log->read)) {
    const int error = launch.error != 0 ? launch.error : errno;
    ::kill(pid, SIGKILL);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED);
    return media::env_fail(fmt::format("{} cannot be run: {}", program, std::strerror(error)));
  }
  out.input = std::move(input->write);
  out.output = std::move(output->read);
  out.log = std::move(log->read);
  return out;
}

}  // namespace signaling::process

// One child process for work that must not be able to harm the server: reading foreign media,
// encoding. Its crash is an exit that is told, its end never outlives ours.
//
// What the child gets: its own process group, SIGKILL when the server dies (PR_SET_PDEATHSIG),
// no_new_privs, the limits below, no descriptor of the server's, default signal handling. It writes
// one JSON object per line to stdout and log lines to stderr. Secrets go in through stdin, which is
// closed behind `input`: neither `ps` nor /proc/*/environ shows them.
//
// Owner and thread: one caller (signaling). No call waits, except the destructor, which kills the
// child and joins (milliseconds). Every callback comes through `post`, on the caller's thread; none
// comes after the destructor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "media/base/time.h"

namespace signaling::process {

struct ChildLimits {
  // RLIMIT_AS in bytes; 0: none. Ignored where the program was built with a sanitizer that maps
  // terabytes.
  uint64_t address_space = 4ULL << 30;
  int nice = 5;               // added to the server's own: lessons come first
  unsigned open_files = 256;  // RLIMIT_NOFILE
  // Between SIGTERM and SIGKILL.
  media::Duration grace = media::Duration::seconds(3);
};

struct ChildParams {
  // argv[0] is the program: a path, or kOwnProgram for the executable that runs now.
  std::vector<std::string> argv;
  std::string input;  // written to stdin, then stdin is closed
  ChildLimits limits;
};

// As argv[0]: this executable again (through /proc/self/exe, so that an upgrade on disk does not
// mix versions).
inline constexpr const char* kOwnProgram = "";

struct ChildExit {
  int code = -1;           // exit code; -1 when it did not exit by itself
  int signal = 0;          // that ended it; 0 when it exited
  std::string failure;     // it could not be started: why, in a sentence
  std::string last_words;  // its last log line
  // "exit code 3", "killed by signal 11 (Segmentation fault)", or `failure`.
  [[nodiscard]] std::string describe() const;
};

struct ChildCallbacks {
  std::function<void(const std::string& line)> on_line;  // of stdout, without its end
  // Of stderr. At most kLogLinesPerSecond; what is left out is counted in a line of its own.
  std::function<void(const std::string& line)> on_log;
  // Exactly once, last.
  std::function<void(const ChildExit& exit)> on_exit;
};

class ChildProcess {
 public:
  using Post = std::function<void(std::function<void()>)>;

  // Longer lines are cut here.
  static constexpr size_t kMaxLine = 16 * 1024;
  // Lines posted and not yet handled; beyond, the child's writes wait (its trouble, not ours).
  static constexpr unsigned kMaxPending = 64;
  static constexpr unsigned kLogLinesPerSecond = 20;

  // Returns at once; what prevents the start is told by on_exit. `post` may be called from another
  // thread and must stay usable until the destructor has returned.
  static std::unique_ptr<ChildProcess> start(ChildParams params, ChildCallbacks callbacks,
                                             Post post);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // SIGTERM to the child's group now, SIGKILL after the grace time. More calls change nothing.
  void stop();
  // 0 before it runs and after it has ended.
  [[nodiscard]] int pid() const;

 private:
  struct Shared;
  explicit ChildProcess(std::shared_ptr<Shared> shared);
  std::shared_ptr<Shared> shared_;
};

}  // namespace signaling::process

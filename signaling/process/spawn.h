// Starts a program without copying the server's page tables: fork() in a process with hundreds of
// megabytes and busy media threads would stop them on page faults; clone(CLONE_VM | CLONE_VFORK)
// does not. Private to signaling/process.
#pragma once

#include <sys/types.h>

#include "media/base/result.h"
#include "signaling/process/child_process.h"

namespace signaling::process {

// A descriptor that closes itself; -1: none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    reset(other.release());
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

struct Spawned {
  pid_t pid = 0;
  Descriptor exited;  // pidfd: readable once it has ended
  // Our ends, not blocking.
  Descriptor input;
  Descriptor output;
  Descriptor log;
};

// The calling thread must outlive the child: PR_SET_PDEATHSIG goes off when the thread that started
// it ends.
media::Outcome<Spawned> spawn(const ChildParams& params);

}  // namespace signaling::process

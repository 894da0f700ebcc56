// A command in a network of its own: the only way out is a TUN device whose other end this process
// holds. Network, processes and /proc of the command are its own, and nothing of it outlives this
// process, whatever ends it: the kernel kills its processes with their first one, which dies with
// this one, and takes the namespaces away with the last of them. Owner and thread: one caller.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/line/runner/tun_device.h"

namespace line::runner {

class Enclosure {
 public:
  // The command will have the address `own` and reach `host`. It waits for start(). `signals` stay
  // as this process has them; the command gets the usual ones. Errors: what is missing (root,
  // namespaces) and what to do.
  static media::Outcome<Enclosure> make(Ipv4 own, Ipv4 host, std::vector<std::string> command);
  // Kills what is left of the command.
  ~Enclosure();
  Enclosure(Enclosure&& other) noexcept;
  Enclosure& operator=(Enclosure&&) = delete;

  [[nodiscard]] const TunDevice& device() const { return device_; }
  void start() const;
  // To the command, not to what it has started.
  void signal(int number) const;
  void kill() const;
  // Exit status (128 + signal number when killed) once the command has ended.
  std::optional<int> poll_exit();

 private:
  Enclosure(pid_t first, int gate, TunDevice device)
      : first_(first), gate_(gate), device_(std::move(device)) {}

  pid_t first_;  // process 1 of the command's world, which waits for the command
  int gate_;     // closed unopened: the command never starts
  TunDevice device_;
};

}  // namespace line::runner

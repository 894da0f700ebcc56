// What the measured server process uses: its CPU clock (clock_getcpuclockid(3), nanoseconds) and
// proc_pid_statm(5).
#pragma once

#include <cstdint>
#include <optional>

namespace signaling::load {

struct ServerUsage {
  double cpu_s = 0;  // user and system, all threads, since the process began
  int64_t rss_bytes = 0;
};

// Nothing when there is no such process.
std::optional<ServerUsage> read_usage(int pid);

}  // namespace signaling::load

#include "signaling/load/server_usage.h"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <fstream>

namespace signaling::load {

std::optional<ServerUsage> read_usage(int pid) {
  if (pid <= 0) return std::nullopt;
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0)
    return std::nullopt;
  std::ifstream statm(fmt::format("/proc/{}/statm", pid));
  int64_t total_pages = 0;
  int64_t resident_pages = 0;
  statm >> total_pages >> resident_pages;
  if (!statm) return std::nullopt;
  return ServerUsage{static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9,
                     resident_pages * ::sysconf(_SC_PAGESIZE)};
}

}  // namespace signaling::load

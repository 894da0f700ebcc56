#include "signaling/load/server_usage.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace signaling::load {

std::optional<ServerUsage> read_usage(int pid) {
  std::ifstream stat(fmt::format("/proc/{}/stat", pid));
  std::string text((std::istreambuf_iterator<char>(stat)), std::istreambuf_iterator<char>());
  // The name in parentheses may hold anything; the fields after it are numbers.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  // utime and stime are fields 14 and 15; the state after the name is field 3.
  constexpr int kFieldsBefore = 11;
  for (int i = 0; i < kFieldsBefore; ++i) fields >> skipped;
  int64_t user = 0;
  int64_t system = 0;
  fields >> user >> system;
  std::ifstream statm(fmt::format("/proc/{}/statm", pid));
  int64_t total_pages = 0;
  int64_t resident_pages = 0;
  statm >> total_pages >> resident_pages;
  if (!fields || !statm) return std::nullopt;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return ServerUsage{static_cast<double>(user + system) / ticks,
                     resident_pages * ::sysconf(_SC_PAGESIZE)};
}

}  // namespace signaling::load

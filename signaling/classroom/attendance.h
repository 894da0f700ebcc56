// When each class was there. A class that drops out and is back within its seat's time was there
// all along; one that does not come back left when it dropped out, not when the server gave up
// waiting.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "signaling/classroom/effects.h"

namespace signaling::classroom {

class Attendance {
 public:
  // Session times in µs. Repeated calls change nothing.
  void on_present(const std::string& p, int64_t at, Output& out);
  void on_away(const std::string& p, int64_t at);
  void on_absent(const std::string& p, int64_t at, Output& out);
  void on_headcount(const std::string& p, Output& out);
  void close_all(int64_t at, Output& out);

  [[nodiscard]] bool is_open(const std::string& p) const { return spans_.contains(p); }

 private:
  struct Span {
    std::optional<int64_t> away_at;
  };
  std::map<std::string, Span> spans_;  // open ones
};

}  // namespace signaling::classroom

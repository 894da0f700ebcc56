// Statistics of both directions for people and for programs. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tests/line/params.h"
#include "tests/line/statistics.h"

namespace line {

// How late the emulator itself was: between a datagram's due time and its being written. A run in
// which this is large says more about the machine than about the line.
struct Report {
  std::string profile;
  uint64_t seed = 0;
  Duration ran_for;
  Statistics up;
  Statistics down;
  Histogram lateness;
};

nlohmann::json to_json(const Report& report);
// Three lines: a heading, up, down.
std::string to_text(const Report& report);

}  // namespace line

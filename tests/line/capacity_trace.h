// What a line could carry at each moment, as recorded: one opportunity to send 1500 bytes per
// entry, in milliseconds from the start, in the format of mahimahi's mm-link (one decimal number a
// line, not decreasing). Played in a loop. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "media/base/result.h"
#include "media/base/time.h"

namespace line {

class CapacityTrace {
 public:
  static constexpr int64_t kBytesPerOpportunity = 1500;
  // An hour at 100 Mbit/s: more is a mistake rather than a trace.
  static constexpr size_t kMaxOpportunities = 30'000'000;

  // Errors: Malformed (not a number, going back in time, ending at 0), TooLarge, Truncated (empty).
  static media::Result<CapacityTrace> parse(std::string_view text);

  // When opportunity `index` comes, from the start of the first round; indices go on over the end.
  [[nodiscard]] media::Duration time_of(uint64_t index) const;
  // The first opportunity that does not come before `at`.
  [[nodiscard]] uint64_t first_from(media::Duration at) const;
  // Length of one round.
  [[nodiscard]] media::Duration period() const { return media::Duration::millis(stamps_.back()); }
  [[nodiscard]] int64_t mean_bits_per_second() const;
  [[nodiscard]] size_t size() const { return stamps_.size(); }
  // The file that parse() reads.
  [[nodiscard]] std::string to_text() const;

 private:
  explicit CapacityTrace(std::vector<int64_t> stamps) : stamps_(std::move(stamps)) {}
  friend CapacityTrace make_mobile_trace(const struct MobileTraceParams& params);

  std::vector<int64_t> stamps_;  // milliseconds, ascending; the last is the period
};

// A mobile line in a village: a rate that wanders around its mean (a mean-reverting walk on the
// logarithm, drawn anew every 100 ms), fades to a tenth now and then, and pauses when the
// device changes cells. Same parameters, same trace.
struct MobileTraceParams {
  uint64_t seed = 1;
  media::Duration length = media::Duration::seconds(60);
  double mean_bits_per_second = 4e6;
  double spread = 0.45;          // standard deviation of the logarithm
  double fades_per_minute = 4;   // each 0.5 to 2 s at a tenth of the rate
  double pauses_per_minute = 2;  // each 100 to 400 ms of nothing
};
CapacityTrace make_mobile_trace(const MobileTraceParams& params);

}  // namespace line

// Amounts as types.
#pragma once

#include <compare>
#include <cstdint>

#include "media/base/time.h"

namespace media {

class DataRate {
 public:
  constexpr DataRate() = default;
  static constexpr DataRate bits_per_second(int64_t v) { return DataRate(v); }
  static constexpr DataRate kilobits_per_second(int64_t v) { return DataRate(v * 1'000); }
  [[nodiscard]] constexpr int64_t as_bps() const { return bps_; }
  constexpr auto operator<=>(const DataRate&) const = default;

 private:
  constexpr explicit DataRate(int64_t bps) : bps_(bps) {}
  int64_t bps_ = 0;
};

// The rate at which `bytes` pass in `span`; zero when the span is empty.
constexpr DataRate rate_of(int64_t bytes, Duration span) {
  return span <= Duration() ? DataRate()
                            : DataRate::bits_per_second(bytes * 8 * 1'000'000 / span.as_micros());
}

}  // namespace media

// What arrives at the receiver per second: bytes in slots of the receiver's own clock, over half a
// second. Pure. Owner: SendSideEstimator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "media/base/units.h"

namespace media::estimate {

class Throughput {
 public:
  // Arrivals may be a little out of order; what is older than the window is left out.
  void on_arrival(Instant arrived, size_t bytes);
  void restart();

  // Nothing before the window has been filled once.
  [[nodiscard]] std::optional<DataRate> rate() const;

  static constexpr Duration kSlot = Duration::millis(50);
  static constexpr int64_t kSlots = 10;
  // A clock that jumps further than this starts anew.
  static constexpr int64_t kMaxJumpSlots = 60;

 private:
  std::array<uint32_t, static_cast<size_t>(kSlots)> bytes_{};
  int64_t newest_ = 0;  // slot number
  Instant latest_;      // newest arrival, within that slot
  int64_t first_ = 0;
  bool started_ = false;
};

}  // namespace media::estimate

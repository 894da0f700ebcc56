// What happened to the datagrams of one direction. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "media/base/time.h"

namespace line {

enum class LossReason : uint8_t {
  Random,
  Burst,
  QueueFull,
  Outage,
  kCount,
};
std::string_view to_string(LossReason reason);

// Durations counted by the millisecond.
class Histogram {
 public:
  // Longer ones count as this long.
  static constexpr int64_t kMaxMillis = 60'000;

  void add(media::Duration value);
  // The value of which `share` (0..1) of all are not larger, cut to whole milliseconds; zero when
  // empty.
  [[nodiscard]] media::Duration quantile(double share) const;
  [[nodiscard]] media::Duration max() const { return max_; }
  [[nodiscard]] uint64_t count() const { return count_; }

 private:
  std::vector<uint64_t> by_millis_;
  uint64_t count_ = 0;
  media::Duration max_;
};

struct Statistics {
  uint64_t offered_packets = 0;
  uint64_t offered_bytes = 0;
  uint64_t delivered_packets = 0;  // duplicates included
  uint64_t delivered_bytes = 0;
  std::array<uint64_t, static_cast<size_t>(LossReason::kCount)> lost{};
  uint64_t duplicated = 0;
  uint64_t overtaken = 0;  // delivered after one that was offered later
  // From being offered until the bottleneck began with it, of those that got there.
  Histogram queue_wait;

  [[nodiscard]] uint64_t lost_for(LossReason reason) const {
    return lost[static_cast<size_t>(reason)];
  }
  [[nodiscard]] uint64_t lost_packets() const;
};

}  // namespace line

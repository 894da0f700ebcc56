// Counts spans of time in buckets that are at most 1 % wide, so that the percentiles of hundreds of
// millions of packets need a few kilobytes. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace signaling::load {

class Histogram {
 public:
  void record(uint32_t micros);
  Histogram& operator+=(const Histogram& other);
  void clear();

  // The value below or at which `share` (0..1) of what was recorded lies, in microseconds, rounded
  // up to the end of its bucket but never above the largest; 0 when nothing was recorded.
  [[nodiscard]] uint32_t percentile(double share) const;
  [[nodiscard]] uint64_t count() const { return count_; }
  [[nodiscard]] uint32_t largest() const { return largest_; }

 private:
  // Exact below 256; above, each power of two has 128 buckets: 2^-7 = 0.8 %.
  static constexpr unsigned kExactBits = 8;
  static constexpr size_t kHalf = size_t{1} << (kExactBits - 1);
  static constexpr size_t kBuckets = 2 * kHalf + (32 - kExactBits) * kHalf;
  static size_t bucket_of(uint32_t micros);
  static uint32_t end_of(size_t bucket);

  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  uint32_t largest_ = 0;
};

}  // namespace signaling::load

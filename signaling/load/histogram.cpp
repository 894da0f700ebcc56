#include "signaling/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace signaling::load {

size_t Histogram::bucket_of(uint32_t micros) {
  if (micros < 2 * kHalf) return micros;
  const auto bits = static_cast<unsigned>(std::bit_width(micros));
  const unsigned shift = bits - kExactBits;
  return shift * kHalf + (micros >> shift);
}

uint32_t Histogram::end_of(size_t bucket) {
  if (bucket < 2 * kHalf) return static_cast<uint32_t>(bucket);
  const size_t shift = bucket / kHalf - 1;
  const uint64_t top = bucket - shift * kHalf;
  return static_cast<uint32_t>(((top + 1) << shift) - 1);
}

void Histogram::record(uint32_t micros) {
  ++buckets_[bucket_of(micros)];
  ++count_;
  largest_ = std::max(largest_, micros);
}

Histogram& Histogram::operator+=(const Histogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  largest_ = std::max(largest_, other.largest_);
  return *this;
}

void Histogram::clear() {
  *this = Histogram();
}

uint32_t Histogram::percentile(double share) const {
  if (count_ == 0) return 0;
  const auto wanted = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_)));
  const uint64_t rank = std::clamp<uint64_t>(wanted, 1, count_);
  uint64_t sum = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    sum += buckets_[i];
    if (sum >= rank) return std::min(end_of(i), largest_);
  }
  return largest_;
}

}  // namespace signaling::load

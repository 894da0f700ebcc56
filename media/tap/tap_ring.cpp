#include "media/tap/tap_ring.h"

#include <bit>

#include "media/base/check.h"

namespace media::tap {

TapRing::TapRing(size_t capacity) : packets_(capacity), mask_(capacity - 1) {
  CHECK(capacity != 0 && std::has_single_bit(capacity));
}

TapPacket* TapRing::claim() {
  const size_t head = head_.load(std::memory_order_relaxed);
  // Acquire: the consumer's reads of the slot end before the producer overwrites it.
  if (head - tail_.load(std::memory_order_acquire) > mask_) return nullptr;
  return &packets_[head & mask_];
}

void TapRing::publish() {
  head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

const TapPacket* TapRing::front() {
  const size_t tail = tail_.load(std::memory_order_relaxed);
  if (head_.load(std::memory_order_acquire) == tail) return nullptr;
  return &packets_[tail & mask_];
}

void TapRing::release() {
  tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

uint64_t TapRing::lost() const {
  return lost_.load(std::memory_order_relaxed);
}

void TapRing::count_lost() {
  lost_.store(lost_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace media::tap

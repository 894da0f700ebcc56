#include "media/estimate/throughput.h"

#include <algorithm>
#include <numeric>

namespace media::estimate {

namespace {

constexpr int64_t slot_of(Instant at) {
  const int64_t span = Throughput::kSlot.as_micros();
  const int64_t us = at.as_micros();
  return us >= 0 ? us / span : -((-us + span - 1) / span);
}
constexpr size_t place_of(int64_t slot) {
  return static_cast<size_t>(((slot % Throughput::kSlots) + Throughput::kSlots) %
                             Throughput::kSlots);
}

}  // namespace

void Throughput::restart() {
  started_ = false;
  bytes_.fill(0);
}

void Throughput::on_arrival(Instant arrived, size_t bytes) {
  const int64_t slot = slot_of(arrived);
  if (started_ && (slot > newest_ + kMaxJumpSlots || slot < newest_ - kMaxJumpSlots)) restart();
  if (!started_) {
    started_ = true;
    first_ = newest_ = slot;
    latest_ = arrived;
  }
  if (slot <= newest_ - kSlots) return;
  for (; newest_ < slot; ++newest_) bytes_[place_of(newest_ + 1)] = 0;
  latest_ = std::max(latest_, arrived);
  bytes_[place_of(slot)] += static_cast<uint32_t>(bytes);
}

std::optional<DataRate> Throughput::rate() const {
  if (!started_ || newest_ - first_ < kSlots) return std::nullopt;
  const Instant from = Instant::from_micros((newest_ - kSlots + 1) * kSlot.as_micros());
  return rate_of(std::accumulate(bytes_.begin(), bytes_.end(), int64_t{0}),
                 std::max(latest_ - from, kSlot * (kSlots - 1)));
}

}  // namespace media::estimate

#include "media/worker/placement.h"

#include <algorithm>
#include <tuple>

namespace media::worker {

namespace {
bool is_lighter(const LoadEstimate& a, const LoadEstimate& b) {
  const auto rank = [](const LoadEstimate& l) {
    return std::tuple(l.load(), l.peers(), l.rooms());
  };
  return rank(a) < rank(b);
}
}  // namespace

void LoadEstimate::on_reading(Instant now, const Reading& reading) {
  full_ = reading.is_full || reading.lag_us > kLateUs;
  busy_ = reading.busy;
  if (read_at_ == Instant()) {
    read_at_ = now;
    packets_before_ = reading.packets;
    return;
  }
  const int64_t us = (now - read_at_).as_micros();
  if (us < kInterval.as_micros()) return;
  measured_ = static_cast<int64_t>(reading.packets - packets_before_) * 1'000'000 / us;
  packets_before_ = reading.packets;
  read_at_ = now;
  // Readings may be far apart: who came before the last one counts as measured.
  settling_ = us < 2 * kInterval.as_micros() ? fresh_ : 0;
  fresh_ = 0;
}

void LoadEstimate::count_peer(int change) {
  peers_ += change;
  if (change > 0) fresh_ += change;
}

int64_t LoadEstimate::load() const {
  const auto in_use = static_cast<int64_t>(busy_ * static_cast<double>(kWhole));
  const int64_t expected = std::max(measured_, in_use) + kFreshPeer * (fresh_ + settling_);
  return full_ ? std::max(expected, kFull) : expected;
}

size_t choose_worker(const std::vector<LoadEstimate>& loads, const std::vector<size_t>& in_room,
                     int64_t spread_above) {
  const auto lightest =
      static_cast<size_t>(std::min_element(loads.begin(), loads.end(), is_lighter) - loads.begin());
  if (in_room.empty()) return lightest;
  const size_t own = *std::min_element(in_room.begin(), in_room.end(), [&](size_t a, size_t b) {
    return is_lighter(loads[a], loads[b]);
  });
  const int64_t carried = loads[own].load();
  if (carried <= spread_above) return own;
  return loads[lightest].load() < carried / 4 * 3 ? lightest : own;
}

}  // namespace media::worker

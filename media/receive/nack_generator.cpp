#include "media/receive/nack_generator.h"

#include <algorithm>

namespace media::receive {

namespace {
// Before the first measurement; GCC's default.
constexpr Duration kDefaultRtt = Duration::millis(100);
constexpr Duration kMinRetry = Duration::millis(20);
}  // namespace

void NackGenerator::on_packet(Instant now, int64_t sequence) {
  if (!highest_) {
    highest_ = sequence;
    return;
  }
  if (sequence <= *highest_) {
    const auto it = std::lower_bound(missing_.begin(), missing_.end(), sequence,
                                     [](const Missing& m, int64_t s) { return m.sequence < s; });
    if (it != missing_.end() && it->sequence == sequence) missing_.erase(it);
    return;
  }
  const int64_t gap = sequence - *highest_ - 1;
  if (gap > static_cast<int64_t>(kMaxMissing - std::min(missing_.size(), kMaxMissing))) {
    missing_.clear();
    key_frame_needed_ = true;
  } else {
    for (int64_t s = *highest_ + 1; s < sequence; ++s) {
      missing_.push_back(Missing{s, now, now + kReorderAllowance, 0});
    }
  }
  highest_ = sequence;
}

void NackGenerator::forget_before(int64_t sequence) {
  const auto end = std::find_if(missing_.begin(), missing_.end(),
                                [&](const Missing& m) { return m.sequence >= sequence; });
  missing_.erase(missing_.begin(), end);
}

void NackGenerator::poll(Instant now, Duration rtt, std::vector<uint16_t>& out) {
  if (missing_.empty()) return;
  const Duration base = std::max(kMinRetry, rtt > Duration() ? rtt : kDefaultRtt);
  const auto given_up = std::remove_if(missing_.begin(), missing_.end(), [&](const Missing& m) {
    return now - m.since >= kMaxAge || (m.tries >= kMaxTries && now >= m.next_ask);
  });
  if (given_up != missing_.end()) {
    missing_.erase(given_up, missing_.end());
    key_frame_needed_ = true;
  }
  for (Missing& m : missing_) {
    if (now < m.next_ask) continue;
    out.push_back(static_cast<uint16_t>(m.sequence));
    // RTT times 1, 1.5, 2, ...
    m.next_ask = now + base * (2 + m.tries) / 2;
    ++m.tries;
  }
}

bool NackGenerator::take_key_frame_needed() {
  const bool needed = key_frame_needed_;
  key_frame_needed_ = false;
  return needed;
}

}  // namespace media::receive

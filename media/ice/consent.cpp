#include "media/ice/consent.h"

#include <algorithm>

namespace media::ice {

void Consent::start(Instant now) {
  *this = Consent();
  running_ = true;
  next_check_ = now;
  last_proof_ = now;
}

stun::TransactionId Consent::begin_check(Instant now, Rng& rng) {
  Check& check = checks_[next_slot_];
  next_slot_ = (next_slot_ + 1) % kOutstanding;
  rng.fill(check.id);
  check.sent = now;
  check.waiting = true;
  Duration wait = kConsentInterval * static_cast<int64_t>(800 + rng.below(401)) / 1000;
  if (!confirmed_) {
    // Doubling from kFirstCheckRetry, never slower than the steady pace.
    const auto doublings = static_cast<int64_t>(std::min<size_t>(sent_, 6));
    wait = std::min(wait, kFirstCheckRetry * (int64_t{1} << doublings));
  }
  ++sent_;
  next_check_ = now + wait;
  return check.id;
}

std::optional<Duration> Consent::on_answer(Instant now, const stun::TransactionId& id, Rng& rng) {
  if (!running_) return std::nullopt;
  for (Check& check : checks_) {
    if (!check.waiting || check.id != id) continue;
    check.waiting = false;
    if (!confirmed_) {
      next_check_ = now + kConsentInterval * static_cast<int64_t>(800 + rng.below(401)) / 1000;
    }
    confirm(now);
    return now - check.sent;
  }
  return std::nullopt;
}

void Consent::confirm(Instant now) {
  confirmed_ = true;
  last_proof_ = now;
}

}  // namespace media::ice

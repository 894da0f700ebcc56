// Consent to send to one remote address (RFC 7675): when the next Binding request is due, which
// answers count, and whether consent has run out. Also proves that the address can be reached at
// all. Owner: IceLite, IceControlling.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "media/base/rng.h"
#include "media/base/time.h"
#include "media/stun/message.h"

namespace media::ice {

// RFC 7675 section 5.1: 30 s without an answer ends consent; checks every 5 s, each spaced by 0.8
// to 1.2 of that.
inline constexpr Duration kConsentExpiry = Duration::seconds(30);
inline constexpr Duration kConsentInterval = Duration::seconds(5);
// Before the first answer checks repeat quickly, so that one lost packet does not delay a switch of
// address.
inline constexpr Duration kFirstCheckRetry = Duration::millis(100);

class Consent {
 public:
  // First check at `now`.
  void start(Instant now);
  [[nodiscard]] bool is_running() const { return running_; }
  void stop() { running_ = false; }

  [[nodiscard]] Instant next_check() const { return running_ ? next_check_ : Instant::never(); }
  // Makes a check with a fresh transaction id due now and schedules the one after it.
  stun::TransactionId begin_check(Instant now, Rng& rng);
  // Makes the next check due at `now`.
  void hurry(Instant now) { next_check_ = now; }
  // Matches an authenticated answer; unset when no outstanding check has this id. Returns the round
  // trip.
  std::optional<Duration> on_answer(Instant now, const stun::TransactionId& id, Rng& rng);
  // Another proof that the peer receives at this address.
  void confirm(Instant now);

  // Whether any proof has come since start().
  [[nodiscard]] bool is_confirmed() const { return confirmed_; }
  // When consent runs out unless a check is answered.
  [[nodiscard]] Instant expiry() const {
    return running_ ? last_proof_ + kConsentExpiry : Instant::never();
  }
  [[nodiscard]] size_t unconfirmed_checks() const { return sent_; }

 private:
  struct Check {
    stun::TransactionId id{};
    Instant sent;
    bool waiting = false;
  };

  // Answers older than this many checks are not believed any more.
  static constexpr size_t kOutstanding = 4;

  std::array<Check, kOutstanding> checks_{};
  size_t next_slot_ = 0;
  size_t sent_ = 0;
  Instant next_check_;
  Instant last_proof_;
  bool running_ = false;
  bool confirmed_ = false;
};

}  // namespace media::ice

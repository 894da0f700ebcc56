// The client's half of ICE towards a lite server: one remote candidate, checked with USE-CANDIDATE
// from the start (RFC 8445 section 7.2.2), kept alive by consent checks, the server's checks
// answered. For our own load generator and tests. Owner: transport::Peer. Pure: told the time,
// returns what to send.
#pragma once

#include <optional>

#include "media/base/address.h"
#include "media/base/bytes.h"
#include "media/base/drop.h"
#include "media/base/model.h"
#include "media/base/rng.h"
#include "media/base/time.h"
#include "media/ice/consent.h"
#include "media/ice/ice_lite.h"

namespace media::ice {

class IceControlling {
 public:
  // `rng` is kept and must outlive the agent.
  IceControlling(IceCredentials local, IceCredentials remote, const Address& candidate, Rng& rng);

  // First check.
  void start(Instant now);
  IceLite::Handled on_datagram(Instant now, const Address& from, ByteSpan datagram,
                               MutableByteSpan out);
  std::optional<Transmit> poll(Instant now, MutableByteSpan out);
  [[nodiscard]] Instant next_timeout() const;

  // New credentials of both sides; checks again at once.
  void restart(Instant now, IceCredentials local, IceCredentials remote);
  // Makes a check due now, as a client does whose network changed.
  void check_now(Instant now) { consent_.hurry(now); }

  // A check of ours was answered.
  [[nodiscard]] bool is_connected() const { return consent_.is_confirmed(); }
  [[nodiscard]] bool is_expired(Instant now) const { return now >= consent_.expiry(); }
  [[nodiscard]] const Address& candidate() const { return candidate_; }
  [[nodiscard]] Duration rtt() const { return rtt_; }
  [[nodiscard]] const std::string& local_ufrag() const { return local_.ufrag; }

 private:
  IceLite::Handled on_request(const Address& from, const stun::MessageView& request, size_t size,
                              MutableByteSpan out);
  IceLite::Handled on_response(Instant now, const stun::MessageView& response);

  IceCredentials local_;
  IceCredentials remote_;
  Address candidate_;
  Rng& rng_;
  uint64_t tie_breaker_;
  Consent consent_;
  Duration rtt_;
};

}  // namespace media::ice

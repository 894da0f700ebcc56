// The server's half of ICE (RFC 8445, lite): answers authenticated checks, follows the peer's
// nominations, and sends consent checks of its own (RFC 7675), which also prove that a nominated
// address really is the peer's, so that nobody can aim our media at a third party. Everything
// unauthenticated is dropped without an answer. Owner: transport::Peer. Thread: its worker. Pure:
// told the time, returns what to send.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "media/base/address.h"
#include "media/base/bytes.h"
#include "media/base/drop.h"
#include "media/base/model.h"
#include "media/base/rng.h"
#include "media/base/time.h"
#include "media/ice/consent.h"
#include "media/stun/message.h"

namespace media::ice {

// A browser with several interfaces uses three or four; more is somebody playing.
inline constexpr size_t kMaxTuples = 8;
// RFC 9000 section 8.1's rule for the same danger: bytes sent to an address before it is proven,
// per byte received.
inline constexpr size_t kAmplificationLimit = 3;
// A selected address that is silent for so long loses to any newly nominated one, whatever their
// priorities.
inline constexpr Duration kSilentTuple = Duration::seconds(1);
// Peers repeat USE-CANDIDATE on the pair they use every 2.5 s or so.
inline constexpr Duration kStaleNomination = Duration::seconds(3);
// Room for any message we build.
inline constexpr size_t kMaxMessage = 256;

struct Transmit {
  Address to;
  size_t size = 0;
};

class IceLite {
 public:
  // `rng` is kept for transaction ids and must outlive the agent.
  IceLite(IceCredentials local, IceCredentials remote, Rng& rng);

  // A STUN datagram. `out` holds kMaxMessage bytes; the first `reply_size` of them go back to
  // `from`.
  struct Handled {
    std::optional<Drop> drop;
    size_t reply_size = 0;
  };
  Handled on_datagram(Instant now, const Address& from, ByteSpan datagram, MutableByteSpan out);

  // The next consent check that is due, written to `out`. Call until unset whenever next_timeout()
  // has passed and after on_datagram().
  std::optional<Transmit> poll(Instant now, MutableByteSpan out);
  [[nodiscard]] Instant next_timeout() const;

  // RFC 8445 section 9. Requests with the old credentials stay good until a pair is nominated with
  // the new ones.
  void restart(IceCredentials local, IceCredentials remote);
  [[nodiscard]] std::span<const std::string> local_ufrags() const { return ufrags_; }

  // A datagram of another protocol came from `from`; false when the address never passed an
  // authenticated check.
  bool on_traffic(Instant now, const Address& from, size_t size);
  // Another protocol proved that the peer receives at the selected address (a DTLS handshake came
  // to its end).
  void confirm_selected(Instant now);
  // Before confirm_selected(): the peer uses `from`, an address that passed its check and has
  // answered ours, so it becomes the selected one, nominated or not. False, and no change,
  // otherwise.
  bool prefer(const Address& from);
  // Takes `size` bytes from what may be sent to the selected address; false when an unproven one
  // would get too much.
  bool spend(size_t size);

  // The nominated address in use; nullptr before the first nomination. An address nominated later
  // replaces it only once it has answered a check of ours.
  [[nodiscard]] const Address* selected() const;
  [[nodiscard]] bool is_confirmed() const;
  [[nodiscard]] bool is_expired(Instant now) const;
  // Addresses that passed an authenticated check within kConsentExpiry.
  [[nodiscard]] std::span<const Address> known_addresses() const {
    return {addresses_.data(), count_};
  }
  // Round trip of our own checks, smoothed as in RFC 6298; zero until measured.
  [[nodiscard]] Duration rtt() const { return rtt_; }

 private:
  struct Generation {
    IceCredentials local;
    IceCredentials remote;
    uint32_t number = 0;
  };
  struct Tuple {
    Consent consent;
    uint32_t generation = 0;
    uint32_t priority = 0;
    Instant last_received;
    Instant last_check;
    Instant last_nomination;
    uint64_t received = 0;
    uint64_t sent = 0;
  };

  Handled on_request(Instant now, const Address& from, const stun::MessageView& request,
                     size_t size, MutableByteSpan out);
  Handled on_response(Instant now, const Address& from, const stun::MessageView& response);
  [[nodiscard]] const Generation* generation_of(std::string_view username) const;
  [[nodiscard]] const Generation* generation_number(uint32_t number) const;
  size_t tuple_for(Instant now, const Address& from);
  [[nodiscard]] size_t index_of(const Address& address) const;
  void forget(size_t index);
  void nominate(Instant now, size_t index, const Generation& generation);
  void select(size_t index);
  void measure(Duration sample);
  // 0 when nothing can or may be sent to that address.
  size_t write_check(Instant now, size_t index, MutableByteSpan out);

  static constexpr size_t kNone = kMaxTuples;

  Rng& rng_;
  uint64_t tie_breaker_;
  std::vector<Generation> generations_;  // newest last, at most two
  std::vector<std::string> ufrags_;
  // Parallel arrays, so that known_addresses() is a span.
  std::array<Address, kMaxTuples> addresses_{};
  std::array<Tuple, kMaxTuples> tuples_{};
  size_t count_ = 0;
  size_t selected_ = kNone;
  size_t pending_ = kNone;  // nominated, not yet proven
  bool in_use_ = false;     // the selected address carries a finished handshake
  Duration rtt_;
};

}  // namespace media::ice

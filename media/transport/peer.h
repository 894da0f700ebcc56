// One peer's wire: ICE-lite, DTLS and SRTP of one connection; datagrams in, decrypted RTP and RTCP
// out, and back. Knows no rooms and no sockets. Owner: engine::Engine. Thread: its worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "media/base/address.h"
#include "media/base/bytes.h"
#include "media/base/drop.h"
#include "media/base/model.h"
#include "media/base/rng.h"
#include "media/base/time.h"

namespace media::dtls {
class Certificate;
}

namespace media::transport {

// Takes the control datagrams (STUN, DTLS) that a call produced. Media goes through seal_rtp into a
// batch slot.
class DatagramSink {
 public:
  virtual ~DatagramSink() = default;
  virtual void send(const Address& to, ByteSpan datagram) = 0;
};

// Room that seal_rtp and seal_rtcp need behind the plaintext: the largest tag and index of the
// supported profiles (GCM tag 16 (RFC 7714), SRTCP index 4).
inline constexpr size_t kSealOverhead = 16 + 4;

class Peer {
 public:
  struct Params {
    IceCredentials local;
    IceCredentials remote;
    Fingerprint remote_fingerprint{};
    // Client: our own peers (media/client). They check `candidate`, the server's one address, and
    // start DTLS.
    enum class Role : uint8_t { Server, Client };
    Role role = Role::Server;
    // The two halves of DTLS the other way round (RFC 8842 section 5): the server sends the
    // ClientHello, to a peer that offered a=setup:passive. ICE stays as it is.
    bool dtls_reversed = false;
    Address candidate;
    size_t max_ssrcs = 32;     // sources that may be received; a server has more
    bool aes_cm_only = false;  // a client that does not offer AES-GCM
  };
  enum class State : uint8_t { New, Handshaking, Connected, Failed, Closed };
  enum class Kind : uint8_t { Nothing, Rtp, Rtcp };
  struct Inbound {
    Kind kind = Kind::Nothing;
    MutableByteSpan plain;  // inside the datagram's own memory, decrypted in place
  };

  // `certificate` outlives the peer; `rng` is used during construction and for STUN transaction
  // ids.
  Peer(Params params, const dtls::Certificate& certificate, Rng& rng);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // One datagram from `from`. Decrypts in place. Counts every refusal in `drops`. STUN must have
  // been matched to this peer by its ufrag (engine's cold path) or by a known address.
  Inbound on_datagram(Instant now, const Address& from, MutableByteSpan datagram,
                      DatagramSink& sink, DropCounters& drops);
  // Does what is due (DTLS retransmission, consent check RFC 7675); call when next_timeout() has
  // passed.
  void on_timeout(Instant now, DatagramSink& sink);
  [[nodiscard]] Instant next_timeout() const;

  // RFC 8445 section 9. Both credentials are accepted until a check with the new ones has nominated
  // a pair.
  void restart_ice(IceCredentials local, IceCredentials remote);
  // Client: makes a check due at once (at the start, or when the local address changed); call
  // on_timeout() next.
  void check_now(Instant now);
  // Sends close_notify.
  void close(DatagramSink& sink);

  [[nodiscard]] State state() const;
  // Handshake done and a validated remote address: media may be sent.
  [[nodiscard]] bool can_send() const;
  // The selected remote address.
  [[nodiscard]] const Address& remote() const;
  // Every remote address that passed an authenticated check and may still send; at most 8.
  [[nodiscard]] std::span<const Address> known_addresses() const;
  [[nodiscard]] std::span<const std::string> local_ufrags() const;
  // Round trip of our own consent checks; zero until measured.
  [[nodiscard]] Duration rtt() const;

  // Protects in place. slot[0..size) is a complete RTP packet, slot has kSealOverhead bytes more.
  // `index` is the unwrapped sequence number (RFC 3711 section 3.3.1: rollover counter * 65536 +
  // sequence, from 0 for each ssrc), so that retransmitted or reordered packets need no guessing.
  // Returns the protected size, 0 before the handshake has ended and when a key is worn out.
  size_t seal_rtp(MutableByteSpan slot, size_t header_size, size_t size, int64_t index);
  size_t seal_rtcp(MutableByteSpan slot, size_t size);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace media::transport

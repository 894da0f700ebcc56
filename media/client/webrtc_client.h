// A WebRTC peer of our own, without sockets or clock: controlling ICE, DTLS client, SRTP. The load
// generator and the integration tests are made of it; small enough for hundreds on one thread.
// Owner and thread: one caller.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "media/base/address.h"
#include "media/base/bytes.h"
#include "media/base/drop.h"
#include "media/base/model.h"
#include "media/base/rng.h"
#include "media/base/seq.h"
#include "media/base/time.h"
#include "media/transport/peer.h"

namespace media::client {

// What a client is told. Calls come from within on_datagram() and on_timeout(); do not destroy the
// client there.
class ClientEvents {
 public:
  virtual ~ClientEvents() = default;
  // Media may be sent from now on.
  virtual void on_connected(Instant /*now*/) {}
  // The handshake failed, consent expired, or the server said goodbye; nothing follows.
  virtual void on_lost(Instant /*now*/, transport::Peer::State /*state*/) {}
  // A protected RTP packet as it came from the line; false: it is thrown away unopened, as if it
  // had been lost. Leave fewer than 2^15 packets in a row closed, or rollovers go unseen.
  virtual bool on_sealed_rtp(Instant /*now*/, ByteSpan /*packet*/) { return true; }
  // Decrypted packets, valid during the call, not validated any further.
  virtual void on_rtp(Instant /*now*/, ByteSpan /*packet*/) {}
  virtual void on_rtcp(Instant /*now*/, ByteSpan /*compound*/) {}
};

class WebRtcClient {
 public:
  struct Params {
    IceCredentials local;
    IceCredentials remote;
    Fingerprint remote_fingerprint{};
    Address candidate;         // where the server listens
    bool aes_cm_only = false;  // offer AES_CM_128_HMAC_SHA1_80 alone
    // The server answered a=setup:active: it sends the ClientHello.
    bool waits_for_dtls = false;
  };

  // `certificate`, `rng` and `events` outlive the client.
  WebRtcClient(Params params, const dtls::Certificate& certificate, Rng& rng, ClientEvents& events);

  void start(Instant now, transport::DatagramSink& sink);
  // Decrypts in place.
  void on_datagram(Instant now, const Address& from, MutableByteSpan datagram,
                   transport::DatagramSink& sink);
  void on_timeout(Instant now, transport::DatagramSink& sink);
  [[nodiscard]] Instant next_timeout() const { return peer_.next_timeout(); }

  // A complete RTP packet of at most kMaxPlainPacket bytes; false before connected() or when it is
  // not RTP. Sequence numbers may step back (retransmission) by less than 2^15.
  bool send_rtp(ByteSpan packet, transport::DatagramSink& sink);
  bool send_rtcp(ByteSpan compound, transport::DatagramSink& sink);

  // New credentials of both sides (RFC 8445 section 9).
  void restart_ice(Instant now, IceCredentials local, IceCredentials remote,
                   transport::DatagramSink& sink);
  // The local address changed: checks at once, so that the server follows.
  void on_network_change(Instant now, transport::DatagramSink& sink);
  void close(transport::DatagramSink& sink);

  [[nodiscard]] bool connected() const { return peer_.can_send(); }
  [[nodiscard]] transport::Peer::State state() const { return peer_.state(); }
  [[nodiscard]] Duration rtt() const { return peer_.rtt(); }
  [[nodiscard]] const DropCounters& drops() const { return drops_; }

 private:
  void report(Instant now);
  SeqUnwrapper& unwrapper(uint32_t ssrc);

  transport::Peer peer_;
  ClientEvents& events_;
  DropCounters drops_;
  std::vector<std::pair<uint32_t, SeqUnwrapper>> sequences_;
  bool told_connected_ = false;
  bool told_lost_ = false;
};

// Longest plain packet a client sends: one Ethernet datagram less SRTP's overhead.
inline constexpr size_t kMaxPlainPacket = 1440;

}  // namespace media::client

// A server peer and a client peer joined by a wire that loses on request, delays nothing and runs
// in virtual time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "media/dtls/certificate.h"
#include "media/ice/credentials.h"
#include "media/transport/peer.h"

namespace media::transport {

using Bytes = std::vector<uint8_t>;

inline Address at(uint8_t host, uint16_t port) {
  const auto address = Address::parse("192.0.2." + std::to_string(host), port);
  return *address;
}

inline const dtls::Certificate& certificate(size_t index) {
  static const auto* const made = new std::vector<dtls::Certificate>([] {
    std::vector<dtls::Certificate> all;
    for (int i = 0; i < 3; ++i) all.push_back(std::move(*dtls::Certificate::make()));
    return all;
  }());
  return (*made)[index];
}

// Remembers what was sent.
class Outgoing final : public DatagramSink {
 public:
  void send(const Address& to, ByteSpan datagram) override {
    sent.emplace_back(to, Bytes(datagram.begin(), datagram.end()));
  }
  std::deque<std::pair<Address, Bytes>> sent;
};

class Wire {
 public:
  struct Options {
    bool aes_cm_only = false;
    bool dtls_reversed = false;
    size_t client_certificate = 1;
    size_t expected_certificate = 1;
  };

  Wire() : Wire(Options()) {}
  explicit Wire(Options options) : rng_(99) {
    server_side = ice::make_credentials(rng_);
    client_side = ice::make_credentials(rng_);
    Peer::Params s;
    s.local = server_side;
    s.remote = client_side;
    s.remote_fingerprint = certificate(options.expected_certificate).fingerprint();
    s.dtls_reversed = options.dtls_reversed;
    server.emplace(s, certificate(0), rng_);
    Peer::Params c;
    c.local = client_side;
    c.remote = server_side;
    c.remote_fingerprint = certificate(0).fingerprint();
    c.role = Peer::Params::Role::Client;
    c.candidate = server_address;
    c.aes_cm_only = options.aes_cm_only;
    c.dtls_reversed = options.dtls_reversed;
    client.emplace(c, certificate(options.client_certificate), rng_);
  }

  // Delivers everything on the way until the wire is quiet.
  void deliver() {
    for (bool moved = true; moved;) {
      moved = false;
      while (!from_client.sent.empty()) {
        auto [to, bytes] = std::move(from_client.sent.front());
        from_client.sent.pop_front();
        moved = true;
        client_bytes += bytes.size();
        if (lose && lose(true, bytes)) continue;
        if (to == server_address)
          server->on_datagram(now, client_address, bytes, from_server, server_drops);
      }
      while (!from_server.sent.empty()) {
        auto [to, bytes] = std::move(from_server.sent.front());
        from_server.sent.pop_front();
        moved = true;
        server_bytes += bytes.size();
        if (lose && lose(false, bytes)) continue;
        if (to == client_address) {
          client->on_datagram(now, server_address, bytes, from_client, client_drops);
        } else {
          strays.emplace_back(to, bytes);
        }
      }
    }
  }

  // Lets `span` pass, running timers when they are due.
  void pass(Duration span) {
    const Instant end = now + span;
    deliver();
    for (;;) {
      const Instant next = std::min(server->next_timeout(), client->next_timeout());
      if (next > end) break;
      now = std::max(now, next);
      if (server->next_timeout() <= now) server->on_timeout(now, from_server);
      if (client->next_timeout() <= now) client->on_timeout(now, from_client);
      deliver();
    }
    now = end;
  }

  void connect() {
    client->check_now(now);
    client->on_timeout(now, from_client);
    pass(Duration::seconds(2));
  }

  Bytes seal(Peer& peer, uint16_t sequence, uint32_t ssrc = 7) {
    Bytes slot(100 + kSealOverhead, 0x5a);
    slot[0] = 0x80;
    slot[1] = 96;
    store_be16(slot.data() + 2, sequence);
    store_be32(slot.data() + 8, ssrc);
    slot.resize(peer.seal_rtp(slot, 12, 100, sequence));
    return slot;
  }

  SplitMix64 rng_;
  IceCredentials server_side;
  IceCredentials client_side;
  Instant now = Instant::from_micros(1'000'000'000);
  Address server_address = at(1, 4000);
  Address client_address = at(2, 5000);
  std::optional<Peer> server;
  std::optional<Peer> client;
  Outgoing from_server;
  Outgoing from_client;
  DropCounters server_drops;
  DropCounters client_drops;
  std::function<bool(bool from_client, const Bytes&)> lose;
  std::vector<std::pair<Address, Bytes>> strays;
  size_t client_bytes = 0;
  size_t server_bytes = 0;
};

}  // namespace media::transport

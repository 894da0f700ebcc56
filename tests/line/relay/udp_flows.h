// The UDP half of a relay: one socket towards clients, and one per client towards the server.
// Owner and thread: LineRelay's loop.
#pragma once

#include <cstdint>
#include <map>

#include "media/base/address.h"
#include "media/base/result.h"
#include "media/net/poller.h"
#include "media/net/udp_socket.h"
#include "tests/line/pipe.h"

namespace line::relay {

class UdpFlows {
 public:
  // Tokens and flows are numbers from kFirst up to kFirst + kMaxFlows; the first is the socket
  // towards clients.
  static constexpr uint32_t kFirst = 1;
  static constexpr uint32_t kMaxFlows = 1000;

  // The poller outlives this.
  static media::Outcome<UdpFlows> listen(const media::Address& server, media::net::Poller& poller);

  [[nodiscard]] const media::Address& address() const { return clients_.local_address(); }
  [[nodiscard]] bool owns(uint64_t token) const {
    return token >= kFirst && token <= kFirst + kMaxFlows;
  }
  [[nodiscard]] bool has(uint32_t flow) const { return flows_.contains(flow); }
  void on_ready(uint64_t token, Instant now, Pipe& up, Pipe& down);
  // A datagram that the line let through: up to the server, else down to the flow's client.
  void send(uint32_t flow, const Bytes& datagram, bool up) const;

 private:
  struct Flow {
    media::Address client;
    media::net::UdpSocket socket;
  };
  UdpFlows(const media::Address& server, media::net::UdpSocket clients, media::net::Poller& poller)
      : server_(server), clients_(std::move(clients)), poller_(&poller) {}
  uint32_t flow_of(const media::Address& client);

  media::Address server_;
  media::net::UdpSocket clients_;
  media::net::Poller* poller_;
  std::unique_ptr<media::net::ReceiveBatch> batch_ = std::make_unique<media::net::ReceiveBatch>();
  std::map<uint32_t, Flow> flows_;
  std::map<media::Address, uint32_t> by_client_;
};

}  // namespace line::relay

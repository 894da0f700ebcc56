#include "tests/line/relay/udp_flows.h"

namespace line::relay {

namespace {

media::Outcome<media::net::UdpSocket> free_socket() {
  // Joined datagrams would be one for the line.
  return media::net::UdpSocket::bind(*media::Address::parse("127.0.0.1", 0), {.gro = false});
}

}  // namespace

media::Outcome<UdpFlows> UdpFlows::listen(const media::Address& server,
                                          media::net::Poller& poller) {
  auto socket = free_socket();
  if (!socket) return tl::unexpected(socket.error());
  if (auto added = poller.add(socket->fd(), kFirst); !added) return tl::unexpected(added.error());
  return UdpFlows(server, std::move(*socket), poller);
}

// The number of `client`'s flow, a new one when it is unknown; 0 when there are too many.
uint32_t UdpFlows::flow_of(const media::Address& client) {
  const auto known = by_client_.find(client);
  if (known != by_client_.end()) return known->second;
  if (flows_.size() == kMaxFlows) return 0;
  auto socket = free_socket();
  const auto flow = kFirst + 1 + static_cast<uint32_t>(flows_.size());
  if (!socket || !poller_->add(socket->fd(), flow)) return 0;
  flows_.emplace(flow, Flow{client, std::move(*socket)});
  by_client_[client] = flow;
  return flow;
}

void UdpFlows::on_ready(uint64_t token, Instant now, Pipe& up, Pipe& down) {
  if (token == kFirst) {
    for (const auto& got : batch_->receive(clients_)) {
      const uint32_t flow = flow_of(got.from);
      if (flow != 0) up.offer(now, Bytes(got.bytes.begin(), got.bytes.end()), flow);
    }
    return;
  }
  const auto flow = flows_.find(static_cast<uint32_t>(token));
  if (flow == flows_.end()) return;
  for (const auto& got : batch_->receive(flow->second.socket)) {
    if (got.from == server_)
      down.offer(now, Bytes(got.bytes.begin(), got.bytes.end()), flow->first);
  }
}

void UdpFlows::send(uint32_t flow, const Bytes& datagram, bool up) const {
  const Flow& f = flows_.at(flow);
  // A full socket buffer on loopback is the receiver's, as it would be without the relay.
  [[maybe_unused]] const bool sent =
      up ? f.socket.send(server_, datagram) : clients_.send(f.client, datagram);
}

}  // namespace line::relay

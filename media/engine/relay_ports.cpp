#include "media/engine/relay_ports.h"

#include <algorithm>

namespace media::engine {

RelayPorts::Port* RelayPorts::find(ShardId shard) {
  const auto it =
      std::find_if(ports_.begin(), ports_.end(), [&](const Port& p) { return p.shard == shard; });
  return it == ports_.end() ? nullptr : &*it;
}

void RelayPorts::connect(ShardId shard, std::shared_ptr<mesh::Pipe> out,
                         std::shared_ptr<mesh::Pipe> in) {
  if (find(shard) != nullptr) return;
  ports_.push_back({shard, std::move(out), std::move(in)});
  connected_just_now_ = true;
}

void RelayPorts::carry(const sfu::Outbox& outbox, DropCounters& drops) {
  if (outbox.relays.empty() && outbox.relay_packets.empty()) return;
  for (const sfu::RelayOut& message : outbox.relays) {
    Port* port = find(message.to);
    if (port == nullptr) continue;  // told of a neighbour before its pipe: it repeats itself
    port->out->post(message);
    port->used = true;
  }
  for (const sfu::RelayPacketOut& packet : outbox.relay_packets) {
    Port* port = find(packet.to);
    if (port == nullptr || !port->out->put(packet)) {
      drops.add(Drop::RelayOverflow);
    } else {
      ++packets_out_;
    }
    if (port != nullptr) port->used = true;
  }
  for (Port& port : ports_) {
    if (std::exchange(port.used, false)) port.out->ring_bell();
  }
}

void RelayPorts::collect() {
  for (Port& port : ports_) {
    port.in->hear();
    while (auto message = port.in->take_message())
      messages_.emplace_back(port.shard, std::move(*message));
    port.seen = port.in->waiting();
  }
}

void RelayPorts::retry() {
  for (Port& port : ports_) {
    if (port.out->has_spilled()) port.out->ring_bell();
  }
}

}  // namespace media::engine

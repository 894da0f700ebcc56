// One worker's ends of the pipes to the other workers with which it shares rooms. Owner: Engine.
// Thread: its worker.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "media/base/drop.h"
#include "media/base/ids.h"
#include "media/mesh/pipe.h"
#include "media/sfu/outbox.h"

namespace media::engine {

class RelayPorts {
 public:
  // Pipes that are already there are kept.
  void connect(ShardId shard, std::shared_ptr<mesh::Pipe> out, std::shared_ptr<mesh::Pipe> in);

  // Hands over what the outbox has for other workers.
  void carry(const sfu::Outbox& outbox, DropCounters& drops);

  // Remembers what waits now. Commands are then taken before it is handled, so that a message is
  // never ahead of the commands that its sender had already seen carried out.
  void collect();
  // Calls `on_message(from, RelayOut)` and `on_packet(Crossing)` for what collect() saw, at most
  // kPacketsPerTurn packets of each pipe. True when something is left.
  template <class OnMessage, class OnPacket>
  bool handle(OnMessage&& on_message, OnPacket&& on_packet);
  // Tries again what did not fit; every tick.
  void retry();

  [[nodiscard]] bool empty() const { return ports_.empty(); }
  [[nodiscard]] uint64_t packets_out() const { return packets_out_; }
  [[nodiscard]] uint64_t packets_in() const { return packets_in_; }

  // Then the worker's own sockets get their turn.
  static constexpr size_t kPacketsPerTurn = 512;

 private:
  struct Port {
    ShardId shard;
    std::shared_ptr<mesh::Pipe> out;
    std::shared_ptr<mesh::Pipe> in;
    size_t seen = 0;  // packets that collect() found
    bool used = false;
  };
  Port* find(ShardId shard);

  std::vector<Port> ports_;
  std::deque<std::pair<ShardId, sfu::RelayOut>> messages_;
  bool connected_just_now_ = false;
  uint64_t packets_out_ = 0;
  uint64_t packets_in_ = 0;
};

template <class OnMessage, class OnPacket>
bool RelayPorts::handle(OnMessage&& on_message, OnPacket&& on_packet) {
  while (!messages_.empty()) {
    const auto [from, message] = std::move(messages_.front());
    messages_.pop_front();
    on_message(from, message);
  }
  // A bell that rang before this worker knew the pipe was not heard.
  bool more = std::exchange(connected_just_now_, false);
  for (Port& port : ports_) {
    const size_t count = port.seen < kPacketsPerTurn ? port.seen : kPacketsPerTurn;
    for (size_t i = 0; i < count; ++i) {
      on_packet(port.in->front());
      port.in->release();
    }
    packets_in_ += count;
    more = more || port.seen > count;
    port.seen = 0;
  }
  return more;
}

}  // namespace media::engine

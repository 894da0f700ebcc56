// One direction between two workers that share a room: packets by value in a bounded ring, messages
// in a mailbox. The producer never waits: a packet that finds the ring full is lost for the
// consumer's watchers alone, a message is kept until there is room. The consumer is woken once for
// whatever came since it last looked. Producer: the worker that has the publishers. Consumer: the
// other one. Each is one thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "media/base/packet_pool.h"
#include "media/mesh/mailbox.h"
#include "media/sfu/relay.h"

namespace media::mesh {

// A packet between two workers: bytes and facts, and no reference to the producer's memory.
struct Crossing {
  RoomId room;
  TrackId track;
  Ssrc ssrc;
  sfu::IngressPacket form;  // its PacketRef is empty
  send::SourceFacts facts;
  uint16_t size = 0;
  std::array<uint8_t, kPoolPacketSize> bytes;
};

class Pipe {
 public:
  // `wake` is called on the producer's thread and must not block. `capacity` is a power of two;
  // 2048 packets are 4 MB, and 20 ms of 100000 packets a second: longer than a worker's turn.
  explicit Pipe(std::function<void()> wake, size_t capacity = 2048);

  // --- producer ---
  // False when the ring is full: the packet is lost, count it.
  bool put(const sfu::RelayPacketOut& out);
  void post(sfu::RelayOut message) { messages_.post(std::move(message)); }
  // Ends a run of put() and post(), and tries again what did not fit into the mailbox.
  void ring_bell();
  [[nodiscard]] bool has_spilled() const { return messages_.has_spilled(); }

  // --- consumer ---
  // Call before looking: what comes afterwards rings the bell again.
  void hear() { rung_.exchange(false, std::memory_order_acq_rel); }
  // Packets that wait now.
  [[nodiscard]] size_t waiting() const;
  // Only while waiting() is not zero.
  [[nodiscard]] const Crossing& front() const;
  void release();
  std::optional<sfu::RelayOut> take_message() { return messages_.take(); }

 private:
  std::function<void()> wake_;
  Mailbox<sfu::RelayOut> messages_;
  std::vector<Crossing> packets_;
  size_t mask_;
  alignas(64) std::atomic<size_t> head_{0};
  alignas(64) std::atomic<size_t> tail_{0};
  alignas(64) std::atomic<bool> rung_{false};
};

}  // namespace media::mesh

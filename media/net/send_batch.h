// Outgoing datagrams collected in one arena and sent together: what goes to one peer in equal sizes
// leaves as one UDP GSO send, wherever it lies in the arena and in the order committed; everything
// else in one sendmmsg (falling back to plain sendmmsg where the kernel lacks UDP_SEGMENT, tested
// once at start). Owner and thread: one worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "media/base/address.h"
#include "media/base/bytes.h"
#include "media/base/drop.h"
#include "media/base/urgency.h"

namespace media::net {

class UdpSocket;

// Largest datagram we ever build: Ethernet MTU 1500 less IPv4 and UDP headers, rounded down.
inline constexpr size_t kMaxDatagram = 1460;

struct SendStats {
  uint64_t datagrams = 0;
  uint64_t bytes = 0;
  uint64_t calls = 0;
  uint64_t gso_messages = 0;
};

class SendBatch {
 public:
  // Without `allow_gso` every datagram is a message of its own, as on a kernel that lacks
  // UDP_SEGMENT.
  explicit SendBatch(UdpSocket& socket, bool allow_gso = true);
  ~SendBatch();
  SendBatch(const SendBatch&) = delete;
  SendBatch& operator=(const SendBatch&) = delete;

  // At least kMaxDatagram writable bytes, valid until commit(); flushes first when the arena is
  // full.
  MutableByteSpan slot();
  // The first `size` bytes of the last slot() are a datagram for `to`.
  // `urgency` changes nothing here: the socket takes all or nothing within microseconds.
  void commit(const Address& to, size_t size, Urgency urgency = Urgency::Control);
  // Sends all. Never blocks: what the socket refuses (EAGAIN) is dropped and counted; media that
  // late is useless.
  void flush();

  [[nodiscard]] bool uses_gso() const;
  [[nodiscard]] const SendStats& stats() const;
  DropCounters& drops();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace media::net

// DTLS datagrams of connections that are still being made. Each costs up to half a millisecond of
// signatures and key agreement, so that they wait until the media of their batch has gone out, and
// only a few are taken in one turn of the loop: a storm of joins cannot hold up a lesson. Owner:
// Engine. Thread: its worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "media/base/address.h"
#include "media/base/bytes.h"

namespace media::engine {

class HandshakeQueue {
 public:
  struct Entry {
    Address from;
    std::vector<uint8_t> datagram;
  };

  // Two and a half joins' worth: about a millisecond and a half.
  static constexpr size_t kPerTurn = 8;
  // A class of 200 joining at once sends so many; what does not fit is sent again by the peer
  // (RFC 6347 section 4.2.4).
  static constexpr size_t kMaxWaiting = 1024;

  // False when the queue is full.
  bool push(const Address& from, ByteSpan datagram) {
    if (entries_.size() == kMaxWaiting) return false;
    entries_.push_back({from, {datagram.begin(), datagram.end()}});
    return true;
  }
  // The oldest. Not when empty.
  Entry take() {
    Entry oldest = std::move(entries_.front());
    entries_.pop_front();
    return oldest;
  }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] size_t size() const { return entries_.size(); }

 private:
  std::deque<Entry> entries_;
};

}  // namespace media::engine

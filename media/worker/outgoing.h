// The engine's datagrams on their way out: straight into the UDP batch, or to a TCP connection
// where the address says so. Owner and thread: one worker.
#pragma once

#include <cstddef>

#include "media/base/address.h"
#include "media/base/bytes.h"
#include "media/base/time.h"
#include "media/base/urgency.h"
#include "media/net/send_batch.h"
#include "media/net/tcp_peers.h"

namespace media::worker {

class Outgoing {
 public:
  // `tcp` may be nullptr; both outlive this object.
  Outgoing(net::SendBatch& udp, net::TcpPeers* tcp) : udp_(udp), tcp_(tcp) {}

  // The time that datagrams committed from now on are stamped with.
  void set_now(Instant now) { now_ = now; }
  // See net::SendBatch.
  MutableByteSpan slot() {
    slot_ = udp_.slot();
    return slot_;
  }
  void commit(const Address& to, size_t size, Urgency urgency = Urgency::Control) {
    if (to.transport == Transport::Udp) [[likely]]
      return udp_.commit(to, size);
    // The slot stays uncommitted: the next slot() is the same memory.
    if (tcp_ != nullptr) tcp_->send(now_, to, slot_.first(size), urgency);
  }
  void flush() {
    udp_.flush();
    if (tcp_ != nullptr) tcp_->flush();
  }

 private:
  net::SendBatch& udp_;
  net::TcpPeers* tcp_;
  Instant now_;
  MutableByteSpan slot_;
};

}  // namespace media::worker

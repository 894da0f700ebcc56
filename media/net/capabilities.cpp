#include "media/net/capabilities.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>

#include <array>
#include <cstring>

#include "media/net/send_batch.h"
#include "media/net/udp_socket.h"

namespace media::net {

namespace {

constexpr size_t kSegment = 64;
constexpr size_t kSegments = 2;
// Loopback delivers within the send; this is for a machine that does something else in between.
constexpr int kPatienceMs = 200;

// Whether both segments arrived, each as a datagram of its own after splitting.
bool exchange(bool gso, const UdpSocket& receiver) {
  auto sender = UdpSocket::bind(*Address::parse("127.0.0.1", 0));
  if (!sender) return false;
  SendBatch batch(*sender, gso);
  if (batch.uses_gso() != gso) return false;
  for (size_t i = 0; i < kSegments; ++i) {
    const MutableByteSpan slot = batch.slot().first(kSegment);
    std::memset(slot.data(), static_cast<int>(i), slot.size());
    batch.commit(receiver.local_address(), kSegment);
  }
  batch.flush();
  if (gso && batch.stats().gso_messages != 1) return false;
  ReceiveBatch received(4);
  size_t count = 0;
  pollfd readable{receiver.fd(), POLLIN, 0};
  while (count < kSegments && poll(&readable, 1, kPatienceMs) == 1) {
    for (const Received& datagram : received.receive(receiver)) {
      if (datagram.bytes.size() != kSegment || datagram.bytes[0] != count) return false;
      ++count;
    }
  }
  return count == kSegments;
}

}  // namespace

Capabilities probe_capabilities() {
  const Address any_port = *Address::parse("127.0.0.1", 0);
  SocketOptions plain;
  plain.gro = false;
  const auto single = UdpSocket::bind(any_port, plain);
  const auto joined = UdpSocket::bind(any_port);
  Capabilities found;
  if (!single || !joined) return found;
  found.gso = exchange(true, *single);
  found.gro = joined->has_gro() && exchange(found.gso, *joined);
  return found;
}

std::string to_string(const Capabilities& capabilities) {
  return std::string("UDP GSO ") + (capabilities.gso ? "on" : "off") + ", GRO " +
         (capabilities.gro ? "on" : "off");
}

}  // namespace media::net

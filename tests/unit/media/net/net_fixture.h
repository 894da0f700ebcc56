// Sockets on loopback and patient reading.
#pragma once

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "media/net/clock.h"
#include "media/net/poller.h"
#include "media/net/udp_socket.h"

namespace media::net {

using Bytes = std::vector<uint8_t>;

inline UdpSocket open_socket(const char* ip = "127.0.0.1", bool gro = true) {
  SocketOptions options;
  options.gro = gro;
  auto socket = UdpSocket::bind(*Address::parse(ip, 0), options);
  EXPECT_TRUE(socket) << socket.error().message;
  return std::move(*socket);
}

// Reads until `count` datagrams have come or two seconds have passed.
inline std::vector<std::pair<Address, Bytes>> read_all(const UdpSocket& socket, size_t count) {
  std::vector<std::pair<Address, Bytes>> all;
  auto poller = Poller::make();
  EXPECT_TRUE(poller->add(socket.fd(), 1));
  ReceiveBatch batch;
  const Instant end = monotonic_now() + Duration::seconds(2);
  for (Instant now = monotonic_now(); all.size() < count && now < end; now = monotonic_now()) {
    poller->wait(now, end);
    for (const Received& r : batch.receive(socket))
      all.emplace_back(r.from, Bytes(r.bytes.begin(), r.bytes.end()));
  }
  return all;
}

}  // namespace media::net

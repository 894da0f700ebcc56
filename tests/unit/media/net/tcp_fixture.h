// A listening TcpPeers with a record of what came, and connections to it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "media/net/clock.h"
#include "media/net/poller.h"
#include "media/net/tcp_connection.h"
#include "media/net/tcp_peers.h"

namespace media::net {

using Bytes = std::vector<uint8_t>;

inline constexpr uint64_t kFirstToken = 100;

class TcpServer {
 public:
  explicit TcpServer(const TcpLimits& limits = {}) : poller_(std::move(*Poller::make())) {
    auto listener = TcpListener::bind(*Address::parse("127.0.0.1", 0));
    EXPECT_TRUE(listener) << listener.error().message;
    address = listener->local_address();
    peers = std::make_unique<TcpPeers>(std::move(*listener), poller_, kFirstToken, limits);
    EXPECT_TRUE(peers->start({[this](Instant, const Address& from, MutableByteSpan d) {
                                received.emplace_back(from, Bytes(d.begin(), d.end()));
                              },
                              [this](const Address& a) { return friends.contains(a); }}));
  }

  // Serves until `done` or five seconds are over. `meanwhile` runs between turns.
  bool run_until(
      const std::function<bool()>& done, const std::function<void()>& meanwhile = [] {}) {
    const Instant end = monotonic_now() + Duration::seconds(5);
    while (!done()) {
      const Instant now = monotonic_now();
      if (now >= end) return false;
      const Instant soon = now + Duration::millis(5);
      for (const uint64_t token : poller_.wait(now, soon).tokens) peers->on_ready(clock(), token);
      peers->flush();
      meanwhile();
    }
    return true;
  }
  // The time that connections are told; moved by tests.
  [[nodiscard]] Instant clock() const { return monotonic_now() + skipped; }

  std::unique_ptr<TcpPeers> peers;
  Address address;
  std::vector<std::pair<Address, Bytes>> received;
  std::set<Address> friends;
  Duration skipped;

 private:
  Poller poller_;
};

// Reads what has come to a connection. `closed` is set when the other end has closed it.
inline std::vector<Bytes> read_datagrams(TcpConnection& connection, bool* closed = nullptr) {
  std::vector<Bytes> all;
  Bytes scratch(65536);
  TcpConnection::Input input = TcpConnection::Input::More;
  while (input == TcpConnection::Input::More) {
    input = connection.read(scratch);
    if (input == TcpConnection::Input::Closed) {
      if (closed != nullptr) *closed = true;
      break;
    }
    for (auto next = connection.next_datagram(); next && *next; next = connection.next_datagram())
      all.emplace_back((*next)->begin(), (*next)->end());
  }
  return all;
}

}  // namespace media::net

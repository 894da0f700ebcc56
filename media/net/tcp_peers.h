// The peers that reach a worker by TCP (RFC 6544: passive candidates): listens, reads datagrams out
// of each connection, writes those that are for it, bounded per connection and in number. A
// connection that belongs to no session is closed after a while. Owner and thread: one worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "media/base/address.h"
#include "media/base/bytes.h"
#include "media/base/drop.h"
#include "media/base/result.h"
#include "media/base/time.h"
#include "media/base/urgency.h"

namespace media::net {

class Poller;

// A listening socket. Accepts IPv4 on an IPv6 wildcard address, as UdpSocket does.
class TcpListener {
 public:
  // Port 0 takes any free port. Errors: a sentence naming the address and what stands in the way.
  static Outcome<TcpListener> bind(const Address& local);
  ~TcpListener();
  TcpListener(TcpListener&&) noexcept;
  TcpListener& operator=(TcpListener&&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const Address& local_address() const { return local_; }

 private:
  explicit TcpListener(int fd) : fd_(fd) {}

  int fd_ = -1;
  Address local_;
};

struct TcpLimits {
  // Half of engine::Engine::kMaxSessions: TCP is for those whom UDP does not reach.
  size_t connections = 2048;
  // Connections that no session owns yet. One too many closes the oldest: a flood of silent
  // connections cannot keep an honest peer out, who needs one round trip.
  size_t strangers = 256;
  // How long a connection may belong to no session: half-open, silent, talking nonsense, or left
  // over.
  Duration stranger_patience = Duration::seconds(10);
};

struct TcpStats {
  uint64_t connections = 0;  // open now
  uint64_t accepted = 0;
  uint64_t datagrams_in = 0;
  uint64_t bytes_in = 0;
  uint64_t datagrams_out = 0;
  uint64_t bytes_out = 0;
};

class TcpPeers {
 public:
  using Limits = TcpLimits;
  using Stats = TcpStats;
  // What the owner does with what comes. Neither may call back into this class, except send().
  struct Handlers {
    // May change the datagram in place.
    std::function<void(Instant now, const Address& from, MutableByteSpan datagram)> on_datagram;
    // Whether a session knows this address.
    std::function<bool(const Address& remote)> belongs;
  };

  // Tokens from `first_token` on, in `poller`, are this object's. `poller` outlives it.
  TcpPeers(TcpListener listener, Poller& poller, uint64_t first_token, const Limits& limits = {});
  ~TcpPeers();
  TcpPeers(const TcpPeers&) = delete;
  TcpPeers& operator=(const TcpPeers&) = delete;

  // Starts listening for connections. Errors: the poller's.
  Outcome<void> start(Handlers handlers);

  // The poller named one of our tokens: accepts, reads (at most kReadPerTurn of a connection, so
  // that none holds up the others) or writes.
  void on_ready(Instant now, uint64_t token);
  // Queues for flush(). What does not fit, or is for a connection that is gone, is dropped and
  // counted.
  void send(Instant now, const Address& to, ByteSpan datagram, Urgency urgency);
  // Writes what send() queued; never waits.
  void flush();
  // Call about once a second: closes strangers, accepts again after the process ran out of files.
  void sweep(Instant now);

  [[nodiscard]] const Stats& stats() const;
  [[nodiscard]] const DropCounters& drops() const;

  static constexpr size_t kReadPerTurn = size_t{64} * 1024;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace media::net

// The TCP half of a relay. Bytes are carried as segments: they take the line's rate, queue and
// delay, and a loss costs them a round trip instead of themselves. While the line has more of one
// direction waiting than a socket would buffer, no more is read, so that the sender feels it.
// Owner and thread: LineRelay's loop.
#pragma once

#include <cstdint>
#include <map>

#include "media/base/address.h"
#include "media/base/result.h"
#include "media/net/poller.h"
#include "tests/line/pipe.h"

namespace line::relay {

class TcpFlows {
 public:
  // Flows are numbers from kFirst; a flow's sockets have the tokens 2 * flow (client) and
  // 2 * flow + 1 (server). The listening socket has the token kFirst.
  static constexpr uint32_t kFirst = 10'000;
  static constexpr uint32_t kMaxFlows = 200;

  // The poller outlives this.
  static media::Outcome<TcpFlows> listen(const media::Address& server, media::net::Poller& poller);
  ~TcpFlows();
  TcpFlows(TcpFlows&& other) noexcept;
  TcpFlows& operator=(TcpFlows&&) = delete;

  [[nodiscard]] const media::Address& address() const { return address_; }
  [[nodiscard]] bool owns(uint64_t token) const { return token >= kFirst; }
  [[nodiscard]] bool has(uint32_t flow) const { return flows_.contains(flow); }
  void on_ready(uint64_t token, Instant now, Pipe& up, Pipe& down);
  // Goes on with what had to wait: reading for the line, writing for the receiver.
  void go_on(Instant now, Pipe& up, Pipe& down);
  // When go_on() is needed although nothing else happens; never() when it is not.
  [[nodiscard]] Instant next_due(Instant now) const;
  // Bytes that the line let through; none: the other end has finished.
  void send(uint32_t flow, const Bytes& bytes, bool up);

 private:
  // One direction's receiving socket.
  struct End {
    int fd = -1;
    bool reads = true;      // false: it has sent everything
    bool watched = true;    // by the poller, which would name it again and again otherwise
    bool finished = false;  // nothing more will be written to it
    Bytes unwritten;
  };
  struct Flow {
    End client;
    End server;
  };

  TcpFlows(int fd, const media::Address& server, const media::Address& address,
           media::net::Poller& poller)
      : fd_(fd), server_(server), address_(address), poller_(&poller) {}
  void accept_one();
  void read_from(uint64_t token, End& from, Instant now, Pipe& pipe);
  void write_out(uint64_t token, End& to);
  void watch(uint64_t token, End& end, bool on);
  void close_when_done(uint32_t flow);

  // What a sender may have under way before it waits: a usual socket buffer.
  static constexpr int64_t kMaxWaiting = 128 * 1024;
  // An Ethernet frame's worth of a stream.
  static constexpr size_t kSegment = 1448;

  int fd_;
  media::Address server_;
  media::Address address_;
  media::net::Poller* poller_;
  std::map<uint32_t, Flow> flows_;
  uint32_t next_flow_ = kFirst + 1;
};

}  // namespace line::relay

// One TCP connection that carries datagrams (RFC 4571): non-blocking, with what has come in part
// and what could not go out yet. Owner: TcpPeers on the server, client::ClientLoop. Thread: its
// owner's.
#pragma once

#include <cstddef>

#include "media/base/address.h"
#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/base/time.h"
#include "media/base/urgency.h"
#include "media/net/frame_reader.h"
#include "media/net/stream_backlog.h"

namespace media::net {

// What the kernel may hold unsent: more would only be delay that nothing can overtake.
inline constexpr int kUnsentInKernel = 16 * 1024;
// A peer that acknowledges nothing for so long is gone.
inline constexpr Duration kUnacknowledged = Duration::seconds(10);

class TcpConnection {
 public:
  // Takes over `fd`, a connected (or connecting) non-blocking socket. `remote` says TCP.
  TcpConnection(int fd, const Address& remote);
  // Starts connecting; whether it succeeds shows in read() and flush().
  static Outcome<TcpConnection> connect(const Address& to);
  ~TcpConnection();
  TcpConnection(TcpConnection&&) noexcept;
  TcpConnection& operator=(TcpConnection&&) noexcept;

  enum class Input : uint8_t {
    Drained,  // nothing more waits
    More,     // the scratch space was full
    Closed,   // by the peer, or the connection is broken
  };
  // One read into `scratch`. Then call next_datagram() until it gives nothing.
  Input read(MutableByteSpan scratch);
  // Errors: TooLarge, see FrameReader; close the connection.
  Result<std::optional<MutableByteSpan>> next_datagram() { return reader_.next(); }

  // Queues a datagram for flush(); false when it is left out.
  bool push(Instant now, ByteSpan datagram, Urgency urgency) {
    return backlog_.push(now, datagram, urgency);
  }
  enum class Output : uint8_t {
    Drained,  // nothing waits
    Blocked,  // ask again when the socket can be written
    Broken,
  };
  // Writes what the socket takes.
  Output flush();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] const Address& remote() const { return remote_; }
  [[nodiscard]] const StreamBacklog& backlog() const { return backlog_; }

 private:
  int fd_ = -1;
  Address remote_;
  FrameReader reader_;
  StreamBacklog backlog_;
};

}  // namespace media::net

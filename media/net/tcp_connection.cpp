#include "media/net/tcp_connection.h"

#include <netinet/tcp.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "media/net/socket_address.h"

namespace media::net {

namespace {

void set(int fd, int level, int option, int value) {
  // Each of these improves a connection that works without.
  setsockopt(fd, level, option, &value, sizeof(value));
}

}  // namespace

TcpConnection::TcpConnection(int fd, const Address& remote) : fd_(fd), remote_(remote) {
  remote_.transport = Transport::Tcp;
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentInKernel);
  set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(kUnacknowledged.as_millis()));
}

Outcome<TcpConnection> TcpConnection::connect(const Address& to) {
  const bool v6 = !to.is_v4();
  const int fd = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return env_fail(std::string("cannot open a TCP socket: ") + std::strerror(errno));
  TcpConnection connection(fd, to);
  SocketAddress address{};
  const socklen_t length = to_kernel(to, v6, address);
  if (::connect(fd, &address.any, length) != 0 && errno != EINPROGRESS) {
    return env_fail("cannot connect to " + to.to_string() + ": " + std::strerror(errno));
  }
  return connection;
}

TcpConnection::~TcpConnection() {
  if (fd_ >= 0) ::close(fd_);
}

TcpConnection::TcpConnection(TcpConnection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      remote_(other.remote_),
      reader_(std::move(other.reader_)),
      backlog_(std::move(other.backlog_)) {}

TcpConnection& TcpConnection::operator=(TcpConnection&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(remote_, other.remote_);
  std::swap(reader_, other.reader_);
  std::swap(backlog_, other.backlog_);
  return *this;
}

TcpConnection::Input TcpConnection::read(MutableByteSpan scratch) {
  ssize_t got = 0;
  do {
    got = ::recv(fd_, scratch.data(), scratch.size(), MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return Input::Closed;
  // A connection still being made has nothing to read either.
  if (got < 0) return errno == EAGAIN || errno == ENOTCONN ? Input::Drained : Input::Closed;
  reader_.append(scratch.first(static_cast<size_t>(got)));
  return static_cast<size_t>(got) == scratch.size() ? Input::More : Input::Drained;
}

TcpConnection::Output TcpConnection::flush() {
  while (!backlog_.empty()) {
    std::array<iovec, 3> vectors{};
    msghdr message{};
    message.msg_iov = vectors.data();
    for (const ByteSpan piece : backlog_.pieces()) {
      if (piece.empty()) continue;
      // sendmsg() does not write through it.
      vectors[message.msg_iovlen++] = {const_cast<uint8_t*>(piece.data()), piece.size()};
    }
    const ssize_t sent = ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN ? Output::Blocked : Output::Broken;
    backlog_.consume(static_cast<size_t>(sent));
  }
  return Output::Drained;
}

}  // namespace media::net

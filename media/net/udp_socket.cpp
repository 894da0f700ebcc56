#include "media/net/udp_socket.h"

#include <netinet/udp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "media/net/socket_address.h"

namespace media::net {

namespace {

// The largest UDP payload, and so the largest joined buffer.
constexpr size_t kMaxJoined = 65536;
// Without UDP_GRO no datagram is larger than an Ethernet frame holds, with room to see that one was
// cut.
constexpr size_t kMaxSingle = 2048;

std::string reason(int error) {
  return std::strerror(error);
}

std::string bind_advice(const Address& local, int error) {
  std::string text = "cannot listen on UDP " + local.to_string() + ": " + reason(error);
  if (error == EADDRINUSE)
    text += "; stop the program that holds the port or choose another media port";
  if (error == EADDRNOTAVAIL) text += "; the address does not belong to this machine";
  if (error == EACCES) text += "; ports below 1024 need more rights";
  return text;
}

bool set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

bool is_any(const Address& address) {
  const auto from = address.ip.begin() + (address.is_v4() ? kV4Offset : 0);
  return std::all_of(from, address.ip.end(), [](uint8_t byte) { return byte == 0; });
}

}  // namespace

Outcome<UdpSocket> UdpSocket::bind(const Address& local, const SocketOptions& options) {
  const bool v6 = !local.is_v4();
  const int fd = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return env_fail("cannot open a UDP socket: " + reason(errno));
  UdpSocket socket(fd, v6);
  if (v6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  set(fd, SOL_SOCKET, SO_RCVBUF, options.receive_buffer);
  set(fd, SOL_SOCKET, SO_SNDBUF, options.send_buffer);
  SocketAddress address{};
  const socklen_t length = to_kernel(local, v6, address);
  if (::bind(fd, &address.any, length) != 0) return env_fail(bind_advice(local, errno));
  // A kernel without it just hands out single datagrams.
  socket.gro_ = options.gro && set(fd, IPPROTO_UDP, UDP_GRO, 1);
  socklen_t bound = sizeof(address);
  if (getsockname(fd, &address.any, &bound) != 0)
    return env_fail("cannot read a socket's port: " + reason(errno));
  socket.local_ = from_kernel(address);
  if (options.keep_local && is_any(local) && mark_local(fd, v6))
    socket.locals_ = std::make_unique<LocalAddresses>();
  return socket;
}

UdpSocket::~UdpSocket() {
  if (fd_ >= 0) ::close(fd_);
}

UdpSocket::UdpSocket(UdpSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      v6_(other.v6_),
      gro_(other.gro_),
      local_(other.local_),
      locals_(std::move(other.locals_)) {}

UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(v6_, other.v6_);
  std::swap(gro_, other.gro_);
  std::swap(local_, other.local_);
  std::swap(locals_, other.locals_);
  return *this;
}

namespace {

int granted(int fd, int option) {
  int value = 0;
  socklen_t length = sizeof(value);
  // socket(7): the kernel doubles what was asked for and says so.
  return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value / 2 : 0;
}

}  // namespace

int UdpSocket::receive_buffer() const {
  return granted(fd_, SO_RCVBUF);
}

int UdpSocket::send_buffer() const {
  return granted(fd_, SO_SNDBUF);
}

bool UdpSocket::send(const Address& to, ByteSpan datagram) const {
  SocketAddress address{};
  msghdr header{};
  header.msg_name = &address;
  header.msg_namelen = to_kernel(to, v6_, address);
  // sendmsg(2) takes what it sends as mutable and leaves it alone.
  iovec vector{const_cast<uint8_t*>(datagram.data()), datagram.size()};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  union {
    cmsghdr aligned;
    std::array<uint8_t, kLocalControl> bytes;
  } control{};
  if (to.local != 0 && locals_ != nullptr) {
    header.msg_control = &control;
    header.msg_controllen = write_local(control.aligned, v6_, locals_->at(to.local));
  }
  return ::sendmsg(fd_, &header, MSG_DONTWAIT) == static_cast<ssize_t>(datagram.size());
}

struct ReceiveBatch::Buffers {
  union Control {
    cmsghdr aligned;
    std::array<uint8_t, CMSG_SPACE(sizeof(int)) + kLocalControl> bytes;
  };

  explicit Buffers(size_t messages)
      : count(messages),
        // Not touched before use: pages that no burst ever reaches cost nothing.
        arena(new uint8_t[messages * kMaxJoined]),
        from(messages),
        control(messages),
        vectors(messages),
        headers(messages),
        used(messages) {}

  // The kernel overwrites the lengths of what it fills, so that those are set again before the next
  // call.
  void prepare(bool gro, bool marked) {
    if (gro != prepared_for_gro || marked != prepared_marked) used = count;
    prepared_for_gro = gro;
    prepared_marked = marked;
    const size_t room = gro ? kMaxJoined : kMaxSingle;
    for (size_t i = 0; i < used; ++i) {
      vectors[i] = {arena.get() + i * kMaxJoined, room};
      msghdr& header = headers[i].msg_hdr;
      header = {};
      header.msg_name = &from[i];
      header.msg_namelen = sizeof(SocketAddress);
      header.msg_iov = &vectors[i];
      header.msg_iovlen = 1;
      if (gro || marked) {
        header.msg_control = &control[i];
        header.msg_controllen = sizeof(Control);
      }
    }
  }

  struct Said {
    size_t segment = 0;  // of each datagram in the message: UDP_GRO's segment size, or all of it
    uint8_t local = 0;
  };
  // What the kernel said about message `i`.
  [[nodiscard]] Said said(size_t i, LocalAddresses* locals) {
    Said facts{headers[i].msg_len, 0};
    msghdr& header = headers[i].msg_hdr;
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
      LocalAddresses::Ip ip;
      if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
        int size = 0;
        std::memcpy(&size, CMSG_DATA(c), sizeof(size));
        if (size > 0) facts.segment = static_cast<size_t>(size);
      } else if (locals != nullptr && read_local(*c, ip)) {
        facts.local = locals->number_of(ip);
      }
    }
    return facts;
  }

  size_t count;
  std::unique_ptr<uint8_t[]> arena;
  std::vector<SocketAddress> from;
  std::vector<Control> control;
  std::vector<iovec> vectors;
  std::vector<mmsghdr> headers;
  size_t used;  // messages that the last call filled
  bool prepared_for_gro = false;
  bool prepared_marked = false;
};

ReceiveBatch::ReceiveBatch(size_t messages)
    : buffers_(std::make_unique<Buffers>(std::clamp<size_t>(messages, 1, kMaxMessages))) {
  received_.reserve(kMaxMessages * 4);
}
ReceiveBatch::~ReceiveBatch() = default;

std::span<Received> ReceiveBatch::receive(const UdpSocket& socket) {
  received_.clear();
  Buffers& b = *buffers_;
  b.prepare(socket.has_gro(), socket.locals() != nullptr);
  const int got = recvmmsg(socket.fd(), b.headers.data(), static_cast<unsigned>(b.count),
                           MSG_DONTWAIT, nullptr);
  b.used = static_cast<size_t>(std::max(got, 0));
  full_ = b.used == b.count;
  for (size_t i = 0; i < b.used; ++i) {
    const size_t size = b.headers[i].msg_len;
    if (size == 0 || (b.headers[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) continue;
    const Buffers::Said said = b.said(i, socket.locals());
    Address from = from_kernel(b.from[i]);
    from.local = said.local;
    const size_t segment = std::max<size_t>(said.segment, 1);
    uint8_t* const first = b.arena.get() + i * kMaxJoined;
    for (size_t at = 0; at < size; at += segment) {
      received_.push_back({from, MutableByteSpan(first + at, std::min(segment, size - at))});
    }
  }
  return received_;
}

}  // namespace media::net

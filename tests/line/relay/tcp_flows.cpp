#include "tests/line/relay/tcp_flows.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>
#include <vector>

namespace line::relay {

namespace {

// Between attempts to write to a receiver that has itself finished sending.
constexpr Duration kRetry = Duration::millis(5);

// Loopback is IPv4 here.
sockaddr_in kernel_address(const media::Address& address) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(address.port);
  std::memcpy(&out.sin_addr, address.ip.data() + 12, 4);
  return out;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

int new_socket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return fd;
}

void send_at_once(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

}  // namespace

media::Outcome<TcpFlows> TcpFlows::listen(const media::Address& server,
                                          media::net::Poller& poller) {
  media::Address local = *media::Address::parse("127.0.0.1", 0);
  const int fd = new_socket();
  sockaddr_in bound = kernel_address(local);
  socklen_t size = sizeof(bound);
  if (fd < 0 || ::bind(fd, generic(bound), size) != 0 || ::listen(fd, SOMAXCONN) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0 ||
      !poller.add(fd, kFirst)) {
    const int error = errno;
    if (fd >= 0) ::close(fd);
    return media::env_fail(fmt::format("cannot listen on 127.0.0.1: {}", std::strerror(error)));
  }
  local.port = ntohs(bound.sin_port);
  local.transport = media::Transport::Tcp;
  return TcpFlows(fd, server, local, poller);
}

TcpFlows::TcpFlows(TcpFlows&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      server_(other.server_),
      address_(other.address_),
      poller_(other.poller_),
      flows_(std::exchange(other.flows_, {})),
      next_flow_(other.next_flow_) {}

TcpFlows::~TcpFlows() {
  for (const auto& [number, flow] : flows_) {
    ::close(flow.client.fd);
    ::close(flow.server.fd);
  }
  if (fd_ >= 0) ::close(fd_);
}

void TcpFlows::accept_one() {
  const int client = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0) return;
  const int server = new_socket();
  const sockaddr_in to = kernel_address(server_);
  const bool going =
      server >= 0 && (::connect(server, generic(to), sizeof(to)) == 0 || errno == EINPROGRESS);
  const uint32_t flow = next_flow_;
  if (!going || flows_.size() == kMaxFlows || !poller_->add(client, 2 * uint64_t{flow}) ||
      !poller_->add(server, 2 * uint64_t{flow} + 1)) {
    ::close(client);
    if (server >= 0) ::close(server);
    return;
  }
  send_at_once(client);
  send_at_once(server);
  ++next_flow_;
  flows_[flow].client.fd = client;
  flows_[flow].server.fd = server;
}

void TcpFlows::on_ready(uint64_t token, Instant now, Pipe& up, Pipe& down) {
  if (token == kFirst) return accept_one();
  const auto number = static_cast<uint32_t>(token / 2);
  const auto found = flows_.find(number);
  if (found == flows_.end()) return;
  Flow& flow = found->second;
  const bool from_client = token % 2 == 0;
  End& end = from_client ? flow.client : flow.server;
  if (!end.unwritten.empty()) write_out(token, end);
  read_from(token, end, now, from_client ? up : down);
  close_when_done(number);
}

void TcpFlows::go_on(Instant now, Pipe& up, Pipe& down) {
  std::vector<uint32_t> waited;
  for (auto& [number, flow] : flows_) {
    if (flow.client.watched && flow.server.watched) continue;
    const uint64_t token = 2 * uint64_t{number};
    for (auto [t, end, pipe] :
         {std::tuple(token, &flow.client, &up), std::tuple(token + 1, &flow.server, &down)}) {
      if (end->watched) continue;
      if (!end->unwritten.empty()) write_out(t, *end);
      if (end->reads) read_from(t, *end, now, *pipe);
    }
    waited.push_back(number);
  }
  for (const uint32_t number : waited) close_when_done(number);
}

Instant TcpFlows::next_due(Instant now) const {
  for (const auto& [number, flow] : flows_) {
    for (const End* end : {&flow.client, &flow.server}) {
      if (!end->watched && !end->unwritten.empty()) return now + kRetry;
    }
  }
  return Instant::never();
}

void TcpFlows::watch(uint64_t token, End& end, bool on) {
  if (end.watched == on) return;
  end.watched = on;
  if (!on) return poller_->remove(end.fd);
  // It was watched before, so there is room for it.
  if (poller_->add(end.fd, token)) poller_->watch_writable(end.fd, token, !end.unwritten.empty());
}

void TcpFlows::read_from(uint64_t token, End& from, Instant now, Pipe& pipe) {
  if (!from.reads) return;
  const auto flow = static_cast<uint32_t>(token / 2);
  std::array<uint8_t, kSegment> buffer;
  for (;;) {
    const bool has_room = pipe.queued_bytes() <= kMaxWaiting;
    watch(token, from, has_room);
    if (!has_room) return;
    const ssize_t got = ::recv(from.fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOTCONN)) return;
    if (got <= 0) {
      // The end of a stream travels behind its bytes.
      from.reads = false;
      watch(token, from, false);
      pipe.offer(now, {}, flow, Carriage::Stream);
      return;
    }
    pipe.offer(now, Bytes(buffer.begin(), buffer.begin() + got), flow, Carriage::Stream);
  }
}

void TcpFlows::send(uint32_t flow, const Bytes& bytes, bool up) {
  Flow& f = flows_.at(flow);
  End& to = up ? f.server : f.client;
  to.unwritten.insert(to.unwritten.end(), bytes.begin(), bytes.end());
  to.finished = to.finished || bytes.empty();
  write_out(2 * uint64_t{flow} + (up ? 1 : 0), to);
  close_when_done(flow);
}

void TcpFlows::write_out(uint64_t token, End& to) {
  if (!to.unwritten.empty()) {
    const ssize_t sent = ::send(to.fd, to.unwritten.data(), to.unwritten.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      to.unwritten.erase(to.unwritten.begin(), to.unwritten.begin() + sent);
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOTCONN) {
      to.unwritten.clear();  // reset by its owner
      to.reads = false;
    }
  }
  if (to.unwritten.empty() && to.finished) ::shutdown(to.fd, SHUT_WR);
  if (to.watched) poller_->watch_writable(to.fd, token, !to.unwritten.empty());
}

// Both streams have ended and everything is written.
void TcpFlows::close_when_done(uint32_t flow) {
  const auto found = flows_.find(flow);
  if (found == flows_.end()) return;
  for (const End* end : {&found->second.client, &found->second.server}) {
    if (end->reads || !end->finished || !end->unwritten.empty()) return;
  }
  ::close(found->second.client.fd);
  ::close(found->second.server.fd);
  flows_.erase(found);
}

}  // namespace line::relay

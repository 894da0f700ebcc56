#include "media/net/tcp_peers.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "media/net/poller.h"
#include "media/net/socket_address.h"
#include "media/net/tcp_connection.h"

namespace media::net {

namespace {

constexpr int kListenQueue = 512;
// Accepted in one turn, so that a flood of connections does not keep packets waiting.
constexpr int kAcceptsPerTurn = 16;

std::string bind_advice(const Address& local, int error) {
  std::string text = "cannot listen on TCP " + local.to_string() + ": " + std::strerror(error);
  if (error == EADDRINUSE)
    text +=
        "; stop the program that holds the port, choose another media port, or switch off "
        "media.tcp";
  if (error == EADDRNOTAVAIL) text += "; the address does not belong to this machine";
  if (error == EACCES) text += "; ports below 1024 need more rights";
  return text;
}

}  // namespace

Outcome<TcpListener> TcpListener::bind(const Address& local) {
  const bool v6 = !local.is_v4();
  const int fd = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return env_fail(std::string("cannot open a TCP socket: ") + std::strerror(errno));
  TcpListener listener(fd);
  const int on = 1;
  const int off = 0;
  // A restart must not wait for the connections of the process before it.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (v6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  SocketAddress address{};
  const socklen_t length = to_kernel(local, v6, address);
  if (::bind(fd, &address.any, length) != 0 || ::listen(fd, kListenQueue) != 0)
    return env_fail(bind_advice(local, errno));
  socklen_t bound = sizeof(address);
  if (getsockname(fd, &address.any, &bound) != 0)
    return env_fail(std::string("cannot read a socket's port: ") + std::strerror(errno));
  listener.local_ = from_kernel(address);
  listener.local_.transport = Transport::Tcp;
  return listener;
}

TcpListener::~TcpListener() {
  if (fd_ >= 0) ::close(fd_);
}

TcpListener::TcpListener(TcpListener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), local_(other.local_) {}

struct TcpPeers::State {
  struct Connection {
    TcpConnection stream;
    uint64_t token = 0;
    Instant stranger_since;
    bool waits_for_room = false;  // the poller tells when it can be written
    bool has_output = false;      // listed in `dirty`
  };

  State(TcpListener l, Poller& p, uint64_t first, const Limits& m)
      : listener(std::move(l)), poller(p), limits(m), first_token(first), next_token(first + 1) {}

  void accept_all(Instant now);
  void add(Instant now, int fd, const Address& remote);
  void make_room();
  void read(Instant now, Connection& connection);
  void write(Connection& connection);
  void close(Connection& connection);

  TcpListener listener;
  Poller& poller;
  Limits limits;
  Handlers handlers;
  uint64_t first_token;
  uint64_t next_token;
  bool accepts = false;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections;  // by token
  std::unordered_map<Address, Connection*> by_address;
  std::set<uint64_t> strangers;  // tokens, oldest first
  std::vector<uint64_t> dirty;
  std::vector<uint8_t> scratch = std::vector<uint8_t>(kReadPerTurn);
  Stats stats;
  DropCounters drops;
};

void TcpPeers::State::accept_all(Instant now) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    SocketAddress from{};
    socklen_t length = sizeof(from);
    const int fd = ::accept4(listener.fd(), &from.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      Address remote = from_kernel(from);
      remote.transport = Transport::Tcp;
      add(now, fd, remote);
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno != EAGAIN) {
      // Out of descriptors or memory: the connection stays in the kernel's queue, and asking for it
      // again at once would be all that this thread does. The next sweep asks.
      poller.remove(listener.fd());
      accepts = false;
      drops.add(Drop::TcpLimit);
    }
    return;
  }
}

void TcpPeers::State::make_room() {
  if (strangers.empty()) return;
  close(*connections.at(*strangers.begin()));
  drops.add(Drop::TcpLimit);
}

void TcpPeers::State::add(Instant now, int fd, const Address& remote) {
  ++stats.accepted;
  if (strangers.size() >= limits.strangers || connections.size() >= limits.connections) make_room();
  auto connection = std::make_unique<Connection>(
      Connection{TcpConnection(fd, remote), next_token++, now, false, false});
  const bool full = connections.size() >= limits.connections;
  if (full || !poller.add(fd, connection->token)) return drops.add(Drop::TcpLimit);
  strangers.insert(connection->token);
  by_address.insert_or_assign(remote, connection.get());
  connections.emplace(connection->token, std::move(connection));
  stats.connections = connections.size();
}

void TcpPeers::State::read(Instant now, Connection& connection) {
  const TcpConnection::Input input = connection.stream.read(scratch);
  if (input == TcpConnection::Input::Closed) return close(connection);
  for (;;) {
    const auto datagram = connection.stream.next_datagram();
    if (!datagram) {
      drops.add(Drop::TcpFraming);
      return close(connection);
    }
    if (!*datagram) break;
    ++stats.datagrams_in;
    stats.bytes_in += (*datagram)->size();
    handlers.on_datagram(now, connection.stream.remote(), **datagram);
  }
  if (!strangers.contains(connection.token) || !handlers.belongs(connection.stream.remote()))
    return;
  strangers.erase(connection.token);
}

void TcpPeers::State::write(Connection& connection) {
  switch (connection.stream.flush()) {
    case TcpConnection::Output::Broken:
      return close(connection);
    case TcpConnection::Output::Blocked:
      if (!connection.waits_for_room)
        poller.watch_writable(connection.stream.fd(), connection.token, true);
      connection.waits_for_room = true;
      return;
    case TcpConnection::Output::Drained:
      if (connection.waits_for_room)
        poller.watch_writable(connection.stream.fd(), connection.token, false);
      connection.waits_for_room = false;
      return;
  }
}

void TcpPeers::State::close(Connection& connection) {
  poller.remove(connection.stream.fd());
  const auto at = by_address.find(connection.stream.remote());
  if (at != by_address.end() && at->second == &connection) by_address.erase(at);
  strangers.erase(connection.token);
  connections.erase(connection.token);
  stats.connections = connections.size();
}

TcpPeers::TcpPeers(TcpListener listener, Poller& poller, uint64_t first_token, const Limits& limits)
    : state_(std::make_unique<State>(std::move(listener), poller, first_token, limits)) {}

TcpPeers::~TcpPeers() {
  State& s = *state_;
  if (s.accepts) s.poller.remove(s.listener.fd());
  for (const auto& [token, connection] : s.connections) s.poller.remove(connection->stream.fd());
}

Outcome<void> TcpPeers::start(Handlers handlers) {
  State& s = *state_;
  s.handlers = std::move(handlers);
  auto added = s.poller.add(s.listener.fd(), s.first_token);
  s.accepts = added.has_value();
  return added;
}

void TcpPeers::on_ready(Instant now, uint64_t token) {
  State& s = *state_;
  if (token == s.first_token) return s.accept_all(now);
  // Closed earlier in the same turn, perhaps.
  const auto at = s.connections.find(token);
  if (at == s.connections.end()) return;
  if (at->second->waits_for_room) {
    s.write(*at->second);
    if (!s.connections.contains(token)) return;
  }
  s.read(now, *at->second);
}

void TcpPeers::send(Instant now, const Address& to, ByteSpan datagram, Urgency urgency) {
  State& s = *state_;
  const auto at = s.by_address.find(to);
  if (at == s.by_address.end()) return s.drops.add(Drop::SendFailed);
  State::Connection& connection = *at->second;
  if (!connection.stream.push(now, datagram, urgency)) return s.drops.add(Drop::TcpBacklog);
  ++s.stats.datagrams_out;
  s.stats.bytes_out += datagram.size();
  if (connection.has_output || connection.waits_for_room) return;
  connection.has_output = true;
  s.dirty.push_back(connection.token);
}

void TcpPeers::flush() {
  State& s = *state_;
  for (const uint64_t token : s.dirty) {
    const auto at = s.connections.find(token);
    if (at == s.connections.end()) continue;
    at->second->has_output = false;
    s.write(*at->second);
  }
  s.dirty.clear();
}

void TcpPeers::sweep(Instant now) {
  State& s = *state_;
  if (!s.accepts) s.accepts = s.poller.add(s.listener.fd(), s.first_token).has_value();
  std::vector<State::Connection*> over;
  for (const auto& [token, connection] : s.connections) {
    const bool known = s.handlers.belongs(connection->stream.remote());
    const bool was_known = !s.strangers.contains(token);
    if (known) {
      s.strangers.erase(token);
    } else if (was_known) {
      connection->stranger_since = now;
      s.strangers.insert(token);
    } else if (now - connection->stranger_since >= s.limits.stranger_patience) {
      over.push_back(connection.get());
    }
  }
  for (State::Connection* connection : over) s.close(*connection);
}

const TcpPeers::Stats& TcpPeers::stats() const {
  return state_->stats;
}
const DropCounters& TcpPeers::drops() const {
  return state_->drops;
}

}  // namespace media::net

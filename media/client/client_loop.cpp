#include "media/client/client_loop.h"

#include <algorithm>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "media/dtls/certificate.h"
#include "media/net/clock.h"
#include "media/net/os_rng.h"
#include "media/net/poller.h"
#include "media/net/tcp_connection.h"
#include "media/net/udp_socket.h"

namespace media::client {

namespace {

// Small buffers: hundreds of sockets, and each client reads within milliseconds.
constexpr int kSocketBuffer = 256 * 1024;
// Enough for one client's share of a burst; the loop comes back while more waits.
constexpr size_t kReadMessages = 16;
constexpr size_t kReadBytes = size_t{64} * 1024;

}  // namespace

struct ClientLoop::Parts {
  // One of the two.
  struct Socket {
    std::optional<net::UdpSocket> udp;
    std::optional<net::TcpConnection> tcp;
    [[nodiscard]] int fd() const { return udp ? udp->fd() : tcp->fd(); }
  };

  struct Session final : transport::DatagramSink {
    Session(ClientId i, Socket s, Parts& o, WebRtcClient::Params params, ClientEvents& events)
        : id(i),
          socket(std::move(s)),
          owner(o),
          candidate(params.candidate),
          client(std::move(params), o.certificate, o.rng, events) {}

    void send(const Address& to, ByteSpan datagram) override {
      if (socket.udp ? socket.udp->send(to, datagram) : send_by_tcp(datagram)) return;
      ++owner.send_failures;
    }
    bool send_by_tcp(ByteSpan datagram);
    void write_tcp();

    ClientId id;
    Socket socket;
    bool waits_for_room = false;  // TCP: the poller tells when it can be written
    Parts& owner;
    Address candidate;
    Instant scheduled = Instant::never();
    WebRtcClient client;
  };
  struct Due {
    Instant at;
    ClientId id = 0;
    bool operator>(const Due& other) const { return at > other.at; }
  };

  Parts(dtls::Certificate c, net::Poller p) : certificate(std::move(c)), poller(std::move(p)) {}

  static Outcome<Socket> open_socket(const Address& candidate);
  void schedule(ClientId id, Session& session);
  void read(ClientId id, Instant now);
  void read_udp(Session& session, Instant now);
  void read_tcp(Session& session, Instant now);
  void run_timers(Instant now);

  dtls::Certificate certificate;
  net::Poller poller;
  net::OsRng rng;
  net::ReceiveBatch batch{kReadMessages};
  std::vector<uint8_t> scratch = std::vector<uint8_t>(kReadBytes);  // what TCP brings
  std::unordered_map<ClientId, std::unique_ptr<Session>> sessions;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> timers;
  ClientId next_id = 1;
  uint64_t datagrams_in = 0;
  uint64_t send_failures = 0;
};

Outcome<ClientLoop::Parts::Socket> ClientLoop::Parts::open_socket(const Address& candidate) {
  Socket opened;
  if (candidate.transport == Transport::Tcp) {
    auto connection = net::TcpConnection::connect(candidate);
    if (!connection) return tl::unexpected<EnvError>(connection.error());
    opened.tcp.emplace(std::move(*connection));
    return opened;
  }
  const auto any = Address::parse(candidate.is_v4() ? "0.0.0.0" : "::", 0);
  net::SocketOptions options;
  options.receive_buffer = kSocketBuffer;
  options.send_buffer = kSocketBuffer;
  auto socket = net::UdpSocket::bind(*any, options);
  if (!socket) return tl::unexpected<EnvError>(socket.error());
  opened.udp.emplace(std::move(*socket));
  return opened;
}

bool ClientLoop::Parts::Session::send_by_tcp(ByteSpan datagram) {
  // What a client sends is little, and all of it matters.
  if (!socket.tcp->push(net::monotonic_now(), datagram, Urgency::Control)) return false;
  if (!waits_for_room) write_tcp();
  return true;
}

void ClientLoop::Parts::Session::write_tcp() {
  // A broken connection shows when it is read, and is the client's to notice.
  const bool blocked = socket.tcp->flush() == net::TcpConnection::Output::Blocked;
  if (blocked != waits_for_room) owner.poller.watch_writable(socket.fd(), id, blocked);
  waits_for_room = blocked;
}

// A timer that moved later is found out when it fires; one that moved earlier gets a new entry.
void ClientLoop::Parts::schedule(ClientId id, Session& session) {
  const Instant next = session.client.next_timeout();
  if (next >= session.scheduled) return;
  session.scheduled = next;
  timers.push({next, id});
}

void ClientLoop::Parts::read(ClientId id, Instant now) {
  const auto at = sessions.find(id);
  if (at == sessions.end()) return;
  Session& session = *at->second;
  if (session.socket.udp) {
    read_udp(session, now);
  } else {
    read_tcp(session, now);
  }
  schedule(id, session);
}

void ClientLoop::Parts::read_udp(Session& session, Instant now) {
  do {
    for (const net::Received& received : batch.receive(*session.socket.udp)) {
      ++datagrams_in;
      session.client.on_datagram(now, received.from, received.bytes, session);
    }
  } while (batch.was_full());
}

void ClientLoop::Parts::read_tcp(Session& session, Instant now) {
  net::TcpConnection& connection = *session.socket.tcp;
  if (session.waits_for_room) session.write_tcp();
  if (connection.read(scratch) == net::TcpConnection::Input::Closed) {
    // Readable for ever; consent will run out, or the caller moves to another socket.
    poller.remove(connection.fd());
    return;
  }
  for (auto next = connection.next_datagram(); next && *next; next = connection.next_datagram()) {
    ++datagrams_in;
    session.client.on_datagram(now, connection.remote(), **next, session);
  }
}

void ClientLoop::Parts::run_timers(Instant now) {
  while (!timers.empty() && timers.top().at <= now) {
    const Due due = timers.top();
    timers.pop();
    const auto at = sessions.find(due.id);
    if (at == sessions.end() || at->second->scheduled != due.at) continue;
    Session& session = *at->second;
    session.scheduled = Instant::never();
    if (session.client.next_timeout() <= now) session.client.on_timeout(now, session);
    schedule(due.id, session);
  }
}

ClientLoop::ClientLoop(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ClientLoop::~ClientLoop() = default;

Outcome<std::unique_ptr<ClientLoop>> ClientLoop::make() {
  auto certificate = dtls::Certificate::make();
  if (!certificate) return tl::unexpected<EnvError>(certificate.error());
  auto poller = net::Poller::make();
  if (!poller) return tl::unexpected<EnvError>(poller.error());
  auto parts = std::make_unique<Parts>(std::move(*certificate), std::move(*poller));
  return std::unique_ptr<ClientLoop>(new ClientLoop(std::move(parts)));
}

const dtls::Certificate& ClientLoop::certificate() const {
  return parts_->certificate;
}
Rng& ClientLoop::rng() {
  return parts_->rng;
}

Outcome<ClientLoop::ClientId> ClientLoop::add(WebRtcClient::Params params, ClientEvents& events) {
  Parts& p = *parts_;
  auto socket = Parts::open_socket(params.candidate);
  if (!socket) return tl::unexpected<EnvError>(socket.error());
  const ClientId id = p.next_id++;
  if (const auto watched = p.poller.add(socket->fd(), id); !watched) {
    return tl::unexpected<EnvError>(watched.error());
  }
  auto session =
      std::make_unique<Parts::Session>(id, std::move(*socket), p, std::move(params), events);
  Parts::Session& added = *p.sessions.emplace(id, std::move(session)).first->second;
  added.client.start(net::monotonic_now(), added);
  p.schedule(id, added);
  return id;
}

WebRtcClient* ClientLoop::find(ClientId id) {
  const auto at = parts_->sessions.find(id);
  return at != parts_->sessions.end() ? &at->second->client : nullptr;
}

void ClientLoop::remove(ClientId id) {
  const auto at = parts_->sessions.find(id);
  if (at == parts_->sessions.end()) return;
  Parts::Session& session = *at->second;
  session.client.close(session);
  parts_->poller.remove(session.socket.fd());
  parts_->sessions.erase(at);
}

Outcome<void> ClientLoop::rebind(ClientId id) {
  const auto at = parts_->sessions.find(id);
  if (at == parts_->sessions.end()) return env_fail("no such client");
  Parts::Session& session = *at->second;
  auto socket = Parts::open_socket(session.candidate);
  if (!socket) return tl::unexpected<EnvError>(socket.error());
  parts_->poller.remove(session.socket.fd());
  if (auto watched = parts_->poller.add(socket->fd(), id); !watched) return watched;
  session.socket = std::move(*socket);
  session.waits_for_room = false;
  session.client.on_network_change(net::monotonic_now(), session);
  parts_->schedule(id, session);
  return {};
}

bool ClientLoop::send_rtp(ClientId id, ByteSpan packet) {
  const auto at = parts_->sessions.find(id);
  return at != parts_->sessions.end() && at->second->client.send_rtp(packet, *at->second);
}

bool ClientLoop::send_rtcp(ClientId id, ByteSpan compound) {
  const auto at = parts_->sessions.find(id);
  return at != parts_->sessions.end() && at->second->client.send_rtcp(compound, *at->second);
}

Instant ClientLoop::run_once(Instant deadline) {
  Parts& p = *parts_;
  const Instant wake = p.timers.empty() ? deadline : std::min(deadline, p.timers.top().at);
  const net::Poller::Ready ready = p.poller.wait(net::monotonic_now(), wake);
  const Instant now = net::monotonic_now();
  for (const uint64_t token : ready.tokens) p.read(static_cast<ClientId>(token), now);
  p.run_timers(now);
  return now;
}

void ClientLoop::run_until(Instant deadline) {
  while (run_once(deadline) < deadline) {
  }
}

uint64_t ClientLoop::datagrams_in() const {
  return parts_->datagrams_in;
}
uint64_t ClientLoop::send_failures() const {
  return parts_->send_failures;
}

}  // namespace media::client

#include "media/worker/worker.h"

#include <algorithm>
#include <utility>

#include "media/base/log.h"
#include "media/engine/engine.h"
#include "media/net/affinity.h"
#include "media/net/clock.h"

namespace media::worker {

namespace {

constexpr uint64_t kSocketToken = 1;
constexpr uint64_t kFirstTcpToken = 2;  // and all above
// With any port, one that is free for UDP may be taken for TCP.
constexpr int kPortAttempts = 16;

}  // namespace

Outcome<Worker::Sockets> Worker::open_sockets(const Params& params) {
  net::SocketOptions options;
  options.gro = params.capabilities.gro;
  options.keep_local = true;
  const int attempts = params.bind.port == 0 ? kPortAttempts : 1;
  std::string problem;
  for (int i = 0; i < attempts; ++i) {
    auto udp = net::UdpSocket::bind(params.bind, options);
    if (!udp) return env_fail(udp.error().message);
    if (!params.tcp) return Sockets{std::move(*udp), std::nullopt};
    Address same_port = params.bind;
    same_port.port = udp->local_address().port;
    auto tcp = net::TcpListener::bind(same_port);
    if (tcp) return Sockets{std::move(*udp), std::move(*tcp)};
    problem = tcp.error().message;
  }
  return env_fail(problem);
}

Outcome<std::unique_ptr<Worker>> Worker::start(const Params& params,
                                               const dtls::Certificate& certificate,
                                               std::function<void()> wake) {
  auto sockets = open_sockets(params);
  if (!sockets) return env_fail(sockets.error().message);
  auto poller = net::Poller::make();
  if (!poller) return env_fail(poller.error().message);
  std::unique_ptr<Worker> worker(
      new Worker(params, certificate, std::move(*sockets), std::move(*poller), std::move(wake)));
  if (auto watched = worker->watch_sockets(); !watched) return env_fail(watched.error().message);
  worker->thread_ = std::thread([w = worker.get()] { w->run(); });
  return worker;
}

Worker::Worker(const Params& params, const dtls::Certificate& certificate, Sockets sockets,
               net::Poller poller, std::function<void()> wake)
    : params_(params),
      socket_(std::move(sockets.udp)),
      poller_(std::move(poller)),
      wake_(std::move(wake)),
      engine_(std::make_unique<engine::Engine>(certificate, rng_)),
      send_(socket_, params.capabilities.gso),
      tcp_(sockets.tcp
               ? std::make_unique<net::TcpPeers>(std::move(*sockets.tcp), poller_, kFirstTcpToken)
               : nullptr),
      outgoing_(send_, tcp_.get()),
      load_(params.index, params.line),
      gso_(send_.uses_gso()) {}

Outcome<void> Worker::watch_sockets() {
  if (auto added = poller_.add(socket_.fd(), kSocketToken); !added || tcp_ == nullptr) return added;
  return tcp_->start({[this](Instant now, const Address& from, MutableByteSpan datagram) {
                        engine_->handle_datagram(now, from, datagram);
                      },
                      [this](const Address& remote) { return engine_->knows(remote); }});
}

Worker::~Worker() {
  stop();
}

void Worker::stop() {
  stopping_.store(true, std::memory_order_release);
  poller_.wake();
  if (thread_.joinable()) thread_.join();
}

void Worker::post(engine::Command command) {
  commands_.post(std::move(command));
  poller_.wake();
}

void Worker::take_events(std::vector<engine::Event>& out) {
  while (auto event = events_.take()) out.push_back(std::move(*event));
  // The worker was called because of events or because it has room for commands again.
  if (!commands_.flush() || events_.has_spilled()) poller_.wake();
}

void Worker::run() {
  net::name_this_thread("media-" + std::to_string(params_.index));
  if (params_.pin) net::pin_this_thread(params_.index);
  while (!stopping_.load(std::memory_order_acquire)) {
    const Instant before = net::monotonic_now();
    const Instant deadline = std::min(engine_->next_timeout(), before + Duration::seconds(1));
    const auto ready = poller_.wait(before, deadline);
    const Instant now = net::monotonic_now();
    load_.note_wait(now - before);
    if (now > deadline) {
      load_.note_lag(now - deadline);
      const auto late = static_cast<uint64_t>((now - deadline).as_micros());
      board_.note_lag(late);
      recent_lag_us_ = std::max(recent_lag_us_, late);
    }
    if (ready.woken) take_messages(now);
    if (!ready.tokens.empty()) {
      read_batches();
      read_tcp(ready.tokens);
    }
    const Instant after = net::monotonic_now();
    if (after >= engine_->next_timeout()) {
      engine_->handle_timeout(after);
      flush(after);
    }
    deliver_events();
    publish(after);
  }
  say_goodbye();
}

bool Worker::take_commands(Instant now) {
  bool any = false;
  while (auto command = commands_.take()) {
    engine_->handle_command(now, std::move(*command));
    any = true;
  }
  if (!any) return false;
  flush(now);
  if (commands_.has_spilled()) wake_();
  return true;
}

void Worker::take_messages(Instant now) {
  engine_->collect_relays();
  take_commands(now);
  if (!engine_->has_neighbours()) return;
  if (engine_->handle_relays(now)) poller_.wake();
  flush(now);
}

void Worker::read_batches() {
  for (int i = 0; i < kBatchesPerTurn; ++i) {
    const auto received = receive_.receive(socket_);
    ++recv_calls_;
    if (received.empty()) return;
    const Instant now = net::monotonic_now();
    for (const net::Received& datagram : received) {
      ++datagrams_in_;
      bytes_in_ += datagram.bytes.size();
      engine_->handle_datagram(now, datagram.from, datagram.bytes);
    }
    engine_->end_batch(now);
    flush(now);
    if (!receive_.was_full()) return;
  }
  load_.note_backlog();
}

// After UDP, whose peers must not wait for those of TCP.
void Worker::read_tcp(std::span<const uint64_t> tokens) {
  if (std::ranges::none_of(tokens, [](uint64_t t) { return t >= kFirstTcpToken; })) return;
  const Instant now = net::monotonic_now();
  for (const uint64_t token : tokens) {
    if (token >= kFirstTcpToken) tcp_->on_ready(now, token);
  }
  engine_->end_batch(now);
  flush(now);
}

void Worker::flush(Instant now) {
  outgoing_.set_now(now);
  engine_->flush(now, outgoing_);
  outgoing_.flush();
}

void Worker::deliver_events() {
  engine_->take_events(fresh_events_);
  // Room in the mailbox comes without an event of our own.
  if (fresh_events_.empty() && events_.flush()) return;
  for (engine::Event& event : fresh_events_) events_.post(std::move(event));
  fresh_events_.clear();
  wake_();
}

void Worker::publish(Instant now) {
  if (now < next_publish_) return;
  next_publish_ = now + kPublishInterval;
  if (tcp_ != nullptr && now >= next_sweep_) {
    next_sweep_ = now + kTcpSweepInterval;
    tcp_->sweep(now);
  }
  const engine::EngineStats stats = engine_->stats();
  const net::SendStats& sent = send_.stats();
  WorkerCounters counters;
  counters.datagrams_in = datagrams_in_;
  counters.bytes_in = bytes_in_;
  counters.datagrams_out = sent.datagrams;
  counters.bytes_out = sent.bytes;
  counters.rtp_in = stats.rtp_in;
  counters.rtp_forwarded = stats.rtp_forwarded;
  counters.rtx_out = stats.rtx_out;
  counters.relay_out = stats.relay_out;
  counters.relay_in = stats.relay_in;
  counters.send_calls = sent.calls;
  counters.gso_sends = sent.gso_messages;
  counters.recv_calls = recv_calls_;
  counters.lag_us = recent_lag_us_;
  recent_lag_us_ /= 2;
  counters.sessions = stats.sessions;
  counters.rooms = stats.rooms;
  for (size_t i = 0; i < kDropCount; ++i) {
    counters.drops[i] = engine_->drops().counts[i] + send_.drops().counts[i];
    if (tcp_ != nullptr) counters.drops[i] += tcp_->drops().counts[i];
  }
  if (tcp_ != nullptr) {
    const net::TcpStats& tcp = tcp_->stats();
    counters.datagrams_in += tcp.datagrams_in;
    counters.bytes_in += tcp.bytes_in;
    counters.datagrams_out += tcp.datagrams_out;
    counters.bytes_out += tcp.bytes_out;
    counters.tcp_connections = tcp.connections;
    counters.tcp_accepted = tcp.accepted;
    counters.tcp_datagrams_out = tcp.datagrams_out;
  }
  watch_load(now, counters);
  board_.publish(counters);
}

void Worker::watch_load(Instant now, WorkerCounters& counters) {
  const auto refused = counters.drops[static_cast<size_t>(Drop::SendWouldBlock)];
  if (load_.on_sample(now, counters.datagrams_out, counters.bytes_out, refused)) {
    engine_->set_relief(now, load_.relief());
    flush(now);
  }
  const auto permille = [](double share) { return static_cast<uint64_t>(share * 1000); };
  counters.busy_permille = permille(load_.meter().busy());
  counters.line_permille = permille(load_.meter().line());
  counters.mean_lag_us = static_cast<uint64_t>(load_.meter().lag().as_micros());
  counters.load_level = static_cast<uint64_t>(load_.meter().level());
  counters.relief = static_cast<uint64_t>(load_.relief());
  counters.reliefs = load_.reliefs();
  counters.backlogs = load_.backlogs();
}

void Worker::say_goodbye() {
  const Instant now = net::monotonic_now();
  take_commands(now);
  engine_->close_all(now);
  flush(now);
  deliver_events();
}

}  // namespace media::worker

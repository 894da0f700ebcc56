#include "tests/line/relay/line_relay.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "media/net/clock.h"
#include "media/net/poller.h"
#include "tests/line/pipe.h"
#include "tests/line/relay/tcp_flows.h"
#include "tests/line/relay/udp_flows.h"

namespace line::relay {

using media::Outcome;
using media::net::monotonic_now;

namespace {

// As in the namespace runner, the two directions lose different packets.
constexpr uint64_t kDownSeed = 0x444f574eULL << 32;

}  // namespace

// All state behind one lock, which the thread releases while it waits.
class LineRelay::Loop {
 public:
  Loop(media::net::Poller poller, Params params)
      : poller_(std::move(poller)),
        name_(params.profile.name),
        seed_(params.seed),
        began_(monotonic_now()),
        up_(params.profile.up, params.seed, began_),
        down_(params.profile.down, params.seed ^ kDownSeed, began_) {}

  Outcome<void> listen(const Params& params) {
    if (params.udp_server.port != 0) {
      auto udp = UdpFlows::listen(params.udp_server, poller_);
      if (!udp) return tl::unexpected(udp.error());
      udp_.emplace(std::move(*udp));
      udp_address_ = udp_->address();
    }
    if (params.tcp_server.port != 0) {
      auto tcp = TcpFlows::listen(params.tcp_server, poller_);
      if (!tcp) return tl::unexpected(tcp.error());
      tcp_.emplace(std::move(*tcp));
      tcp_address_ = tcp_->address();
    }
    thread_ = std::thread([this] { run(); });
    return {};
  }

  ~Loop() {
    stop_.store(true);
    poller_.wake();
    if (thread_.joinable()) thread_.join();
  }

  void use(const Profile& profile) {
    {
      const std::lock_guard lock(mutex_);
      const Instant now = monotonic_now();
      name_ = profile.name;
      began_ = now;
      up_.restart(now, profile.up);
      down_.restart(now, profile.down);
      lateness_ = {};
    }
    poller_.wake();
  }

  Report report() {
    const std::lock_guard lock(mutex_);
    return {name_,    seed_, monotonic_now() - began_, up_.statistics(), down_.statistics(),
            lateness_};
  }

  media::Address udp_address_;
  media::Address tcp_address_;

 private:
  void run() {
    Instant due = Instant::never();
    while (!stop_.load()) {
      const auto ready = poller_.wait(monotonic_now(), due);
      const std::lock_guard lock(mutex_);
      const Instant now = monotonic_now();
      for (const uint64_t token : ready.tokens) {
        if (udp_ && udp_->owns(token)) udp_->on_ready(token, now, up_, down_);
        if (tcp_ && tcp_->owns(token)) tcp_->on_ready(token, now, up_, down_);
      }
      if (tcp_) tcp_->go_on(now, up_, down_);
      hand_out(now, up_, true);
      hand_out(now, down_, false);
      due = std::min(up_.next_due(), down_.next_due());
      if (tcp_) due = std::min(due, tcp_->next_due(now));
    }
  }

  void hand_out(Instant now, Pipe& pipe, bool up) {
    const Instant due = pipe.next_due();
    if (due > now) return;
    lateness_.add(now - due);
    pipe.deliver(now, [&](const Bytes& bytes, uint32_t flow) {
      if (udp_ && udp_->has(flow)) return udp_->send(flow, bytes, up);
      if (tcp_ && tcp_->has(flow)) tcp_->send(flow, bytes, up);
    });
  }

  media::net::Poller poller_;
  std::string name_;
  uint64_t seed_;
  std::mutex mutex_;  // over everything below
  Instant began_;
  Pipe up_;
  Pipe down_;
  Histogram lateness_;
  std::optional<UdpFlows> udp_;
  std::optional<TcpFlows> tcp_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

Outcome<std::unique_ptr<LineRelay>> LineRelay::start(Params params) {
  auto poller = media::net::Poller::make();
  if (!poller) return tl::unexpected(poller.error());
  auto loop = std::make_unique<Loop>(std::move(*poller), params);
  if (auto listening = loop->listen(params); !listening) return tl::unexpected(listening.error());
  return std::unique_ptr<LineRelay>(new LineRelay(std::move(loop)));
}

LineRelay::LineRelay(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
LineRelay::~LineRelay() = default;

const media::Address& LineRelay::udp_address() const {
  return loop_->udp_address_;
}

const media::Address& LineRelay::tcp_address() const {
  return loop_->tcp_address_;
}

void LineRelay::use(const Profile& profile) {
  loop_->use(profile);
}

Report LineRelay::report() const {
  return loop_->report();
}

}  // namespace line::relay

#include "signaling/load/watch_thread.h"

#include <algorithm>
#include <utility>

#include "media/dtls/certificate.h"
#include "media/net/affinity.h"
#include "media/net/clock.h"

namespace signaling::load {
namespace {

using media::Duration;
using media::Instant;

// How often new watchers are taken in and counts handed over.
constexpr Duration kRound = Duration::millis(5);
constexpr Duration kHandOver = Duration::millis(20);
// A join that has no media by then has failed.
constexpr Duration kJoinLimit = Duration::seconds(10);

std::vector<Reception::Announced> announced(const sdp::ClientAnswer& answer) {
  std::vector<Reception::Announced> out;
  for (const sdp::AnsweredSection& section : answer.sections) {
    if (section.ssrc) out.push_back({*section.ssrc, section.rtx_ssrc});
  }
  return out;
}

}  // namespace

class WatchThread::Watcher final : public media::client::ClientEvents, public RtcpSink {
 public:
  Watcher(WatchThread& thread, wish::OpenedSession opened, std::shared_ptr<JoinTicket> for_ticket)
      : session(std::move(opened)),
        ticket(std::move(for_ticket)),
        reception(thread.manners_, announced(session.answer), session.answer.extensions,
                  thread.rng_),
        thread_(thread) {}

  void on_connected(Instant now) override {
    if (thread_.paused_) arrived(now);
  }
  void on_lost(Instant /*now*/, media::transport::Peer::State /*state*/) override { fail(); }
  bool on_sealed_rtp(Instant /*now*/, media::ByteSpan packet) override {
    // The loop's time is that of the whole batch; a feedback's arrival times may be so coarse, a
    // join or a delay may not.
    const Instant now = media::net::monotonic_now();
    const bool open = reception.on_arrival(now, packet);
    if (!thread_.paused_ && reception.has_media()) arrived(now);
    return open;
  }
  void on_rtp(Instant /*now*/, media::ByteSpan packet) override {
    const Instant now = media::net::monotonic_now();
    const auto sent = reception.on_plain(now, packet);
    if (!sent) return;
    const int64_t delay = std::max<int64_t>(0, (now - *sent).as_micros());
    thread_.fresh_delays_[index(ticket->group)].push_back(static_cast<uint32_t>(delay));
  }
  void on_rtcp(Instant now, media::ByteSpan compound) override { reception.on_rtcp(now, compound); }
  void send_rtcp(media::ByteSpan compound) override { thread_.loop_->send_rtcp(id, compound); }

  void fail() {
    const JoinState before = ticket->state.exchange(JoinState::Failed);
    if (before == JoinState::Failed) return;
    Counters& counters = thread_.counters_[index(ticket->group)];
    ++counters.lost;
    --(before == JoinState::Joined ? counters.joined : counters.pending);
  }

  wish::OpenedSession session;
  std::shared_ptr<JoinTicket> ticket;
  Reception reception;
  media::client::ClientLoop::ClientId id = 0;
  Instant next_poll;

 private:
  void arrived(Instant now) {
    if (ticket->state.load(std::memory_order_relaxed) != JoinState::UnderWay) return;
    ticket->state = JoinState::Joined;
    Counters& counters = thread_.counters_[index(ticket->group)];
    ++counters.joined;
    --counters.pending;
    const std::lock_guard lock(thread_.mutex_);
    thread_.shared_[index(ticket->group)].join_times.push_back(
        static_cast<uint32_t>((now - ticket->posted).as_micros()));
  }

  WatchThread& thread_;
};

WatchThread::WatchThread(const Manners& manners, bool paused,
                         std::unique_ptr<media::client::ClientLoop> loop)
    : manners_(manners), paused_(paused), loop_(std::move(loop)) {}

media::Outcome<std::unique_ptr<WatchThread>> WatchThread::start(const Manners& manners,
                                                                bool paused) {
  auto loop = media::client::ClientLoop::make();
  if (!loop) return tl::unexpected(loop.error());
  auto made = std::unique_ptr<WatchThread>(new WatchThread(manners, paused, std::move(*loop)));
  made->thread_ = std::thread([raw = made.get()] { raw->run(); });
  return made;
}

WatchThread::~WatchThread() {
  stop();
}

void WatchThread::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

const media::Fingerprint& WatchThread::fingerprint() const {
  return loop_->certificate().fingerprint();
}

void WatchThread::adopt(wish::OpenedSession session, std::shared_ptr<JoinTicket> ticket) {
  ++counters_[index(ticket->group)].pending;
  const std::lock_guard lock(mutex_);
  waiting_.emplace_back(std::move(session), std::move(ticket));
}

void WatchThread::leave(Group group) {
  leave_[index(group)] = true;
}

void WatchThread::collect(Group group, Audience::Reading& into) {
  const std::lock_guard lock(mutex_);
  Shared& all = shared_[index(group)];
  Shared& given = read_[index(group)];
  into.delays += all.delays;
  into.line += all.line - given.line;
  into.repair += all.repair - given.repair;
  all.delays.clear();
  given.line = all.line;
  given.repair = all.repair;
}

std::vector<uint32_t> WatchThread::take_join_times(Group group) {
  const std::lock_guard lock(mutex_);
  return std::exchange(shared_[index(group)].join_times, {});
}

std::vector<std::string> WatchThread::resources() const {
  std::vector<std::string> out;
  for (const auto& watcher : watchers_) {
    if (!watcher->session.resource.empty()) out.push_back(watcher->session.resource);
  }
  return out;
}

void WatchThread::run() {
  media::net::name_this_thread("load-watch");
  Instant next_round;
  Instant next_hand_over;
  while (!stop_) {
    const Instant now = loop_->run_once(media::net::monotonic_now() + kRound);
    if (now < next_round) continue;
    next_round = now + kRound;
    take_new();
    hang_up(Group::Steady);
    hang_up(Group::Storm);
    poll_watchers(now);
    if (now < next_hand_over) continue;
    next_hand_over = now + kHandOver;
    hand_over();
  }
  for (const auto& watcher : watchers_) loop_->remove(watcher->id);
}

void WatchThread::take_new() {
  std::vector<std::pair<wish::OpenedSession, std::shared_ptr<JoinTicket>>> fresh;
  {
    const std::lock_guard lock(mutex_);
    fresh.swap(waiting_);
  }
  for (auto& [session, ticket] : fresh) {
    auto watcher = std::make_unique<Watcher>(*this, std::move(session), std::move(ticket));
    const auto id = loop_->add(watcher->session.client, *watcher);
    if (!id) {
      watcher->fail();
      continue;
    }
    watcher->id = *id;
    watchers_.push_back(std::move(watcher));
  }
}

void WatchThread::hang_up(Group group) {
  if (!leave_[index(group)].exchange(false)) return;
  std::erase_if(watchers_, [&](const std::unique_ptr<Watcher>& watcher) {
    if (watcher->ticket->group != group) return false;
    loop_->remove(watcher->id);
    Counters& counters = counters_[index(group)];
    const JoinState was = watcher->ticket->state.exchange(JoinState::Failed);
    if (was == JoinState::Joined) --counters.joined;
    if (was == JoinState::UnderWay) --counters.pending;
    gone_line_[index(group)] += watcher->reception.line();
    gone_repair_[index(group)] += watcher->reception.repair();
    return true;
  });
}

void WatchThread::poll_watchers(Instant now) {
  for (const auto& watcher : watchers_) {
    if (now < watcher->next_poll) continue;
    watcher->next_poll = now + watcher->reception.tick();
    if (watcher->ticket->state == JoinState::UnderWay && now > watcher->ticket->posted + kJoinLimit)
      watcher->fail();
    const media::client::WebRtcClient* client = loop_->find(watcher->id);
    if (client == nullptr || !client->connected()) continue;
    watcher->reception.poll(now, client->rtt(), *watcher);
  }
}

void WatchThread::hand_over() {
  std::array<StreamCheck::Counts, kGroups> line = gone_line_;
  std::array<RepairCounts, kGroups> repair = gone_repair_;
  for (const auto& watcher : watchers_) {
    line[index(watcher->ticket->group)] += watcher->reception.line();
    repair[index(watcher->ticket->group)] += watcher->reception.repair();
  }
  const std::lock_guard lock(mutex_);
  for (size_t g = 0; g < kGroups; ++g) {
    shared_[g].line = line[g];
    shared_[g].repair = repair[g];
    for (const uint32_t delay : fresh_delays_[g]) shared_[g].delays.record(delay);
    fresh_delays_[g].clear();
  }
}

}  // namespace signaling::load

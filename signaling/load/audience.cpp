#include "signaling/load/audience.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "media/net/clock.h"
#include "media/net/os_rng.h"
#include "signaling/load/watch_thread.h"
#include "signaling/wish/media_session.h"

namespace signaling::load {
namespace {

using media::Duration;
using media::Instant;

constexpr Duration kLook = Duration::millis(1);
// With a join rate, so many POSTs may be under way: at 100 joins a second, 160 ms each.
constexpr unsigned kMaxJoiners = 16;
constexpr size_t kGroups = 2;

}  // namespace

struct Audience::Parts {
  struct Job {
    Group group = Group::Steady;
    Instant due;
    bool one_by_one = false;  // the next of this joiner waits for the media of this one
  };

  Params params;
  std::vector<std::unique_ptr<WatchThread>> receivers;
  std::vector<std::thread> joiners;
  std::array<std::atomic<unsigned>, kGroups> failed{};
  std::array<std::atomic<unsigned>, kGroups> posting{};  // queued, or POST under way
  std::array<Instant, kGroups> last_read{};
  unsigned next_watcher = 0;  // guarded by mutex
  std::atomic<bool> give_up{false};
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> jobs;  // guarded by mutex
  std::string failure;   // guarded by mutex

  void work();
  void join_one(wish::HttpClient& http, media::Rng& rng, const Job& job, unsigned watcher);
  void fail(Group group, const std::string& why);
  [[nodiscard]] wish::HttpClient::Params http_params(const std::string& token) const {
    return {.token = token,
            .insecure = params.insecure,
            .fresh_connections = params.fresh_tls,
            .patience = 30};
  }
};

void Audience::Parts::fail(Group group, const std::string& why) {
  ++failed[static_cast<size_t>(group)];
  const std::lock_guard lock(mutex);
  if (failure.empty()) failure = why;
}

void Audience::Parts::work() {
  media::net::OsRng rng;
  // One connection per room, as far as tokens differ.
  std::vector<std::unique_ptr<wish::HttpClient>> clients(params.rooms.size());
  for (;;) {
    Job job;
    unsigned watcher = 0;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return give_up || !jobs.empty(); });
      if (give_up) return;
      job = jobs.front();
      jobs.pop_front();
      watcher = next_watcher++;
      const auto wait = std::chrono::microseconds(
          std::max<int64_t>(0, (job.due - media::net::monotonic_now()).as_micros()));
      changed.wait_for(lock, wait, [this] { return give_up.load(); });
      if (give_up) return;
    }
    std::unique_ptr<wish::HttpClient>& http = clients[watcher % clients.size()];
    if (!http) {
      auto made =
          wish::HttpClient::make(http_params(params.rooms[watcher % clients.size()].watch_token));
      if (made) http = std::move(*made);
      if (!made) fail(job.group, made.error().message);
    }
    if (http) join_one(*http, rng, job, watcher);
    --posting[static_cast<size_t>(job.group)];
  }
}

void Audience::Parts::join_one(wish::HttpClient& http, media::Rng& rng, const Job& job,
                               unsigned watcher) {
  const Room& room = params.rooms[watcher % params.rooms.size()];
  WatchThread& receiver = *receivers[watcher % receivers.size()];
  const wish::WatcherOffer offer{.sound = !params.paused,
                                 .transport_cc = params.manners.transport_cc};
  auto ticket = std::make_shared<JoinTicket>();
  ticket->group = job.group;
  ticket->posted = media::net::monotonic_now();
  auto opened = wish::open_session(http, room.whep_url + (params.paused ? "?source=screen" : ""),
                                   wish::make_credentials(rng), receiver.fingerprint(),
                                   wish::watcher_sections(offer), wish::watcher_extensions(offer));
  if (!opened) return fail(job.group, opened.error().message);
  receiver.adopt(std::move(*opened), ticket);
  if (!job.one_by_one) return;
  std::unique_lock lock(mutex);
  while (!give_up && ticket->state == JoinState::UnderWay)
    changed.wait_for(lock, std::chrono::microseconds(kLook.as_micros()));
}

Audience::Audience(Params params) : parts_(std::make_unique<Parts>()) {
  Parts& p = *parts_;
  p.params = std::move(params);
  for (unsigned i = 0; i < std::max(1U, p.params.threads); ++i) {
    auto receiver = WatchThread::start(p.params.manners, p.params.paused);
    if (!receiver) {
      const std::lock_guard lock(p.mutex);
      p.failure = receiver.error().message;
      break;
    }
    p.receivers.push_back(std::move(*receiver));
  }
}

Audience::~Audience() {
  Parts& p = *parts_;
  {
    const std::lock_guard lock(p.mutex);
    p.give_up = true;
  }
  p.changed.notify_all();
  for (std::thread& joiner : p.joiners) joiner.join();
  if (p.params.rooms.empty()) return;
  // Any of the rooms' tokens will not do: a session belongs to the token that opened it.
  std::vector<std::unique_ptr<wish::HttpClient>> clients(p.params.rooms.size());
  bool server_is_there = true;
  for (const auto& receiver : p.receivers) {
    receiver->stop();
    for (const std::string& resource : receiver->resources()) {
      for (size_t i = 0; i < clients.size() && server_is_there; ++i) {
        if (!resource.starts_with(p.params.rooms[i].whep_url) && clients.size() > 1) continue;
        if (!clients[i]) {
          auto made = wish::HttpClient::make(p.http_params(p.params.rooms[i].watch_token));
          if (!made) return;
          clients[i] = std::move(*made);
        }
        server_is_there = clients[i]->remove(resource).has_value();
        break;
      }
    }
  }
}

void Audience::join(const Joining& joining) {
  Parts& p = *parts_;
  if (p.receivers.empty() || p.params.rooms.empty()) {
    p.failed[static_cast<size_t>(joining.group)] += joining.count;
    return;
  }
  const Instant start = media::net::monotonic_now();
  p.posting[static_cast<size_t>(joining.group)] += joining.count;
  {
    const std::lock_guard lock(p.mutex);
    for (unsigned i = 0; i < joining.count; ++i) {
      const double after = joining.per_second > 0 ? i / joining.per_second : 0;
      p.jobs.push_back({.group = joining.group,
                        .due = start + Duration::micros(static_cast<int64_t>(after * 1e6)),
                        .one_by_one = joining.per_second <= 0});
    }
  }
  const unsigned joiners =
      joining.per_second > 0 ? kMaxJoiners : std::max(1U, p.params.joins_at_once);
  while (p.joiners.size() < std::min(joiners, joining.count))
    p.joiners.emplace_back([parts = parts_.get()] { parts->work(); });
  p.changed.notify_all();
}

void Audience::leave(Group group) {
  for (const auto& receiver : parts_->receivers) receiver->leave(group);
}

unsigned Audience::joined(Group group) const {
  unsigned sum = 0;
  for (const auto& receiver : parts_->receivers) sum += receiver->joined(group);
  return sum;
}

unsigned Audience::lost(Group group) const {
  unsigned sum = parts_->failed[static_cast<size_t>(group)];
  for (const auto& receiver : parts_->receivers) sum += receiver->lost(group);
  return sum;
}

bool Audience::settled(Group group) const {
  if (parts_->posting[static_cast<size_t>(group)] != 0) return false;
  return std::ranges::all_of(
      parts_->receivers, [group](const auto& receiver) { return receiver->pending(group) == 0; });
}

std::vector<uint32_t> Audience::take_join_times(Group group) {
  std::vector<uint32_t> out;
  for (const auto& receiver : parts_->receivers) {
    const auto times = receiver->take_join_times(group);
    out.insert(out.end(), times.begin(), times.end());
  }
  return out;
}

std::string Audience::first_failure() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->failure;
}

Audience::Reading Audience::read(Group group) {
  Reading out;
  for (const auto& receiver : parts_->receivers) receiver->collect(group, out);
  const Instant now = media::net::monotonic_now();
  Instant& last = parts_->last_read[static_cast<size_t>(group)];
  out.span = now - last;
  last = now;
  return out;
}

}  // namespace signaling::load

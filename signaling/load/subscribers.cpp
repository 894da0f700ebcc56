#include "signaling/load/subscribers.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "media/client/client_loop.h"
#include "media/dtls/certificate.h"
#include "media/net/clock.h"
#include "media/net/os_rng.h"
#include "media/rtcp/reports.h"
#include "media/rtp/packet_view.h"
#include "signaling/wish/media_session.h"

namespace signaling::load {
namespace {

using media::Duration;
using media::Instant;

constexpr Duration kPoll = Duration::millis(5);
constexpr Duration kReportInterval = Duration::seconds(1);
constexpr uint32_t kReporterSsrc = 1;

// One receiving thread: its loop and the watchers on it.
class Receiver {
 public:
  // Events are those of one watcher.
  struct Watcher final : media::client::ClientEvents {
    Watcher(Receiver& r, wish::OpenedSession s, Instant posted_at)
        : receiver(r), session(std::move(s)), posted(posted_at) {}
    void on_rtp(Instant now, media::ByteSpan packet) override;
    void on_lost(Instant now, media::transport::Peer::State state) override;

    Receiver& receiver;
    wish::OpenedSession session;
    Instant posted;
    media::client::ClientLoop::ClientId id = 0;
    bool has_media = false;
    bool is_lost = false;
    std::map<uint32_t, StreamCheck> streams;
  };

  media::Outcome<void> start();
  ~Receiver();

  [[nodiscard]] const media::Fingerprint& fingerprint() const {
    return loop_->certificate().fingerprint();
  }
  // Any thread: takes over a session whose POST was answered.
  void adopt(wish::OpenedSession session, Instant posted);
  void stop();
  // Any thread.
  void collect(Subscribers::Reading& into, StreamCheck::Counts& total);
  [[nodiscard]] std::vector<uint32_t> join_times() const;
  [[nodiscard]] unsigned lost() const { return lost_; }
  // After stop().
  [[nodiscard]] std::vector<std::string> resources() const;

 private:
  void run();
  void take_new();
  void report();

  std::unique_ptr<media::client::ClientLoop> loop_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::atomic<unsigned> lost_{0};
  mutable std::mutex mutex_;
  std::vector<std::pair<wish::OpenedSession, Instant>> waiting_;  // guarded by mutex_
  std::vector<uint32_t> join_times_;                              // guarded by mutex_
  std::vector<uint32_t> delays_;                                  // guarded by mutex_
  StreamCheck::Counts total_;                                     // guarded by mutex_
  std::vector<uint32_t> fresh_delays_;  // this thread's, handed over each round
};

void Receiver::Watcher::on_rtp(Instant /*now*/, media::ByteSpan packet) {
  const Instant now = media::net::monotonic_now();
  const auto view = media::rtp::PacketView::parse(packet);
  if (!view) return;
  if (!has_media) {
    has_media = true;
    const std::lock_guard lock(receiver.mutex_);
    receiver.join_times_.push_back(static_cast<uint32_t>((now - posted).as_micros()));
  }
  // Retransmissions count in their own stream.
  streams[view->ssrc().value].on_packet(view->sequence());
  if (const auto sent = read_stamp(view->payload())) {
    receiver.fresh_delays_.push_back(
        static_cast<uint32_t>(std::max<int64_t>(0, (now - *sent).as_micros())));
  }
}

void Receiver::Watcher::on_lost(Instant /*now*/, media::transport::Peer::State /*state*/) {
  if (!std::exchange(is_lost, true)) ++receiver.lost_;
}

media::Outcome<void> Receiver::start() {
  auto made = media::client::ClientLoop::make();
  if (!made) return tl::unexpected(made.error());
  loop_ = std::move(*made);
  thread_ = std::thread([this] { run(); });
  return {};
}

Receiver::~Receiver() {
  stop();
}

void Receiver::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void Receiver::adopt(wish::OpenedSession session, Instant posted) {
  const std::lock_guard lock(mutex_);
  waiting_.emplace_back(std::move(session), posted);
}

void Receiver::take_new() {
  std::vector<std::pair<wish::OpenedSession, Instant>> fresh;
  {
    const std::lock_guard lock(mutex_);
    fresh.swap(waiting_);
  }
  for (auto& [session, posted] : fresh) {
    auto watcher = std::make_unique<Watcher>(*this, std::move(session), posted);
    const auto id = loop_->add(watcher->session.client, *watcher);
    if (!id) {
      ++lost_;
      continue;
    }
    watcher->id = *id;
    watchers_.push_back(std::move(watcher));
  }
}

void Receiver::run() {
  Instant next_report = media::net::monotonic_now() + kReportInterval;
  while (!stop_) {
    take_new();
    // While sessions are being opened a new one must not wait long for its first datagram.
    const Instant now = loop_->run_once(media::net::monotonic_now() + Duration::millis(1));
    if (now >= next_report) {
      report();
      next_report = now + kReportInterval;
    }
    const std::lock_guard lock(mutex_);
    delays_.insert(delays_.end(), fresh_delays_.begin(), fresh_delays_.end());
    fresh_delays_.clear();
  }
  for (const auto& watcher : watchers_) loop_->remove(watcher->id);
}

// What a player would report, so that the server's receiving side is measured too. Also publishes
// the counts.
void Receiver::report() {
  StreamCheck::Counts sum;
  for (const auto& watcher : watchers_) {
    std::vector<media::rtcp::ReportBlock> blocks;
    for (const auto& [ssrc, check] : watcher->streams) {
      sum += check.counts();
      if (blocks.size() < media::rtcp::kMaxCount) {
        blocks.push_back({.ssrc = media::Ssrc(ssrc), .highest_sequence = check.highest()});
      }
    }
    std::array<uint8_t, 1024> bytes;
    media::ByteWriter out(bytes);
    if (!blocks.empty() &&
        media::rtcp::write_receiver_report(out, media::Ssrc(kReporterSsrc), blocks)) {
      loop_->send_rtcp(watcher->id, out.written());
    }
  }
  const std::lock_guard lock(mutex_);
  total_ = sum;
}

void Receiver::collect(Subscribers::Reading& into, StreamCheck::Counts& total) {
  const std::lock_guard lock(mutex_);
  total += total_;
  into.delays_us.insert(into.delays_us.end(), delays_.begin(), delays_.end());
  delays_.clear();
}

std::vector<uint32_t> Receiver::join_times() const {
  const std::lock_guard lock(mutex_);
  return join_times_;
}

std::vector<std::string> Receiver::resources() const {
  std::vector<std::string> out;
  for (const auto& watcher : watchers_) out.push_back(watcher->session.resource);
  return out;
}

}  // namespace

struct Subscribers::Parts {
  Params params;
  std::vector<std::unique_ptr<Receiver>> receivers;
  std::vector<std::thread> joiners;
  std::atomic<unsigned> next{0};
  std::atomic<unsigned> failed{0};
  std::atomic<bool> give_up{false};
  mutable std::mutex mutex;
  std::string failure;  // guarded by mutex
  StreamCheck::Counts last;
  Instant last_read;

  void join_some();
  void fail(const std::string& why);
  [[nodiscard]] unsigned with_media() const;
};

void Subscribers::Parts::fail(const std::string& why) {
  ++failed;
  const std::lock_guard lock(mutex);
  if (failure.empty()) failure = why;
}

unsigned Subscribers::Parts::with_media() const {
  size_t sum = 0;
  for (const auto& receiver : receivers) sum += receiver->join_times().size();
  return static_cast<unsigned>(sum);
}

void Subscribers::Parts::join_some() {
  auto http = wish::HttpClient::make({.token = params.token, .insecure = params.insecure});
  media::net::OsRng rng;
  while (!give_up) {
    const unsigned index = next++;
    if (index >= params.count) return;
    if (!http) {
      fail(http.error().message);
      continue;
    }
    Receiver& receiver = *receivers[index % receivers.size()];
    const unsigned before = with_media() + failed;
    const Instant posted = media::net::monotonic_now();
    auto opened = wish::open_session(**http, params.url, wish::make_credentials(rng),
                                     receiver.fingerprint(), wish::watcher_sections());
    if (!opened) {
      fail(opened.error().message);
      continue;
    }
    receiver.adopt(std::move(*opened), posted);
    // As many joins at once as there are joiners: this one is under way until somebody more has
    // media.
    const Instant limit = media::net::monotonic_now() + Duration::seconds(5);
    while (!give_up && with_media() + failed <= before && media::net::monotonic_now() < limit) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

Subscribers::Subscribers(Params params) : parts_(std::make_unique<Parts>()) {
  parts_->params = std::move(params);
  for (unsigned i = 0; i < std::max(1U, parts_->params.threads); ++i) {
    auto receiver = std::make_unique<Receiver>();
    if (auto started = receiver->start(); !started) {
      parts_->fail(started.error().message);
      break;
    }
    parts_->receivers.push_back(std::move(receiver));
  }
}

Subscribers::~Subscribers() {
  parts_->give_up = true;
  for (std::thread& joiner : parts_->joiners) joiner.join();
  auto http =
      wish::HttpClient::make({.token = parts_->params.token, .insecure = parts_->params.insecure});
  for (const auto& receiver : parts_->receivers) {
    receiver->stop();
    if (!http) continue;
    for (const std::string& resource : receiver->resources()) {
      if (!resource.empty() && !(*http)->remove(resource)) break;  // the server is gone
    }
  }
}

void Subscribers::join_all(Duration limit) {
  if (parts_->receivers.empty()) return;
  const Instant deadline = media::net::monotonic_now() + limit;
  for (unsigned i = 0; i < std::max(1U, parts_->params.joins_at_once); ++i) {
    parts_->joiners.emplace_back([parts = parts_.get()] { parts->join_some(); });
  }
  while (parts_->with_media() + parts_->failed < parts_->params.count &&
         media::net::monotonic_now() < deadline) {
    std::this_thread::sleep_for(std::chrono::microseconds(kPoll.as_micros()));
  }
  parts_->give_up = true;
  static_cast<void>(read());
}

unsigned Subscribers::joined() const {
  return parts_->with_media();
}

unsigned Subscribers::lost() const {
  unsigned sum = parts_->failed;
  for (const auto& receiver : parts_->receivers) sum += receiver->lost();
  return sum;
}

std::vector<uint32_t> Subscribers::join_times_us() const {
  std::vector<uint32_t> out;
  for (const auto& receiver : parts_->receivers) {
    const auto times = receiver->join_times();
    out.insert(out.end(), times.begin(), times.end());
  }
  return out;
}

std::string Subscribers::first_failure() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->failure;
}

Subscribers::Reading Subscribers::read() {
  Reading out;
  StreamCheck::Counts total;
  for (const auto& receiver : parts_->receivers) receiver->collect(out, total);
  const Instant now = media::net::monotonic_now();
  out.span = now - parts_->last_read;
  out.counts = total - parts_->last;
  parts_->last = total;
  parts_->last_read = now;
  return out;
}

}  // namespace signaling::load

#include "signaling/load/capacity_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "signaling/load/audience.h"
#include "signaling/load/server_usage.h"

namespace signaling::load {
namespace {

using media::Duration;

using Clock = std::chrono::steady_clock;

std::chrono::microseconds chrono_of(Duration span) {
  return std::chrono::microseconds(span.as_micros());
}

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

double ms(double micros) {
  return micros / 1000;
}

std::optional<ServerUsage> usage_of(int pid) {
  return pid > 0 ? read_usage(pid) : std::nullopt;
}

// The figures of each window, before the medians.
struct Windows {
  std::vector<double> delay_p50;
  std::vector<double> delay_p99;
  std::vector<double> pps;
  std::vector<double> cpu_us;
  std::vector<double> cpu_percent;
};

class Run {
 public:
  Run(const CapacityParams& params, const std::atomic<bool>& stop,
      const std::function<void(const Progress&)>& on_progress)
      : params_(params), stop_(stop), on_progress_(on_progress) {
    result_.rooms = static_cast<unsigned>(params.rooms.size());
    result_.subscribers = params.subscribers * result_.rooms;
  }

  media::Outcome<CapacityResult> run();

 private:
  static constexpr auto kLook = std::chrono::milliseconds(20);
  static constexpr auto kProgressInterval = std::chrono::milliseconds(200);

  media::Outcome<void> publish();
  void join_steady();
  void measure();
  void measure_window();
  void storm();
  void sum_up(const std::optional<ServerUsage>& before, const std::optional<ServerUsage>& after);
  // Waits until `done` or the limit or the user's end; true when done.
  template <class Done>
  bool wait(const std::string& phase, Duration limit, Done done);
  void tell(const std::string& phase);

  const CapacityParams& params_;
  const std::atomic<bool>& stop_;
  const std::function<void(const Progress&)>& on_progress_;
  std::unique_ptr<RtpPublishers> publishers_;
  std::unique_ptr<Audience> audience_;
  CapacityResult result_;
  Windows windows_;
  double join_cpu_s_ = 0;
  uint64_t join_packets_ = 0;
  Clock::time_point told_;
};

void Run::tell(const std::string& phase) {
  if (!on_progress_ || Clock::now() < told_ + kProgressInterval) return;
  told_ = Clock::now();
  on_progress_({.phase = phase,
                .joined = audience_->joined(Group::Steady) + audience_->joined(Group::Storm),
                .wanted = result_.subscribers + params_.storm,
                .lost = audience_->lost(Group::Steady) + audience_->lost(Group::Storm)});
}

template <class Done>
bool Run::wait(const std::string& phase, Duration limit, Done done) {
  const auto until = Clock::now() + chrono_of(limit);
  while (!done()) {
    const auto left = until - Clock::now();
    if (stop_ || left <= Clock::duration::zero()) return false;
    std::this_thread::sleep_for(std::min<Clock::duration>(left, kLook));
    tell(phase);
  }
  return true;
}

media::Outcome<void> Run::publish() {
  if (!params_.publish) return {};
  RtpPublishers::Params publishing;
  for (const Room& room : params_.rooms) publishing.rooms.push_back({room.whip_url, room.token});
  publishing.insecure = params_.insecure;
  publishing.mix = params_.mix;
  auto started = RtpPublishers::start(publishing);
  if (!started) return tl::unexpected(started.error());
  publishers_ = std::move(*started);
  if (!params_.paused) {
    result_.offered_pps =
        static_cast<double>(params_.mix.packets_per_second()) * result_.subscribers;
  }
  return {};
}

void Run::join_steady() {
  const auto before = usage_of(params_.server_pid);
  const double rate = params_.join_rate;
  Duration limit = Duration::seconds(20) + Duration::millis(200) * result_.subscribers;
  if (rate > 0) limit += Duration::micros(static_cast<int64_t>(result_.subscribers / rate * 1e6));
  audience_->join({.group = Group::Steady, .count = result_.subscribers, .per_second = rate});
  wait("joining", limit, [&] { return audience_->settled(Group::Steady); });
  const auto after = usage_of(params_.server_pid);
  Histogram joins;
  for (const uint32_t time : audience_->take_join_times(Group::Steady)) joins.record(time);
  result_.join_p50_ms = ms(joins.percentile(0.5));
  result_.join_p99_ms = ms(joins.percentile(0.99));
  join_packets_ = audience_->read(Group::Steady).line.received;
  if (before && after) join_cpu_s_ = after->cpu_s - before->cpu_s;
}

void Run::measure_window() {
  const auto before = usage_of(params_.server_pid);
  const auto ourselves = read_usage(::getpid());
  const auto never = [] { return false; };
  wait(fmt::format("measuring {}/{}", windows_.pps.size() + 1, params_.windows), params_.window,
       never);
  const auto after = usage_of(params_.server_pid);
  const Audience::Reading reading = audience_->read(Group::Steady);
  const double span = reading.span.as_seconds();
  const auto packets = static_cast<double>(reading.line.received);
  windows_.delay_p50.push_back(ms(reading.delays.percentile(0.5)));
  windows_.delay_p99.push_back(ms(reading.delays.percentile(0.99)));
  windows_.pps.push_back(packets / span);
  result_.delay_max_ms = std::max(result_.delay_max_ms, ms(reading.delays.largest()));
  result_.missing += reading.line.missing;
  result_.duplicates += reading.line.duplicates;
  result_.reordered += reading.line.reordered;
  result_.repair += reading.repair;
  if (const auto now = read_usage(::getpid()); now && ourselves)
    result_.load_cpu_percent = (now->cpu_s - ourselves->cpu_s) * 100 / span;
  if (!before || !after) return;
  const double cpu = after->cpu_s - before->cpu_s;
  // What is sent again is sent as well.
  const auto forwarded = packets + static_cast<double>(reading.repair.rtx);
  if (forwarded > 0) windows_.cpu_us.push_back(cpu * 1e6 / forwarded);
  windows_.cpu_percent.push_back(cpu * 100 / span);
}

void Run::measure() {
  static_cast<void>(audience_->read(Group::Steady));
  for (unsigned i = 0; i < params_.windows && !stop_; ++i) measure_window();
}

void Run::storm() {
  StormResult& storm = result_.storm;
  storm.watchers = params_.storm;
  const double join_rate = std::max(20.0, params_.join_rate);
  audience_->join({.group = Group::Storm, .count = storm.watchers, .per_second = join_rate});
  const Duration joining = Duration::seconds(20) +
                           Duration::micros(static_cast<int64_t>(storm.watchers / join_rate * 1e6));
  wait("the storm's watchers join", joining, [&] { return audience_->settled(Group::Storm); });
  static_cast<void>(audience_->take_join_times(Group::Storm));
  const auto never = [] { return false; };
  wait("settling", params_.warm_up, never);
  static_cast<void>(audience_->read(Group::Steady));
  wait("before the storm", params_.storm_within, never);
  storm.others_p99_before_ms = ms(audience_->read(Group::Steady).delays.percentile(0.99));

  const unsigned had = audience_->joined(Group::Storm);
  const auto began = Clock::now();
  audience_->leave(Group::Storm);
  wait("leaving", Duration::seconds(5), [&] { return audience_->joined(Group::Storm) == 0; });
  const double rate = had / std::max(0.001, params_.storm_within.as_seconds());
  audience_->join({.group = Group::Storm, .count = had, .per_second = rate});
  constexpr Duration kBackLimit = Duration::seconds(30);
  const bool settled = wait("coming back", params_.storm_within + kBackLimit,
                            [&] { return audience_->settled(Group::Storm); });
  storm.back = audience_->joined(Group::Storm);
  if (settled && storm.back == storm.watchers) storm.all_back_s = seconds_since(began);
  const Audience::Reading during = audience_->read(Group::Steady);
  storm.others_p99_during_ms = ms(during.delays.percentile(0.99));
  storm.others_missing = during.line.missing;
  Histogram joins;
  for (const uint32_t time : audience_->take_join_times(Group::Storm)) joins.record(time);
  storm.rejoin_p50_ms = ms(joins.percentile(0.5));
  storm.rejoin_p99_ms = ms(joins.percentile(0.99));
}

void Run::sum_up(const std::optional<ServerUsage>& before,
                 const std::optional<ServerUsage>& after) {
  result_.joined = audience_->joined(Group::Steady);
  result_.lost = audience_->lost(Group::Steady) + audience_->lost(Group::Storm);
  result_.first_failure = audience_->first_failure();
  if (publishers_) {
    result_.skipped_pictures = publishers_->skipped_pictures();
    if (publishers_->lost() > 0 && result_.first_failure.empty())
      result_.first_failure = fmt::format("{} publishers were lost.", publishers_->lost());
  }
  result_.delay_p50_ms = median(windows_.delay_p50);
  result_.delay_p99_ms = median(windows_.delay_p99);
  result_.delivered_pps = median(windows_.pps);
  result_.cpu_us_per_packet = median(windows_.cpu_us);
  result_.cpu_percent = median(windows_.cpu_percent);
  if (!before || !after || result_.joined == 0) return;
  result_.rss_kb_per_subscriber =
      static_cast<double>(after->rss_bytes - before->rss_bytes) / 1024 / result_.joined;
  const double forwarding_s =
      static_cast<double>(join_packets_) * result_.cpu_us_per_packet / 1'000'000;
  result_.cpu_ms_per_join = std::max(0.0, join_cpu_s_ - forwarding_s) * 1000 / result_.joined;
}

media::Outcome<CapacityResult> Run::run() {
  audience_ = std::make_unique<Audience>(Audience::Params{.rooms = params_.rooms,
                                                          .insecure = params_.insecure,
                                                          .threads = params_.threads,
                                                          .paused = params_.paused,
                                                          .fresh_tls = params_.fresh_tls,
                                                          .manners = params_.manners});
  if (auto published = publish(); !published) return tl::unexpected(published.error());
  const auto never = [] { return false; };
  if (publishers_) wait("publishing", Duration::seconds(1), never);
  const auto before = usage_of(params_.server_pid);
  if (params_.server_pid > 0 && !before)
    return media::env_fail(fmt::format("There is no process {}.", params_.server_pid));
  join_steady();
  wait("settling", params_.warm_up, never);
  measure();
  // Before the storm, whose watchers are not the ones the memory is divided by.
  const auto after = usage_of(params_.server_pid);
  if (params_.storm > 0 && !stop_) storm();
  sum_up(before, after);
  return result_;
}

}  // namespace

media::Outcome<CapacityResult> run_capacity(
    const CapacityParams& params, const std::atomic<bool>& stop,
    const std::function<void(const Progress&)>& on_progress) {
  return Run(params, stop, on_progress).run();
}

}  // namespace signaling::load

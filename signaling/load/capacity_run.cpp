#include "signaling/load/capacity_run.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "signaling/load/rtp_publisher.h"
#include "signaling/load/server_usage.h"
#include "signaling/load/subscribers.h"

namespace signaling::load {
namespace {

using media::Duration;

void wait(Duration span, const std::atomic<bool>& stop) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(span.as_micros());
  while (!stop && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
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

void measure(const CapacityParams& params, Subscribers& subscribers, const std::atomic<bool>& stop,
             Windows& windows, CapacityResult& result) {
  static_cast<void>(subscribers.read());
  for (unsigned i = 0; i < params.windows && !stop; ++i) {
    const auto before = usage_of(params.server_pid);
    wait(params.window, stop);
    const auto after = usage_of(params.server_pid);
    Subscribers::Reading reading = subscribers.read();
    const auto packets = static_cast<double>(reading.delays_us.size());
    windows.delay_p50.push_back(percentile(reading.delays_us, 0.5) / 1000);
    windows.delay_p99.push_back(percentile(reading.delays_us, 0.99) / 1000);
    windows.pps.push_back(packets / reading.span.as_seconds());
    result.missing += reading.counts.missing;
    result.duplicates += reading.counts.duplicates;
    result.reordered += reading.counts.reordered;
    if (before && after && packets > 0) {
      const double cpu = after->cpu_s - before->cpu_s;
      windows.cpu_us.push_back(cpu * 1e6 / packets);
      windows.cpu_percent.push_back(cpu * 100 / reading.span.as_seconds());
    }
  }
}

}  // namespace

media::Outcome<CapacityResult> run_capacity(const CapacityParams& params,
                                            const std::atomic<bool>& stop) {
  CapacityResult result;
  result.subscribers = params.subscribers;
  std::unique_ptr<RtpPublisher> publisher;
  if (!params.whip_url.empty()) {
    auto started = RtpPublisher::start(
        {.url = params.whip_url, .token = params.token, .insecure = params.insecure});
    if (!started) return tl::unexpected(started.error());
    publisher = std::move(*started);
    result.offered_pps = static_cast<double>(RtpPublisher::kPacketsPerSecond) * params.subscribers;
    wait(Duration::seconds(1), stop);
  }
  const auto before = usage_of(params.server_pid);
  if (params.server_pid > 0 && !before) {
    return media::env_fail(fmt::format("There is no process {}.", params.server_pid));
  }
  Subscribers subscribers({.url = params.whep_url,
                           .token = params.watch_token,
                           .insecure = params.insecure,
                           .count = params.subscribers,
                           .threads = params.threads});
  subscribers.join_all(Duration::seconds(10) + Duration::millis(200) * params.subscribers);
  auto joins = subscribers.join_times_us();
  result.join_p50_ms = percentile(joins, 0.5) / 1000;
  result.join_p99_ms = percentile(joins, 0.99) / 1000;
  wait(params.warm_up, stop);
  Windows windows;
  measure(params, subscribers, stop, windows, result);
  const auto after = usage_of(params.server_pid);
  result.joined = subscribers.joined();
  result.lost = subscribers.lost();
  result.first_failure = subscribers.first_failure();
  if (publisher && publisher->is_lost() && result.first_failure.empty())
    result.first_failure = "The publisher was lost.";
  result.delay_p50_ms = median(windows.delay_p50);
  result.delay_p99_ms = median(windows.delay_p99);
  result.delivered_pps = median(windows.pps);
  result.cpu_us_per_packet = median(windows.cpu_us);
  result.cpu_percent = median(windows.cpu_percent);
  if (before && after && result.joined > 0) {
    result.rss_kb_per_subscriber =
        static_cast<double>(after->rss_bytes - before->rss_bytes) / 1024 / result.joined;
  }
  return result;
}

std::string as_table(const CapacityResult& r) {
  std::string out;
  const auto row = [&out](const char* name, const std::string& value) {
    out += fmt::format("{:<34}{}\n", name, value);
  };
  row("subscribers (joined / lost)", fmt::format("{} ({} / {})", r.subscribers, r.joined, r.lost));
  row("join, POST to first media",
      fmt::format("p50 {:.1f} ms, p99 {:.1f} ms", r.join_p50_ms, r.join_p99_ms));
  row("forwarding delay",
      fmt::format("p50 {:.2f} ms, p99 {:.2f} ms", r.delay_p50_ms, r.delay_p99_ms));
  row("delivered", fmt::format("{:.0f} packets/s of {:.0f}", r.delivered_pps, r.offered_pps));
  row("missing / duplicate / reordered",
      fmt::format("{} / {} / {}", r.missing, r.duplicates, r.reordered));
  row("server CPU per delivered packet",
      fmt::format("{:.2f} us ({:.0f} % of a core)", r.cpu_us_per_packet, r.cpu_percent));
  row("server memory per subscriber", fmt::format("{:.0f} KB", r.rss_kb_per_subscriber));
  if (!r.first_failure.empty()) row("first failure", r.first_failure);
  return out;
}

std::string as_json(const CapacityResult& r) {
  return fmt::format(
      R"({{"subscribers":{},"joined":{},"lost":{},"join_p50_ms":{:.2f},"join_p99_ms":{:.2f},"delay_p50_ms":{:.3f},)"
      R"("delay_p99_ms":{:.3f},"delivered_pps":{:.1f},"offered_pps":{:.1f},"missing":{},"duplicates":{},"reordered":{},)"
      R"("cpu_us_per_packet":{:.3f},"cpu_percent":{:.1f},"rss_kb_per_subscriber":{:.1f}}})",
      r.subscribers, r.joined, r.lost, r.join_p50_ms, r.join_p99_ms, r.delay_p50_ms, r.delay_p99_ms,
      r.delivered_pps, r.offered_pps, r.missing, r.duplicates, r.reordered, r.cpu_us_per_packet,
      r.cpu_percent, r.rss_kb_per_subscriber);
}

}  // namespace signaling::load

#include "signaling/app/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <system_error>
#include <utility>

namespace signaling::app {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families {
 public:
  MetricFamily& add(const char* name, const char* help, MetricType type) {
    MetricFamily& family = families_.emplace_back();
    family.name = name;
    family.help = help;
    family.type = type;
    return family;
  }
  void gauge(const char* name, const char* help, double value) {
    sample(add(name, help, MetricType::Gauge), value, {});
  }
  void counter(const char* name, const char* help, double value) {
    sample(add(name, help, MetricType::Counter), value, {});
  }
  static void sample(MetricFamily& family, double value, Labels labels) {
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    if (family.type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
  }
  [[nodiscard]] std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_);
    return out.str();
  }

 private:
  std::vector<MetricFamily> families_;
};

double number(uint64_t v) {
  return static_cast<double>(v);
}

struct WorkerMetric {
  const char* name;
  const char* help;
  MetricType type;
  uint64_t media::api::WorkerStats::*value;
};

constexpr WorkerMetric kWorkerMetrics[] = {
    {"tongke_worker_datagrams_in_total", "UDP datagrams received", MetricType::Counter,
     &media::api::WorkerStats::datagrams_in},
    {"tongke_worker_bytes_in_total", "UDP payload bytes received", MetricType::Counter,
     &media::api::WorkerStats::bytes_in},
    {"tongke_worker_datagrams_out_total", "UDP datagrams sent", MetricType::Counter,
     &media::api::WorkerStats::datagrams_out},
    {"tongke_worker_bytes_out_total", "UDP payload bytes sent", MetricType::Counter,
     &media::api::WorkerStats::bytes_out},
    {"tongke_worker_rtp_in_total", "RTP packets received", MetricType::Counter,
     &media::api::WorkerStats::rtp_in},
    {"tongke_worker_rtp_forwarded_total", "RTP packets sealed for receivers", MetricType::Counter,
     &media::api::WorkerStats::rtp_forwarded},
    {"tongke_worker_rtx_out_total", "Retransmissions sent", MetricType::Counter,
     &media::api::WorkerStats::rtx_out},
    {"tongke_worker_relay_out_total", "Packets written for other workers of a room",
     MetricType::Counter, &media::api::WorkerStats::relay_out},
    {"tongke_worker_relay_in_total", "Packets that came from other workers of a room",
     MetricType::Counter, &media::api::WorkerStats::relay_in},
    {"tongke_worker_send_calls_total", "sendmmsg calls", MetricType::Counter,
     &media::api::WorkerStats::send_calls},
    {"tongke_worker_gso_sends_total", "Messages of more than one segment", MetricType::Counter,
     &media::api::WorkerStats::gso_sends},
    {"tongke_worker_recv_calls_total", "recvmmsg calls", MetricType::Counter,
     &media::api::WorkerStats::recv_calls},
    {"tongke_worker_tcp_connections", "Media connections by TCP", MetricType::Gauge,
     &media::api::WorkerStats::tcp_connections},
    {"tongke_worker_tcp_accepted_total", "TCP connections accepted for media", MetricType::Counter,
     &media::api::WorkerStats::tcp_accepted},
    {"tongke_worker_tcp_datagrams_out_total", "Datagrams sent by TCP, of all that were sent",
     MetricType::Counter, &media::api::WorkerStats::tcp_datagrams_out},
    {"tongke_worker_receive_buffer_bytes", "UDP receive buffer as the kernel granted it",
     MetricType::Gauge, &media::api::WorkerStats::receive_buffer},
    {"tongke_worker_send_buffer_bytes", "UDP send buffer as the kernel granted it",
     MetricType::Gauge, &media::api::WorkerStats::send_buffer},
    {"tongke_worker_sessions", "Media connections", MetricType::Gauge,
     &media::api::WorkerStats::sessions},
    {"tongke_worker_rooms", "Lessons on this worker", MetricType::Gauge,
     &media::api::WorkerStats::rooms},
    {"tongke_worker_backlogs_total", "Turns of the loop that left datagrams waiting",
     MetricType::Counter, &media::api::WorkerStats::backlogs},
    {"tongke_worker_reliefs_total", "Steps by which less was sent because of overload",
     MetricType::Counter, &media::api::WorkerStats::reliefs},
    {"tongke_worker_loop_lag_mean_microseconds", "Lateness of timers, smoothed", MetricType::Gauge,
     &media::api::WorkerStats::mean_lag_us},
    {"tongke_worker_loop_lag_max_microseconds", "Longest delay of the loop since the last reading",
     MetricType::Gauge, &media::api::WorkerStats::loop_lag_us_max},
};

void add_workers(Families& families, const std::vector<media::api::WorkerStats>& workers) {
  for (const WorkerMetric& m : kWorkerMetrics) {
    MetricFamily& family = families.add(m.name, m.help, m.type);
    for (size_t i = 0; i < workers.size(); ++i) {
      Families::sample(family, number(workers[i].*m.value), {{"worker", std::to_string(i)}});
    }
  }
  const auto gauge = [&](const char* name, const char* help, auto&& value) {
    MetricFamily& family = families.add(name, help, MetricType::Gauge);
    for (size_t i = 0; i < workers.size(); ++i)
      Families::sample(family, value(workers[i]), {{"worker", std::to_string(i)}});
  };
  using Stats = media::api::WorkerStats;
  gauge("tongke_worker_busy_ratio", "Share of the time in which the loop did not wait, smoothed",
        [](const Stats& w) { return number(w.busy_permille) / 1000; });
  gauge("tongke_worker_line_ratio", "Use of media.line_mbit by all workers, smoothed",
        [](const Stats& w) { return number(w.line_permille) / 1000; });
  gauge("tongke_worker_load_level", "0 calm, 1 busy, 2 overloaded",
        [](const Stats& w) { return static_cast<double>(w.level); });
  gauge("tongke_worker_relief", "What is left out: 0 nothing, 9 all but the most needed voices",
        [](const Stats& w) { return static_cast<double>(w.relief); });
  MetricFamily& about =
      families.add("tongke_worker_info", "How each worker sends and seals", MetricType::Gauge);
  for (size_t i = 0; i < workers.size(); ++i) {
    Families::sample(about, 1,
                     {{"worker", std::to_string(i)},
                      {"cipher", workers[i].cipher_backend},
                      {"arch", workers[i].cipher_arch},
                      {"gso", workers[i].gso ? "1" : "0"},
                      {"gro", workers[i].gro ? "1" : "0"}});
  }
  MetricFamily& drops =
      families.add("tongke_drops_total", "Datagrams and packets that went no further, by reason",
                   MetricType::Counter);
  for (size_t r = 0; r < media::kDropCount; ++r) {
    uint64_t sum = 0;
    for (const auto& worker : workers) sum += worker.drops.counts[r];
    Families::sample(drops, number(sum),
                     {{"reason", media::drop_name(static_cast<media::Drop>(r))}});
  }
}

void add_live(Families& families, const LiveStats& live) {
  MetricFamily& lessons =
      families.add("tongke_lessons", "Open lessons by state", MetricType::Gauge);
  Families::sample(lessons, number(live.lessons_waiting), {{"state", "waiting"}});
  Families::sample(lessons, number(live.lessons_live), {{"state", "live"}});
  families.gauge("tongke_participants", "Teachers and classes present", number(live.participants));
  families.gauge("tongke_observers", "Observers present", number(live.observers));
  families.gauge("tongke_lesson_sockets", "WebSockets in lessons", number(live.sockets));
  families.gauge("tongke_media_sessions", "Browser connections, WHIP and WHEP together",
                 number(live.media_sessions));
  families.gauge("tongke_recordings_running", "Lessons being recorded", number(live.recording));
  families.counter("tongke_messages_in_total", "WebSocket messages", number(live.messages_in));
  families.counter("tongke_messages_malformed_total", "WebSocket messages that made no sense",
                   number(live.messages_malformed));
  families.counter("tongke_messages_too_fast_total", "WebSocket messages over the rate limit",
                   number(live.messages_too_fast));
  families.counter("tongke_events_stored_total", "Timeline events handed to the database",
                   number(live.events_stored));
  families.counter("tongke_slots_undecodable_total",
                   "Pictures that a watcher could not decode, by its codecs",
                   number(live.slots_undecodable));
  families.counter("tongke_tracks_over_rate_total",
                   "Times that a publisher sent more than was agreed",
                   number(live.tracks_over_rate));
  families.counter("tongke_arrivals_refused_total", "Offers refused for want of room",
                   number(live.arrivals_refused));
  families.counter("tongke_lesson_storage_failures_total", "Writes for lessons that failed",
                   number(live.storage_failures));
}

void add_web(Families& families, const MetricsInput& input) {
  const web::ServerStats& web = input.web;
  families.gauge("tongke_connections", "TCP connections", number(web.connections));
  families.gauge("tongke_sockets", "WebSockets", number(web.sockets));
  families.counter("tongke_connections_accepted_total", "TCP connections accepted",
                   number(web.accepted));
  MetricFamily& refused = families.add("tongke_connections_refused_total",
                                       "TCP connections refused, by reason", MetricType::Counter);
  Families::sample(refused, number(web.refused_full), {{"reason", "full"}});
  Families::sample(refused, number(web.refused_address), {{"reason", "address"}});
  families.counter("tongke_connections_timed_out_total", "Connections ended by a time limit",
                   number(web.timed_out));
  families.counter("tongke_upgrades_refused_total", "WebSocket handshakes refused",
                   number(web.upgrades_refused));
  families.counter("tongke_slow_sockets_closed_total", "WebSockets closed for falling behind",
                   number(web.slow_sockets_closed));
  families.counter("tongke_http_bytes_served_total", "Bytes of response bodies",
                   number(web.bytes_served));
  MetricFamily& responses =
      families.add("tongke_http_responses_total", "HTTP answers by status", MetricType::Counter);
  for (const auto& [status, count] : web.responses) {
    Families::sample(responses, number(count), {{"status", std::to_string(status)}});
  }
  MetricFamily& refusals =
      families.add("tongke_http_refusals_total", "HTTP answers from 400 on, by route and status",
                   MetricType::Counter);
  for (const auto& [key, count] : input.refusals) {
    const size_t space = key.rfind(' ');
    Families::sample(refusals, number(count),
                     {{"route", key.substr(0, space)}, {"status", key.substr(space + 1)}});
  }
}

void add_storage(Families& families, const storage::sql::StorageStats& storage) {
  families.gauge("tongke_storage_queue", "Database jobs waiting", number(storage.queued));
  families.gauge("tongke_storage_queue_max", "Most database jobs that ever waited",
                 number(storage.queued_max));
  families.counter("tongke_storage_jobs_total", "Database jobs run", number(storage.jobs));
  families.counter("tongke_storage_refused_total", "Database jobs refused",
                   number(storage.refused));
  families.counter("tongke_storage_failed_total", "Database jobs that failed",
                   number(storage.failed));
  families.counter("tongke_storage_events_total", "Timeline events stored", number(storage.events));
  families.counter("tongke_storage_commits_total", "Transactions of timeline events",
                   number(storage.commits));
  families.counter("tongke_storage_busy_seconds_total", "Time spent in database jobs",
                   number(storage.busy_us) / 1e6);
}

void add_process(Families& families, const ProcessUsage& process) {
  families.counter("process_cpu_seconds_total", "User and system time of all threads",
                   process.cpu_seconds);
  families.gauge("process_resident_memory_bytes", "Resident memory",
                 number(process.resident_bytes));
  families.gauge("process_open_fds", "Open file descriptors", number(process.open_descriptors));
  families.gauge("process_max_fds", "Limit of open file descriptors",
                 number(process.max_descriptors));
  families.gauge("process_start_time_seconds", "Start of the process, Unix time",
                 process.start_time_s);
}

void add_streams(Families& families, const HlsStats& streams) {
  families.gauge("tongke_hls_streams", "Lessons that are made into an HLS stream",
                 number(streams.streams));
  families.gauge("tongke_hls_viewers", "HLS viewers, estimated from the media handed out",
                 number(streams.viewers));
  families.gauge("tongke_hls_blocked_requests", "HLS requests that wait for what comes next",
                 number(streams.blocked));
  families.gauge("tongke_hls_bytes", "HLS media kept in memory", number(streams.bytes));
  families.counter("tongke_hls_parts_total", "HLS parts made", number(streams.parts));
  families.counter("tongke_hls_encoder_restarts_total", "HLS encoders that ended unasked",
                   number(streams.encoder_restarts));
  families.counter("tongke_hls_pictures_skipped_total",
                   "Pictures left out because an encoder was behind",
                   number(streams.pictures_skipped));
  families.counter("tongke_hls_waits_timed_out_total", "HLS requests that waited in vain",
                   number(streams.waits_timed_out));
  families.counter("tongke_hls_cuts_total",
                   "Times a stream's addresses were made void because somebody lost the right",
                   number(streams.cuts));
  families.counter("tongke_hls_streams_refused_total",
                   "Streams not begun because there were too many", number(streams.refused_full));
}

void add_sources(Families& families, const SourceStats& sources) {
  MetricFamily& states = families.add(
      "tongke_sources", "Recorders and encoders of open lessons, by state", MetricType::Gauge);
  for (const auto& [state, count] : sources.by_state)
    Families::sample(states, number(count), {{"state", state}});
  families.counter("tongke_source_calls_total", "Recorders and cameras called",
                   number(sources.calls));
  MetricFamily& failures =
      families.add("tongke_source_failures_total",
                   "Recorders and cameras that could not be shown, or not any longer, by reason",
                   MetricType::Counter);
  for (const auto& [reason, count] : sources.failures)
    Families::sample(failures, number(count), {{"reason", reason}});
}

}  // namespace

ProcessUsage read_process_usage() {
  ProcessUsage usage;
  rusage times{};
  if (::getrusage(RUSAGE_SELF, &times) == 0) {
    usage.cpu_seconds = static_cast<double>(times.ru_utime.tv_sec + times.ru_stime.tv_sec) +
                        static_cast<double>(times.ru_utime.tv_usec + times.ru_stime.tv_usec) / 1e6;
  }
  uint64_t total_pages = 0;
  uint64_t resident_pages = 0;
  if (std::ifstream("/proc/self/statm") >> total_pages >> resident_pages) {
    usage.resident_bytes = resident_pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  std::error_code error;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    ++usage.open_descriptors;
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) usage.max_descriptors = limit.rlim_cur;
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  struct timespec boot {};
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  std::ifstream stat("/proc/self/stat");
  std::string line;
  if (std::getline(stat, line) && line.find(") ") != std::string::npos) {
    std::istringstream fields(line.substr(line.find(") ") + 2));
    std::string field;
    for (int i = 3; i <= 22 && fields >> field; ++i) {
    }
    const double ticks =
        std::strtod(field.c_str(), nullptr) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    usage.start_time_s = static_cast<double>(now.tv_sec) - static_cast<double>(boot.tv_sec) + ticks;
  }
  return usage;
}

std::string metrics_text(const MetricsInput& input) {
  Families families;
  add_workers(families, input.workers);
  add_live(families, input.live);
  add_web(families, input);
  add_storage(families, input.storage);
  add_process(families, input.process);
  add_streams(families, input.streams);
  add_sources(families, input.sources);
  return families.text();
}

}  // namespace signaling::app

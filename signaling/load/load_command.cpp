#include "signaling/load/load_command.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "signaling/load/capacity_run.h"
#include "signaling/load/demo_teacher.h"
#include "signaling/load/rooms.h"

namespace signaling::load {
namespace {

std::atomic<bool> g_stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");

// Opening every packet of more watchers than this would make the load the bottleneck.
constexpr unsigned kOpenAllUpTo = 200;
constexpr unsigned kOpenEveryAbove = 8;

void on_signal(int /*signal*/) {
  g_stop = true;
}

struct Options {
  std::string url;
  std::string whep_url;
  std::string token;
  std::string watch_token;
  std::string rooms_file;
  bool insecure = false;
  bool publish_demo = false;
  bool publish_rtp = false;
  unsigned fps = 30;
  bool grain = false;
  unsigned packets_per_picture = 6;
  unsigned packet_bytes = 1050;
  unsigned pace_ms = 0;
  unsigned seconds = 0;
  unsigned subscribers = 0;
  unsigned threads = 1;
  unsigned windows = 3;
  double window_s = 5;
  double warm_up_s = 2;
  double join_rate = 0;
  double loss_percent = 0;
  bool nack = false;
  bool transport_cc = false;
  bool paused = false;
  bool fresh_tls = false;
  unsigned open_every = 0;
  unsigned storm = 0;
  double storm_within_s = 5;
  int server_pid = 0;
  bool json = false;
  bool progress = false;
};

int fail(const std::string& why) {
  fmt::print(stderr, "tongke load: {}\n", why);
  return 1;
}

media::Duration seconds(double value) {
  return media::Duration::micros(static_cast<int64_t>(value * 1e6));
}

// A socket per watcher: as many as the system allows without asking anybody.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

media::Outcome<void> check_file_limit(unsigned watchers) {
  rlimit limit{};
  constexpr unsigned kBesides = 100;  // HTTP connections, pollers, standard streams
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= watchers + kBesides) return {};
  return media::env_fail(
      fmt::format("{} watchers need as many sockets, but this process may open {} files: raise "
                  "the limit (ulimit -Hn) or start several loads.",
                  watchers, limit.rlim_cur));
}

media::Outcome<std::vector<Room>> rooms_of(const Options& options) {
  if (!options.rooms_file.empty()) return read_rooms(options.rooms_file);
  if (options.url.empty() || options.token.empty())
    return media::env_fail("Give --url and --token, or --rooms FILE.");
  return std::vector<Room>{
      {.whip_url = options.url,
       .token = options.token,
       .whep_url = options.whep_url.empty() ? watching_url(options.url) : options.whep_url,
       .watch_token = options.watch_token.empty() ? options.token : options.watch_token}};
}

DemoParams demo_params(const Options& options, const Room& room) {
  return {.url = room.whip_url,
          .token = room.token,
          .insecure = options.insecure,
          .fps = options.fps,
          .grain = options.grain,
          .for_time = media::Duration::seconds(options.seconds)};
}

CapacityParams capacity_params(const Options& options, std::vector<Room> rooms) {
  CapacityParams params;
  params.rooms = std::move(rooms);
  params.publish = options.publish_rtp;
  params.mix = {.fps = options.fps,
                .packets_per_picture = options.packets_per_picture,
                .packet_bytes = options.packet_bytes,
                .pace = media::Duration::millis(options.pace_ms)};
  params.insecure = options.insecure;
  params.subscribers = options.subscribers;
  params.threads = options.threads;
  params.join_rate = options.join_rate;
  params.paused = options.paused;
  params.fresh_tls = options.fresh_tls;
  const size_t watchers = options.subscribers * params.rooms.size() + options.storm;
  params.manners.loss = options.loss_percent / 100;
  params.manners.nack = options.nack || options.loss_percent > 0;
  params.manners.transport_cc = options.transport_cc;
  params.manners.open_every = options.open_every != 0    ? options.open_every
                              : watchers <= kOpenAllUpTo ? 1
                                                         : kOpenEveryAbove;
  params.windows = options.windows;
  params.window = seconds(options.window_s);
  params.warm_up = seconds(options.warm_up_s);
  params.server_pid = options.server_pid;
  params.storm = options.storm;
  params.storm_within = seconds(options.storm_within_s);
  return params;
}

// One line that is written over.
class ProgressLine {
 public:
  explicit ProgressLine(bool wanted) : shown_(wanted || ::isatty(STDERR_FILENO) == 1) {}
  void show(const Progress& p) {
    if (!shown_) return;
    fmt::print(stderr, "\r\x1b[K{}: {} of {} watchers, {} lost", p.phase, p.joined, p.wanted,
               p.lost);
    std::fflush(stderr);
    dirty_ = true;
  }
  ~ProgressLine() {
    if (dirty_) fmt::print(stderr, "\r\x1b[K");
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

 private:
  bool shown_;
  bool dirty_ = false;
};

int run_measurement(const Options& options, std::vector<Room> rooms) {
  const auto watchers = static_cast<unsigned>(options.subscribers * rooms.size()) + options.storm;
  if (auto enough = check_file_limit(watchers); !enough) return fail(enough.error().message);
  const CapacityParams params = capacity_params(options, std::move(rooms));
  media::Outcome<CapacityResult> result;
  {
    ProgressLine line(options.progress);
    result = run_capacity(params, g_stop, [&line](const Progress& p) { line.show(p); });
  }
  if (!result) return fail(result.error().message);
  if (!options.json) fmt::print("{}", as_table(*result));
  fmt::print("{}\n", as_json(*result));
  std::fflush(stdout);
  const bool all_back = result->storm.back == result->storm.watchers;
  return result->joined == result->subscribers && result->lost == 0 && all_back ? 0 : 2;
}

// Real pictures and sound, with or without watchers of our own.
int run_demo(const Options& options, const std::vector<Room>& rooms) {
  std::atomic<bool> stop{false};
  std::vector<media::Outcome<void>> ends(rooms.size());
  std::vector<std::thread> teachers;
  for (size_t i = 0; i < rooms.size(); ++i) {
    teachers.emplace_back([&, i] {
      const std::atomic<bool>& until = options.subscribers > 0 ? stop : g_stop;
      ends[i] = publish_demo(demo_params(options, rooms[i]), until);
    });
  }
  int code = 0;
  if (options.subscribers > 0) {
    code = run_measurement(options, rooms);
    stop = true;
  }
  for (std::thread& teacher : teachers) teacher.join();
  for (const auto& end : ends) {
    if (!end) return fail(end.error().message);
  }
  return code;
}

int run(const Options& options) {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  if (!options.publish_demo && !options.publish_rtp && options.subscribers == 0)
    return fail("say what to do: --publish-demo, --publish-rtp or --subscribers");
  auto rooms = rooms_of(options);
  if (!rooms) return fail(rooms.error().message);
  if (options.publish_demo) return run_demo(options, *rooms);
  return run_measurement(options, std::move(*rooms));
}

void add_where(CLI::App& command, Options& o) {
  constexpr char kGroup[] = "Where";
  auto* rooms =
      command
          .add_option("--rooms", o.rooms_file,
                      "File with a room per line: WHIP-URL TOKEN [WATCH-TOKEN [WHEP-URL]]")
          ->group(kGroup);
  command.add_option("--url", o.url, "WHIP address of the one room, https://HOST:PORT/whip/LESSON")
      ->excludes(rooms)
      ->group(kGroup);
  command.add_option("--whep-url", o.whep_url, "WHEP address; by default the same with /whep/")
      ->excludes(rooms)
      ->group(kGroup);
  command
      .add_option("--token", o.token,
                  "Bearer token that may publish (tongke admin token --role teacher)")
      ->excludes(rooms)
      ->group(kGroup);
  command
      .add_option("--watch-token", o.watch_token,
                  "Bearer token that watches; by default the one that publishes")
      ->excludes(rooms)
      ->group(kGroup);
  command.add_flag("--insecure", o.insecure, "Take a self-signed certificate")->group(kGroup);
}

void add_publishing(CLI::App& command, Options& o) {
  constexpr char kGroup[] = "Publish, in every room";
  auto* demo = command
                   .add_flag("--publish-demo", o.publish_demo,
                             "Real VP8 simulcast and Opus: the synthetic master teacher")
                   ->group(kGroup);
  command
      .add_flag("--publish-rtp", o.publish_rtp,
                "Made packets, each stamped with its time of sending: cheap, and delay is measured")
      ->excludes(demo)
      ->group(kGroup);
  command.add_option("--fps", o.fps, "Pictures per second [30]")
      ->check(CLI::Range(1, 30))
      ->group(kGroup);
  command
      .add_flag(
          "--grain", o.grain,
          "With --publish-demo: pictures with noise, which need the encoders' whole rate, as a "
          "camera's do")
      ->needs(demo)
      ->group(kGroup);
  command
      .add_option("--picture-packets", o.packets_per_picture,
                  "Packets of a made picture [6: with 1050 bytes and 30 fps, 1.5 Mbit/s]")
      ->check(CLI::Range(1, 100))
      ->group(kGroup);
  command.add_option("--packet-bytes", o.packet_bytes, "Payload of a made packet [1050]")
      ->check(CLI::Range(64, 1100))
      ->group(kGroup);
  command
      .add_option("--pace-ms", o.pace_ms,
                  "Spread a made picture's packets over this time, as a browser's pacer does "
                  "[0: at once, as many encoders do]")
      ->check(CLI::Range(0, 30))
      ->group(kGroup);
  command.add_option("--seconds", o.seconds, "End the demo after this time [0: at Ctrl-C]")
      ->group(kGroup);
}

void add_watching(CLI::App& command, Options& o) {
  constexpr char kGroup[] = "Watch, in every room";
  command.add_option("--subscribers,--watchers", o.subscribers, "Watchers per room")
      ->check(CLI::Range(1, 20000))
      ->group(kGroup);
  command.add_option("--threads", o.threads, "Threads that receive [1]; one takes about 1000")
      ->check(CLI::Range(1, 16))
      ->group(kGroup);
  command.add_option("--join-rate", o.join_rate, "Joins per second [0: four at a time]")
      ->check(CLI::Range(0.0, 1000.0))
      ->group(kGroup);
  command
      .add_flag("--fresh-tls", o.fresh_tls,
                "A new TLS connection per join, as separate watchers have")
      ->group(kGroup);
  command
      .add_option("--loss", o.loss_percent,
                  "Percent of packets that each watcher loses on purpose and asks for again")
      ->check(CLI::Range(0.0, 50.0))
      ->group(kGroup);
  command.add_flag("--nack", o.nack, "Ask for what the real line lost (implied by --loss)")
      ->group(kGroup);
  command
      .add_flag("--transport-cc", o.transport_cc,
                "Send transport-wide feedback, so that the server's congestion control runs")
      ->group(kGroup);
  command
      .add_flag("--paused", o.paused,
                "Connect and show nothing: no sound, and the picture of a screen nobody shares")
      ->group(kGroup);
  command
      .add_option("--open-every", o.open_every,
                  "Decrypt one packet in so many; the headers of all are checked [1 up to 200 "
                  "watchers, else 8]")
      ->check(CLI::Range(1, 1000))
      ->group(kGroup);
  command
      .add_option("--storm", o.storm,
                  "After the measurement so many further watchers hang up together and come back; "
                  "needs --subscribers, who stay")
      ->check(CLI::Range(1, 20000))
      ->group(kGroup);
  command.add_option("--storm-within", o.storm_within_s, "Seconds within which they come back [5]")
      ->check(CLI::Range(0.1, 600.0))
      ->group(kGroup);
}

void add_measuring(CLI::App& command, Options& o) {
  constexpr char kGroup[] = "Measure";
  command.add_option("--windows", o.windows, "Windows measured; figures are medians [3]")
      ->check(CLI::Range(1, 1000))
      ->group(kGroup);
  command.add_option("--window", o.window_s, "Seconds per window [5]")
      ->check(CLI::Range(0.5, 3600.0))
      ->group(kGroup);
  command
      .add_option("--warm-up", o.warm_up_s, "Seconds between the joins and the first window [2]")
      ->check(CLI::Range(0.0, 600.0))
      ->group(kGroup);
  command
      .add_option("--server-pid", o.server_pid,
                  "Process on this machine whose CPU and memory are measured")
      ->group(kGroup);
  command.add_flag("--json", o.json, "Print the JSON line alone")->group(kGroup);
  command.add_flag("--progress", o.progress, "Show progress even when stderr is no terminal")
      ->group(kGroup);
}

}  // namespace

void add_command(CLI::App& app, std::function<int()>& run_chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "load", "Publish and watch by WHIP and WHEP: capacity planning, and the demo teacher");
  add_where(*command, *options);
  add_publishing(*command, *options);
  add_watching(*command, *options);
  add_measuring(*command, *options);
  command->footer(
      "How many classes does this machine carry? On the server: run `tongke load --url … --token … "
      "--publish-rtp\n--subscribers N --server-pid PID` with growing N, until packets are missing, "
      "the delay's p99 leaves the range you\naccept, or the server uses a whole core per worker. "
      "The load takes CPU of its own: give it another machine when\nthe figures matter. Exit "
      "status: 0, everybody joined and stayed; 2, somebody did not; 1, nothing was measured.");
  command->final_callback(
      [options, &run_chosen] { run_chosen = [options] { return run(*options); }; });
}

}  // namespace signaling::load

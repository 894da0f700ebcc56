#include "signaling/load/load_command.h"

#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include "signaling/load/capacity_run.h"
#include "signaling/load/demo_teacher.h"

namespace signaling::load {
namespace {

std::atomic<bool> g_stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");

void on_signal(int /*signal*/) {
  g_stop = true;
}

struct Options {
  std::string url;
  std::string whep_url;
  std::string token;
  std::string watch_token;
  bool insecure = false;
  bool publish_demo = false;
  bool publish_rtp = false;
  unsigned fps = 30;
  unsigned seconds = 0;
  unsigned subscribers = 0;
  unsigned threads = 1;
  unsigned windows = 3;
  double window_s = 5;
  int server_pid = 0;
};

int fail(const std::string& why) {
  fmt::print(stderr, "tongke load: {}\n", why);
  return 1;
}

std::string watching_url(const Options& options) {
  if (!options.whep_url.empty()) return options.whep_url;
  std::string out = options.url;
  const size_t at = out.find("/whip/");
  if (at != std::string::npos) out.replace(at, 6, "/whep/");
  return out;
}

int run_demo(const Options& options) {
  const DemoParams params{.url = options.url,
                          .token = options.token,
                          .insecure = options.insecure,
                          .fps = options.fps,
                          .for_time = media::Duration::seconds(options.seconds)};
  const auto done = publish_demo(params, g_stop);
  return done ? 0 : fail(done.error().message);
}

int run_measurement(const Options& options) {
  CapacityParams params;
  if (options.publish_rtp) params.whip_url = options.url;
  params.whep_url = watching_url(options);
  params.token = options.token;
  params.watch_token = options.watch_token.empty() ? options.token : options.watch_token;
  params.insecure = options.insecure;
  params.subscribers = options.subscribers;
  params.threads = options.threads;
  params.windows = options.windows;
  params.window = media::Duration::micros(static_cast<int64_t>(options.window_s * 1e6));
  params.server_pid = options.server_pid;
  const auto result = run_capacity(params, g_stop);
  if (!result) return fail(result.error().message);
  fmt::print("{}\n{}\n", as_table(*result), as_json(*result));
  std::fflush(stdout);
  return result->joined == options.subscribers && result->lost == 0 ? 0 : 2;
}

int run(const Options& options) {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  if (options.publish_demo) return run_demo(options);
  if (options.publish_rtp || options.subscribers > 0) return run_measurement(options);
  return fail("say what to do: --publish-demo, --publish-rtp or --subscribers");
}

}  // namespace

void add_command(CLI::App& app, std::function<int()>& run_chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "load", "Publish and watch by WHIP and WHEP: the demo teacher, capacity runs");
  command->add_option("--url", options->url, "WHIP address, https://HOST:PORT/whip/LESSON")
      ->required();
  command->add_option("--whep-url", options->whep_url,
                      "WHEP address; by default the same with /whep/");
  command->add_option("--token", options->token, "Bearer token that may publish")->required();
  command->add_option("--watch-token", options->watch_token,
                      "Bearer token that watches; by default the same");
  command->add_flag("--insecure", options->insecure, "Take a self-signed certificate");
  auto* demo = command->add_flag("--publish-demo", options->publish_demo,
                                 "Publish the synthetic master teacher");
  command->add_flag("--publish-rtp", options->publish_rtp, "Publish cheap stamped packets")
      ->excludes(demo);
  command->add_option("--fps", options->fps, "Pictures per second of the demo teacher")
      ->check(CLI::Range(1, 30));
  command->add_option("--seconds", options->seconds, "End the demo after this time; 0: at Ctrl-C");
  command->add_option("--subscribers", options->subscribers, "Watchers")
      ->check(CLI::Range(1, 5000))
      ->excludes(demo);
  command->add_option("--threads", options->threads, "Threads that watch")
      ->check(CLI::Range(1, 16));
  command->add_option("--windows", options->windows, "Windows measured; figures are medians")
      ->check(CLI::Range(1, 100));
  command->add_option("--window", options->window_s, "Seconds per window")
      ->check(CLI::Range(0.5, 3600.0));
  command->add_option("--server-pid", options->server_pid,
                      "Process whose CPU and memory are measured");
  command->final_callback(
      [options, &run_chosen] { run_chosen = [options] { return run(*options); }; });
}

}  // namespace signaling::load

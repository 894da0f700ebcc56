#include "signaling/broadcast/hls_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "media/base/log.h"
#include "media/net/clock.h"
#include "signaling/broadcast/studio.h"

namespace signaling::broadcast {
namespace {

std::atomic<bool> g_stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");

void on_signal(int /*signal*/) {
  g_stop = true;
}

constexpr size_t kMaxJob = 64 * 1024;

std::optional<Job> read_job(std::istream& in) {
  std::string text(kMaxJob, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  const auto field = [&](const char* key) {
    const auto it = parsed.find(key);
    return it != parsed.end() && it->is_string() ? it->get<std::string>() : std::string();
  };
  Job job{field("url"), field("token"), field("directory")};
  if (job.url.empty() || job.token.empty() || job.directory.empty()) return std::nullopt;
  return job;
}

int run_hls() {
  std::signal(SIGTERM, on_signal);
  std::signal(SIGINT, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  const auto job = read_job(std::cin);
  if (!job) {
    fmt::print(stderr, "tongke hls: stdin holds no job; the server starts this command itself.\n");
    return 2;
  }
  const auto say = [](const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  };
  const auto ended = run_studio(*job, g_stop, say);
  if (ended) return 0;
  say(ended.error().refused ? R"({"state":"refused"})" : R"({"state":"lost"})");
  fmt::print(stderr, "tongke hls: {}\n", ended.error().message);
  return ended.error().refused ? kExitRefused : 1;
}

}  // namespace

void add_command(CLI::App& app, std::function<int()>& run) {
  CLI::App* command = app.add_subcommand("hls", "Make one lesson's HLS stream (started by serve)");
  command->group("");  // not for the list of commands
  command->callback([&run] { run = run_hls; });
}

}  // namespace signaling::broadcast

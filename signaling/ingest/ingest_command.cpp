#include "signaling/ingest/ingest_command.h"

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include "signaling/ingest/address_policy.h"
#include "signaling/ingest/job.h"
#include "signaling/ingest/rtmp_listener.h"
#include "signaling/ingest/run_source.h"

namespace signaling::ingest {
namespace {

std::atomic<bool> g_stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");

constexpr size_t kMaxJob = 64 * 1024;

void on_signal(int /*signal*/) {
  g_stop = true;
}

std::string read_stdin() {
  std::string out;
  std::array<char, 4096> buffer{};
  ssize_t size = 0;
  while (out.size() < kMaxJob && (size = ::read(STDIN_FILENO, buffer.data(), buffer.size())) > 0)
    out.append(buffer.data(), static_cast<size_t>(size));
  return out;
}

int fail(const std::string& why) {
  fmt::print(stderr, "{}\n", why);
  return 1;
}

Ending run_job(Job job) {
  if (job.source.kind != media::ingest::SourceKind::SrtListen) {
    const auto policy =
        AddressPolicy::make(job.deny, job.allow, {addresses_of_this_machine(), job.own_ports});
    if (!policy) return {"not-allowed", policy.error().message};
    const auto address =
        resolve_permitted(host_of(job.source.url), port_of(job.source.url), *policy);
    if (!address) return {"not-allowed", address.error().message};
    job.source.url = with_host(job.source.url, *address);
  }
  return run_source(job.target, job.source, nullptr, g_stop);
}

int run(bool listens) {
  std::signal(SIGTERM, on_signal);
  std::signal(SIGINT, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  // Every thread's own arena would eat the address space that the limit leaves.
  ::mallopt(M_ARENA_MAX, 2);
  const std::string text = read_stdin();
  if (listens) {
    const auto job = parse_listen_job(text);
    if (!job) return fail(job.error().message);
    const auto done = listen_rtmp(*job, g_stop);
    return done ? 0 : fail(done.error().message);
  }
  const auto job = parse_job(text);
  if (!job) return fail(job.error().message);
  tell_ending(run_job(*job));
  return 0;
}

}  // namespace

void add_command(CLI::App& app, std::function<int()>& run_chosen) {
  auto listens = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("ingest", "Read a camera or encoder; started by the server, job on stdin");
  command->group("");  // not for people
  command->add_flag("--rtmp-listen", *listens, "Take RTMP pushes instead");
  command->callback([listens, &run_chosen] { run_chosen = [listens] { return run(*listens); }; });
}

}  // namespace signaling::ingest

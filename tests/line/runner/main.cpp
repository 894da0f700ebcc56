// tongke-line: runs a command behind an emulated line. `./dev line` starts it; tests/README.md says
// what it is good for.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "media/base/result.h"
#include "media/net/clock.h"
#include "media/net/poller.h"
#include "tests/line/capacity_trace.h"
#include "tests/line/profiles.h"
#include "tests/line/report.h"
#include "tests/line/runner/control.h"
#include "tests/line/runner/enclosure.h"
#include "tests/line/runner/router.h"
#include "tests/line/runner/tun_device.h"

namespace line::runner {

namespace {

using media::env_fail;
using media::Outcome;
using media::net::monotonic_now;

constexpr int kUsage = 2;         // as shells say it
constexpr int kNotStarted = 125;  // as env(1): the command was not started

// The server's side of every line; 10.77.0.0/16 is used by nobody else.
constexpr Ipv4 kHost{10U << 24 | 77U << 16 | 255U << 8 | 1};
// Lines that run at the same time, each with a /32 of its own.
constexpr uint32_t kMaxLines = 250;

// A little ahead of what it measures.
constexpr int kPriority = -15;

enum Token : uint64_t { kSchool, kHostSide, kSignals, kControl };

struct Options {
  std::string profile = "clean";
  std::string profiles = TONGKE_SOURCE_DIR "/tests/line/profiles.toml";
  uint64_t seed = 1;
  std::string report;
  std::string control;
  bool list = false;
  bool hold = false;
  bool quiet = false;
  std::vector<double> make_trace;
  std::vector<std::string> command;
};

Outcome<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  if (!in || !(text << in.rdbuf())) return env_fail("cannot read " + path);
  return text.str();
}

Outcome<std::vector<Profile>> load_profiles(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return tl::unexpected(text.error());
  const std::string folder = path.substr(0, path.find_last_of('/') + 1) + "traces/";
  return parse_profiles(*text, path,
                        [&](const std::string& file) { return read_file(folder + file); });
}

const Profile* find(const std::vector<Profile>& profiles, const std::string& name) {
  for (const Profile& p : profiles) {
    if (p.name == name) return &p;
  }
  return nullptr;
}

void print_list(const std::vector<Profile>& profiles) {
  for (const Profile& p : profiles) {
    fmt::print("{:<12} {}\n             down: {}\n             up:   {}\n", p.name, p.about,
               describe(p.down), describe(p.up));
  }
}

// A number below kMaxLines that no other line on this machine has, until this process ends: an
// abstract socket's name belongs to whoever bound it, and goes with it.
std::optional<uint32_t> claim_number() {
  for (uint32_t n = 0; n < kMaxLines; ++n) {
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = fmt::format("tongke-line-{}", n);
    name.copy(address.sun_path + 1, name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) return n;
    ::close(fd);
  }
  return std::nullopt;
}

Ipv4 school_address(uint32_t number) {
  return {10U << 24 | 77U << 16 | number << 8 | 2};
}

// The signals that end a run, as a descriptor.
int take_signals() {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&watched, s);
  sigprocmask(SIG_BLOCK, &watched, nullptr);
  return ::signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
}

int complain(const media::EnvError& error) {
  fmt::print(stderr, "tongke-line: {}.\n", error.message);
  return kNotStarted;
}

// Keeps the host's address in being, for servers that bind it before there is a line.
int hold_address() {
  const int signals = take_signals();
  const auto number = claim_number();
  if (!number) return complain({"250 lines run already"});
  const auto device = TunDevice::make("tongke%d");
  if (!device) return complain(device.error());
  if (const auto set = device->configure(kHost, school_address(*number)); !set)
    return complain(set.error());
  fmt::print("{}\n", kHost.to_string());
  std::fflush(stdout);
  auto poller = media::net::Poller::make();
  if (!poller) return complain(poller.error());
  if (const auto added = poller->add(signals, kSignals); !added) return complain(added.error());
  poller->wait(monotonic_now(), Instant::never());
  return 0;
}

// One run of a command behind a line.
class Run {
 public:
  Run(const Options& options, const std::vector<Profile>& profiles, const Profile& profile,
      media::net::Poller& poller, const TunDevice& host, Enclosure& enclosure, int signals)
      : options_(options),
        profiles_(profiles),
        poller_(poller),
        enclosure_(enclosure),
        signals_(signals),
        router_(enclosure.device(), host, profile, options.seed, monotonic_now()) {}

  // The command's exit status.
  int go(Control* control) {
    enclosure_.start();
    std::optional<int> status;
    while (!status) {
      const auto ready = poller_.wait(monotonic_now(), router_.next_due());
      const Instant now = monotonic_now();
      for (const uint64_t token : ready.tokens) {
        if (token == kSignals) status = take_signal();
        if (token >= kControl && control != nullptr) control->on_ready(token);
      }
      router_.run(now);
    }
    finish();
    return *status;
  }

  std::string answer(const std::string& request) {
    const Instant now = monotonic_now();
    if (request == "report") return to_json(router_.report(now)).dump();
    const std::string use = "use ";
    if (request.starts_with(use)) {
      const Profile* profile = find(profiles_, request.substr(use.size()));
      if (profile != nullptr) {
        router_.use(now, *profile);
        return R"({"ok":true})";
      }
    }
    return R"({"error":"use NAME, or report"})";
  }

 private:
  std::optional<int> take_signal() {
    signalfd_siginfo info{};
    while (::read(signals_, &info, sizeof(info)) == sizeof(info)) {
      const auto number = static_cast<int>(info.ssi_signo);
      if (number == SIGCHLD) {
        if (const auto ended = enclosure_.poll_exit()) return ended;
      } else if (asked_to_end_) {
        enclosure_.kill();
      } else {
        asked_to_end_ = true;
        // A terminal has told the command itself.
        if (info.ssi_code != SI_KERNEL) enclosure_.signal(number);
      }
    }
    return std::nullopt;
  }

  void finish() const {
    const Report report = router_.report(monotonic_now());
    if (!options_.quiet) fmt::print(stderr, "{}", to_text(report));
    if (options_.report.empty()) return;
    std::ofstream out(options_.report);
    out << to_json(report).dump(2) << '\n';
    if (!out) fmt::print(stderr, "tongke-line: cannot write {}.\n", options_.report);
  }

  const Options& options_;
  const std::vector<Profile>& profiles_;
  media::net::Poller& poller_;
  Enclosure& enclosure_;
  int signals_;
  Router router_;
  bool asked_to_end_ = false;
};

int run_behind(const Options& options, const std::vector<Profile>& profiles,
               const Profile& profile) {
  const int signals = take_signals();
  const auto number = claim_number();
  if (!number) return complain({"250 lines run already"});
  const Ipv4 own = school_address(*number);
  const auto host = TunDevice::make("tongke%d");
  if (!host) return complain(host.error());
  if (const auto set = host->configure(kHost, own); !set) return complain(set.error());
  auto enclosure = Enclosure::make(own, kHost, options.command);
  if (!enclosure) return complain(enclosure.error());
  auto poller = media::net::Poller::make();
  if (!poller) return complain(poller.error());
  for (const auto& [fd, token] : {std::pair(enclosure->device().fd(), kSchool),
                                  std::pair(host->fd(), kHostSide), std::pair(signals, kSignals)}) {
    if (const auto added = poller->add(fd, token); !added) return complain(added.error());
  }
  ::setpriority(PRIO_PROCESS, 0, kPriority);
  Run run(options, profiles, profile, *poller, *host, *enclosure, signals);
  std::optional<Control> control;
  if (!options.control.empty()) {
    auto listening =
        Control::listen(options.control, *poller, kControl,
                        [&](const std::string& request) { return run.answer(request); });
    if (!listening) return complain(listening.error());
    control.emplace(std::move(*listening));
  }
  return run.go(control ? &*control : nullptr);
}

int main_with(const Options& options) {
  if (!options.make_trace.empty()) {
    MobileTraceParams params;
    params.seed = static_cast<uint64_t>(options.make_trace[0]);
    params.mean_bits_per_second = options.make_trace[1];
    fmt::print("{}", make_mobile_trace(params).to_text());
    return 0;
  }
  if (::geteuid() != 0 && !options.list)
    return complain({"network devices and namespaces take root: run it with sudo"});
  if (options.hold) return hold_address();
  const auto profiles = load_profiles(options.profiles);
  if (!profiles) return complain(profiles.error());
  if (options.list) {
    print_list(*profiles);
    return 0;
  }
  if (options.command.empty()) {
    fmt::print(stderr, "tongke-line: name a command after --; --help says more.\n");
    return kUsage;
  }
  const Profile* profile = find(*profiles, options.profile);
  if (profile == nullptr)
    return complain({fmt::format("no line is called {}; --list shows them", options.profile)});
  return run_behind(options, *profiles, *profile);
}

}  // namespace

}  // namespace line::runner

int main(int argc, char** argv) {
  line::runner::Options options;
  CLI::App app(
      "Runs a command in a network of its own, behind an emulated line. The machine is "
      "10.77.255.1 there; nothing else is in reach.");
  app.name("tongke-line");
  app.add_option("--profile", options.profile, "The line")->capture_default_str();
  app.add_option("--seed", options.seed, "What is lost and delayed follows from it")
      ->capture_default_str();
  app.add_option("--report", options.report, "Write the figures as JSON to this file at the end");
  app.add_option("--control", options.control,
                 "A Unix socket to make: 'use NAME' changes the line, 'report' gives the figures");
  app.add_option("--profiles", options.profiles, "Another file of lines, its traces in traces/");
  app.add_flag("--list", options.list, "Print the lines");
  app.add_flag("--quiet", options.quiet, "No summary at the end");
  app.add_flag("--hold", options.hold,
               "Keep 10.77.255.1 in being until stopped, for servers that start before a line");
  app.add_option("--make-trace", options.make_trace,
                 "Print a capacity trace: a seed, and the mean rate in bit/s")
      ->expected(2);
  app.add_option("command", options.command, "The command, after --");
  app.positionals_at_end();
  CLI11_PARSE(app, argc, argv);
  return line::runner::main_with(options);
}

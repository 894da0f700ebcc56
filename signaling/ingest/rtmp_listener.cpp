#include "signaling/ingest/rtmp_listener.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "media/base/address.h"
#include "media/net/clock.h"
#include "media/rtmp/receiver.h"
#include "signaling/ingest/push_line.h"
#include "signaling/ingest/run_source.h"

namespace signaling::ingest {
namespace {

using media::Duration;
using media::Instant;

constexpr int kBacklog = 16;
constexpr int kLookMs = 200;
// From the connection to "publish"; encoders need a few round trips.
constexpr Duration kPublishLimit = Duration::seconds(10);
// RFC 3986 unreserved, as lesson ids are made of; the app goes into a URL.
constexpr size_t kMaxId = 64;

bool is_id(const std::string& text) {
  if (text.empty() || text.size() > kMaxId) return false;
  for (const char c : text) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_';
    if (!fits) return false;
  }
  return true;
}

class SocketRng final : public media::Rng {
 public:
  uint64_t next() override {
    uint64_t value = 0;
    static_cast<void>(!::getentropy(&value, sizeof value));
    return value;
  }
};

// One encoder's connection, in its own process.
class Push {
 public:
  Push(int fd, PushLine line) : fd_(fd), line_(std::move(line)), receiver_(rng_) {}

  // Blocks until the encoder asks to publish. Unset: it did not.
  std::optional<media::rtmp::PublishAsked> wait_publish(const std::atomic<bool>& stop) {
    const Instant limit = media::net::monotonic_now() + kPublishLimit;
    while (!stop && media::net::monotonic_now() < limit) {
      pollfd watched{fd_, POLLIN, 0};
      ::poll(&watched, 1, kLookMs);
      if (!exchange()) return std::nullopt;
      for (auto& event : std::exchange(events_, {})) {
        if (auto* asked = std::get_if<media::rtmp::PublishAsked>(&event)) return std::move(*asked);
      }
    }
    return std::nullopt;
  }

  void accept() {
    receiver_.accept();
    exchange();
  }
  void refuse(std::string_view why) {
    receiver_.refuse(why);
    exchange();
  }

  // A Feeder: gives what came to the decoder.
  bool feed(media::ingest::SourceReader& reader) {
    const bool open = exchange();
    bool ended = !open;
    for (auto& event : std::exchange(events_, {})) {
      if (const auto* flv = std::get_if<media::rtmp::FlvBytes>(&event)) {
        if (!reader.feed(flv->bytes)) return false;
      } else if (std::holds_alternative<media::rtmp::PublishEnded>(event)) {
        ended = true;
      }
    }
    return !ended;
  }

 private:
  // Reads what is there, writes what is due. False when the connection is over.
  bool exchange() {
    bool open = true;
    std::vector<uint8_t> bytes;
    if (!line_.read(bytes)) open = false;
    if (!bytes.empty()) {
      if (const auto fed = receiver_.feed(bytes, events_); !fed) {
        fmt::print(stderr, "{}\n", fed.error().what);
        open = false;
      }
    }
    const std::vector<uint8_t> out = receiver_.take_output();
    if (!out.empty() && !line_.write(out)) open = false;
    return open;
  }

  int fd_;
  PushLine line_;
  SocketRng rng_;
  media::rtmp::Receiver receiver_;
  std::vector<media::rtmp::Event> events_;
};

int serve_push(int fd, const ListenJob& job, const std::atomic<bool>& stop) {
  Target target = job.target;
  auto line = job.certificate.empty() ? media::Outcome<PushLine>(PushLine(fd))
                                      : PushLine::over_tls(fd, job.certificate, job.private_key);
  if (!line) {
    fmt::print(stderr, "{}\n", line.error().message);
    return 1;
  }
  Push push(fd, std::move(*line));
  const auto asked = push.wait_publish(stop);
  if (!asked) return 1;
  // rtmp://host/live/<lesson>/<token> is what some encoders make of it.
  const std::string lesson = asked->app.substr(asked->app.rfind('/') + 1);
  if (!is_id(lesson) || asked->key.empty()) {
    push.refuse("The address is rtmp://HOST/LESSON and the stream key a publishing token.");
    return 1;
  }
  push.accept();
  target.whip_url += lesson;
  target.token = asked->key;
  const Ending ending = run_source(
      target, {.kind = media::ingest::SourceKind::Flv},
      [&push](media::ingest::SourceReader& reader) { return push.feed(reader); }, stop);
  tell_ending(ending);
  return 0;
}

media::Outcome<int> open_listener(const ListenJob& job) {
  const auto where = media::Address::parse(job.bind, job.port);
  if (!where) return media::env_fail(fmt::format("ingest.bind \"{}\" is no address.", job.bind));
  sockaddr_in6 name{};
  name.sin6_family = AF_INET6;
  name.sin6_port = htons(job.port);
  std::memcpy(name.sin6_addr.s6_addr, where->ip.data(), where->ip.size());
  if (job.bind == "0.0.0.0") name.sin6_addr = in6addr_any;
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  const int off = 0;
  ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
      ::listen(fd, kBacklog) != 0) {
    const std::string why = std::strerror(errno);
    if (fd >= 0) ::close(fd);
    return media::env_fail(fmt::format(
        "RTMP cannot listen on port {}: {}. Choose another ingest.rtmp_port.", job.port, why));
  }
  return fd;
}

uint16_t port_of(int fd) {
  sockaddr_in6 name{};
  socklen_t size = sizeof name;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  return ntohs(name.sin6_port);
}

// How many connections' processes have ended; a crash is told.
int reap_pushes() {
  int ended = 0;
  int status = 0;
  for (; ::waitpid(-1, &status, WNOHANG) > 0; ++ended) {
    if (!WIFSIGNALED(status)) continue;
    tell_ending({"crashed", fmt::format("The reader of an RTMP push was ended by signal {}.",
                                        WTERMSIG(status))});
  }
  return ended;
}

}  // namespace

media::Outcome<void> listen_rtmp(const ListenJob& job, const std::atomic<bool>& stop) {
  const auto listener = open_listener(job);
  if (!listener) return tl::unexpected(listener.error());
  fmt::print("{{\"state\":\"listening\",\"port\":{}}}\n", port_of(*listener));
  std::fflush(stdout);
  int running = 0;
  while (!stop) {
    running -= reap_pushes();
    pollfd watched{*listener, POLLIN, 0};
    if (::poll(&watched, 1, kLookMs) <= 0) continue;
    const int fd = ::accept4(*listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) continue;
    if (running >= kMaxPushes) {
      ::close(fd);
      continue;
    }
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::close(*listener);
      ::_exit(::getppid() == parent ? serve_push(fd, job, stop) : 1);
    }
    if (child > 0) ++running;
    ::close(fd);
  }
  ::close(*listener);
  return {};
}

}  // namespace signaling::ingest

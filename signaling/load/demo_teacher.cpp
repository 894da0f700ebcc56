#include "signaling/load/demo_teacher.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "media/base/log.h"
#include "media/client/client_loop.h"
#include "media/client/synthetic_teacher.h"
#include "media/net/clock.h"
#include "signaling/wish/publishing_session.h"

namespace signaling::load {
namespace {

using media::Duration;
using media::Instant;

// The clock in the picture shows China Standard Time.
constexpr int64_t kShownZoneUs = 8LL * 3600 * 1'000'000;
constexpr Duration kFirstRetry = Duration::millis(500);
constexpr Duration kMaxRetry = Duration::seconds(5);
constexpr Duration kConnectLimit = Duration::seconds(10);
constexpr Duration kLook = Duration::millis(100);
media::client::SyntheticTeacher::Params teacher_params(const wish::PublishingSession& session,
                                                       const DemoParams& params, Instant start) {
  media::client::SyntheticTeacher::Params out;
  static_cast<media::client::Publisher::Params&>(out) = session.params(start);
  out.cname = "tongke-teacher";
  out.fps = params.fps;
  out.grain = params.grain;
  out.wall_offset_us = media::net::wall_now_us() - start.as_micros() + kShownZoneUs;
  return out;
}

class Demo {
 public:
  Demo(const DemoParams& params, const std::atomic<bool>& stop) : params_(params), stop_(stop) {
    if (params.for_time > Duration()) end_ = media::net::monotonic_now() + params.for_time;
  }

  media::Outcome<void> run();

 private:
  [[nodiscard]] bool done() const { return stop_ || media::net::monotonic_now() >= end_; }
  media::Outcome<void> run_session(wish::HttpClient& http);
  media::Outcome<void> stream(media::client::ClientLoop& loop, wish::PublishingSession& session);
  void wait(Duration span) const;

  const DemoParams& params_;
  const std::atomic<bool>& stop_;
  Instant end_ = Instant::never();
  bool ever_connected_ = false;
};

void Demo::wait(Duration span) const {
  auto idle = media::client::ClientLoop::make();
  const Instant until = media::net::monotonic_now() + span;
  while (idle && !done() && media::net::monotonic_now() < until) {
    (*idle)->run_once(std::min(until, media::net::monotonic_now() + kLook));
  }
}

media::Outcome<void> Demo::run() {
  Duration retry = kFirstRetry;
  while (!done()) {
    auto http = wish::HttpClient::make({.token = params_.token, .insecure = params_.insecure});
    if (!http) return tl::unexpected(http.error());
    const bool connected_before = std::exchange(ever_connected_, false);
    auto ended = run_session(**http);
    if (stop_ || (ended && done())) break;
    if (ever_connected_) retry = kFirstRetry;
    ever_connected_ = ever_connected_ || connected_before;
    if (!ended) {
      const bool hopeless = ended.error().message.find(" 401") != std::string::npos ||
                            ended.error().message.find(" 403") != std::string::npos ||
                            ended.error().message.find(" 404") != std::string::npos ||
                            ended.error().message.find("--insecure") != std::string::npos;
      if (hopeless) return ended;
    }
    wait(retry);
    // Ctrl-C ends the server beside it too, often first: by now it is known whether that was it.
    if (!ended && !done()) media::logger("load")->warn("{} Trying again.", ended.error().message);
    retry = std::min(retry * 2, kMaxRetry);
  }
  return {};
}

media::Outcome<void> Demo::run_session(wish::HttpClient& http) {
  auto loop = media::client::ClientLoop::make();
  if (!loop) return tl::unexpected(loop.error());
  auto session = wish::PublishingSession::open(**loop, http, params_.url);
  if (!session) return tl::unexpected(session.error());
  return stream(**loop, **session);
}

media::Outcome<void> Demo::stream(media::client::ClientLoop& loop,
                                  wish::PublishingSession& session) {
  const Instant limit = media::net::monotonic_now() + kConnectLimit;
  while (!session.is_connected() && !session.is_lost() && !done() &&
         media::net::monotonic_now() < limit) {
    loop.run_once(media::net::monotonic_now() + Duration::millis(20));
  }
  if (done()) return {};
  if (!session.is_connected())
    return media::env_fail(
        "The demo teacher did not connect: is the server's media port reachable?");
  ever_connected_ = true;
  const Instant start = media::net::monotonic_now();
  auto teacher =
      media::client::SyntheticTeacher::make(teacher_params(session, params_, start), start);
  if (!teacher) return tl::unexpected(teacher.error());
  media::logger("load")->info("the demo teacher is on the air");
  while (!done() && !session.is_lost()) {
    const Instant now =
        loop.run_once(std::min((*teacher)->next_due(), media::net::monotonic_now() + kLook));
    for (const auto& compound : session.take_feedback())
      (*teacher)->on_rtcp(now, compound, session.sink());
    (*teacher)->produce(media::net::monotonic_now(), session.sink());
  }
  if (session.is_lost()) return media::env_fail("The demo teacher lost its connection.");
  return {};
}

}  // namespace

media::Outcome<void> publish_demo(const DemoParams& params, const std::atomic<bool>& stop) {
  return Demo(params, stop).run();
}

}  // namespace signaling::load

#include "signaling/load/demo_teacher.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "media/base/log.h"
#include "media/client/client_loop.h"
#include "media/client/synthetic_teacher.h"
#include "media/dtls/certificate.h"
#include "media/net/clock.h"
#include "signaling/wish/media_session.h"

namespace signaling::load {
namespace {

using media::Duration;
using media::Instant;

constexpr int64_t kNtpToUnixUs = 2'208'988'800LL * 1'000'000;
// The clock in the picture shows China Standard Time.
constexpr int64_t kShownZoneUs = 8LL * 3600 * 1'000'000;
constexpr Duration kFirstRetry = Duration::millis(500);
constexpr Duration kMaxRetry = Duration::seconds(5);
constexpr Duration kConnectLimit = Duration::seconds(10);
constexpr Duration kLook = Duration::millis(100);
// 180p, 360p, 720p, named as browsers' examples do.
const std::vector<std::string> kRids = {"q", "h", "f"};

struct DemoSession final : media::client::ClientEvents {
  bool connected = false;
  bool lost = false;
  std::vector<std::vector<uint8_t>> feedback;

  void on_connected(Instant /*now*/) override { connected = true; }
  void on_lost(Instant /*now*/, media::transport::Peer::State /*state*/) override { lost = true; }
  void on_rtcp(Instant /*now*/, media::ByteSpan compound) override {
    feedback.emplace_back(compound.begin(), compound.end());
  }
};

media::client::SyntheticTeacher::Params teacher_params(const wish::OpenedSession& opened,
                                                       const DemoParams& params, Instant start) {
  const int64_t wall_offset = media::net::wall_now_us() - start.as_micros();
  const auto vp8 = sdp::client_codec(media::Codec::Vp8);
  media::client::SyntheticTeacher::Params out;
  out.extensions = opened.answer.extensions;
  out.audio_mid = "0";
  out.video_mid = "1";
  out.opus_payload_type = sdp::client_codec(media::Codec::Opus).payload_type;
  out.vp8_payload_type = vp8.payload_type;
  out.rtx_payload_type = vp8.rtx_payload_type;
  out.audio_ssrc = media::Ssrc(0x11);
  for (uint32_t i = 0; i < kRids.size(); ++i) {
    out.layers.push_back({kRids[i], media::Ssrc(0x100 + i), media::Ssrc(0x200 + i)});
  }
  out.fps = params.fps;
  out.grain = params.grain;
  out.ntp_offset_us = wall_offset + kNtpToUnixUs;
  out.wall_offset_us = wall_offset + kShownZoneUs;
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
  media::Outcome<void> stream(media::client::ClientLoop& loop, const wish::OpenedSession& opened);
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
  auto opened =
      wish::open_session(http, params_.url, wish::make_credentials((*loop)->rng()),
                         (*loop)->certificate().fingerprint(),
                         wish::publisher_sections(kRids, {media::Ssrc(0x11), std::nullopt}, {}));
  if (!opened) return tl::unexpected(opened.error());
  auto streamed = stream(**loop, *opened);
  if (!opened->resource.empty()) static_cast<void>(http.remove(opened->resource));
  return streamed;
}

media::Outcome<void> Demo::stream(media::client::ClientLoop& loop,
                                  const wish::OpenedSession& opened) {
  DemoSession session;
  const auto id = loop.add(opened.client, session);
  if (!id) return tl::unexpected(id.error());
  const media::client::PacketSink sink{
      [&](media::ByteSpan packet) { return loop.send_rtp(*id, packet); },
      [&](media::ByteSpan packet) { return loop.send_rtcp(*id, packet); }};
  const Instant limit = media::net::monotonic_now() + kConnectLimit;
  while (!session.connected && !session.lost && !done() && media::net::monotonic_now() < limit) {
    loop.run_once(media::net::monotonic_now() + Duration::millis(20));
  }
  if (done()) {
    loop.remove(*id);
    return {};
  }
  if (!session.connected) {
    loop.remove(*id);
    return media::env_fail(
        "The demo teacher did not connect: is the server's media port reachable?");
  }
  ever_connected_ = true;
  const Instant start = media::net::monotonic_now();
  auto teacher =
      media::client::SyntheticTeacher::make(teacher_params(opened, params_, start), start);
  if (!teacher) return tl::unexpected(teacher.error());
  media::logger("load")->info("the demo teacher is on the air");
  while (!done() && !session.lost) {
    const Instant now =
        loop.run_once(std::min((*teacher)->next_due(), media::net::monotonic_now() + kLook));
    for (const auto& compound : session.feedback) (*teacher)->on_rtcp(now, compound, sink);
    session.feedback.clear();
    (*teacher)->produce(media::net::monotonic_now(), sink);
  }
  const bool was_lost = session.lost;
  loop.remove(*id);
  if (was_lost) return media::env_fail("The demo teacher lost its connection.");
  return {};
}

}  // namespace

media::Outcome<void> publish_demo(const DemoParams& params, const std::atomic<bool>& stop) {
  return Demo(params, stop).run();
}

}  // namespace signaling::load

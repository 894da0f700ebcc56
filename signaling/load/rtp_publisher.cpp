#include "signaling/load/rtp_publisher.h"

#include <array>
#include <utility>
#include <variant>
#include <vector>

#include "media/client/client_loop.h"
#include "media/client/outgoing_stream.h"
#include "media/dtls/certificate.h"
#include "media/net/clock.h"
#include "media/rtcp/compound.h"
#include "signaling/load/stream_check.h"
#include "signaling/wish/media_session.h"

namespace signaling::load {
namespace {

using media::Duration;
using media::Instant;

constexpr Duration kSoundInterval = Duration::millis(20);
constexpr size_t kSoundSize = 80;
constexpr int64_t kPicturesPerSecond = 30;
constexpr size_t kPacketsPerPicture = 6;
constexpr size_t kPictureSize = 1050;
constexpr Duration kReportInterval = Duration::seconds(1);
constexpr Duration kConnectLimit = Duration::seconds(10);
// Later than this, pictures are skipped: the run is then disturbed, but does not avalanche.
constexpr Duration kMaxLateness = Duration::millis(200);
constexpr uint32_t kAudioSsrc = 0x10000001;
constexpr uint32_t kVideoSsrc = 0x20000001;
constexpr uint32_t kVideoRtxSsrc = 0x20000002;
constexpr int64_t kNtpToUnixUs = 2'208'988'800LL * 1'000'000;

}  // namespace

struct RtpPublisher::Parts final : media::client::ClientEvents {
  Params params;
  std::unique_ptr<wish::HttpClient> http;
  std::unique_ptr<media::client::ClientLoop> loop;
  media::client::ClientLoop::ClientId client = 0;
  std::string resource;
  media::client::ConnectionState connection;
  std::unique_ptr<media::client::OutgoingStream> audio;
  std::unique_ptr<media::client::OutgoingStream> video;
  media::client::PacketSink sink;
  bool key_wanted = true;
  uint16_t picture_id = 0;
  std::vector<std::vector<uint8_t>> feedback;
  std::atomic<bool> connected{false};
  std::atomic<bool> lost{false};
  std::atomic<bool> stop{false};
  std::thread thread;

  void on_connected(Instant /*now*/) override { connected = true; }
  void on_lost(Instant /*now*/, media::transport::Peer::State /*state*/) override { lost = true; }
  void on_rtcp(Instant /*now*/, media::ByteSpan compound) override {
    feedback.emplace_back(compound.begin(), compound.end());
  }

  media::Outcome<void> open();
  void run();
  void answer_feedback(Instant now);
  void send_sound(Instant captured);
  void send_picture(Instant captured);
};

RtpPublisher::RtpPublisher(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

RtpPublisher::~RtpPublisher() {
  parts_->stop = true;
  if (parts_->thread.joinable()) parts_->thread.join();
  if (!parts_->resource.empty()) {
    // The server forgets an unreachable publisher by itself; this is a courtesy.
    static_cast<void>(parts_->http->remove(parts_->resource));
  }
}

bool RtpPublisher::is_lost() const {
  return parts_->lost;
}

media::Outcome<std::unique_ptr<RtpPublisher>> RtpPublisher::start(const Params& params) {
  auto parts = std::make_unique<Parts>();
  parts->params = params;
  auto publisher = std::unique_ptr<RtpPublisher>(new RtpPublisher(std::move(parts)));
  Parts& p = *publisher->parts_;
  if (auto opened = p.open(); !opened) return tl::unexpected(opened.error());
  const Instant limit = media::net::monotonic_now() + kConnectLimit;
  while (!p.connected && !p.lost && media::net::monotonic_now() < limit) {
    p.loop->run_once(media::net::monotonic_now() + Duration::millis(20));
  }
  if (!p.connected)
    return media::env_fail("The publisher did not connect: is the server's media port reachable?");
  p.thread = std::thread([&p] { p.run(); });
  return publisher;
}

media::Outcome<void> RtpPublisher::Parts::open() {
  auto client_http = wish::HttpClient::make({.token = params.token, .insecure = params.insecure});
  if (!client_http) return tl::unexpected(client_http.error());
  http = std::move(*client_http);
  auto made = media::client::ClientLoop::make();
  if (!made) return tl::unexpected(made.error());
  loop = std::move(*made);
  const wish::SsrcPair sound{media::Ssrc(kAudioSsrc), std::nullopt};
  const wish::SsrcPair picture{media::Ssrc(kVideoSsrc), media::Ssrc(kVideoRtxSsrc)};
  auto opened = wish::open_session(*http, params.url, wish::make_credentials(loop->rng()),
                                   loop->certificate().fingerprint(),
                                   wish::publisher_sections({}, sound, picture));
  if (!opened) return tl::unexpected(opened.error());
  resource = opened->resource;
  connection.extensions = opened->answer.extensions;
  connection.cname = "tongke-load";
  const Instant start = media::net::monotonic_now();
  connection.ntp_offset_us = media::net::wall_now_us() - start.as_micros() + kNtpToUnixUs;
  const auto opus = sdp::client_codec(media::Codec::Opus);
  const auto vp8 = sdp::client_codec(media::Codec::Vp8);
  audio = std::make_unique<media::client::OutgoingStream>(
      media::client::OutgoingStream::Params{.mid = "0",
                                            .rid = {},
                                            .payload_type = opus.payload_type,
                                            .rtx_payload_type = std::nullopt,
                                            .ssrc = sound.media,
                                            .rtx_ssrc = {},
                                            .clock_rate = 48000},
      connection, start);
  video = std::make_unique<media::client::OutgoingStream>(
      media::client::OutgoingStream::Params{.mid = "1",
                                            .rid = {},
                                            .payload_type = vp8.payload_type,
                                            .rtx_payload_type = vp8.rtx_payload_type,
                                            .ssrc = picture.media,
                                            .rtx_ssrc = *picture.rtx,
                                            .clock_rate = 90000},
      connection, start);
  auto added = loop->add(opened->client, *this);
  if (!added) return tl::unexpected(added.error());
  client = *added;
  sink = {[this](media::ByteSpan packet) { return loop->send_rtp(client, packet); },
          [this](media::ByteSpan packet) { return loop->send_rtcp(client, packet); }};
  return {};
}

void RtpPublisher::Parts::run() {
  const Instant start = media::net::monotonic_now();
  int64_t sounds = 0;
  int64_t pictures = 0;
  Instant next_report = start;
  while (!stop && !lost) {
    const Instant next_sound = start + kSoundInterval * sounds;
    // Half an interval beside the sound, so that neither waits behind the other.
    const Instant next_picture =
        start + Duration::millis(5) + Duration::micros(pictures * 1'000'000 / kPicturesPerSecond);
    loop->run_once(std::min(next_sound, next_picture));
    const Instant now = media::net::monotonic_now();
    answer_feedback(now);
    if (now >= next_sound) {
      send_sound(next_sound);
      ++sounds;
    }
    if (now >= next_picture) {
      if (now < next_picture + kMaxLateness) send_picture(next_picture);
      ++pictures;
    }
    if (now >= next_report) {
      audio->report(now, sink);
      video->report(now, sink);
      next_report = now + kReportInterval;
    }
  }
  loop->remove(client);
}

void RtpPublisher::Parts::answer_feedback(Instant now) {
  for (const auto& compound : feedback) {
    media::rtcp::CompoundReader reader(compound);
    while (const auto block = reader.next()) {
      if (std::holds_alternative<media::rtcp::Pli>(*block) ||
          std::holds_alternative<media::rtcp::Fir>(*block)) {
        key_wanted = true;
      } else if (const auto* nack = std::get_if<media::rtcp::Nack>(&*block)) {
        nack->for_each([&](uint16_t sequence) { video->resend(now, sequence, sink); });
      }
    }
  }
  feedback.clear();
}

void RtpPublisher::Parts::send_sound(Instant captured) {
  std::array<uint8_t, kSoundSize> payload{};
  payload[0] = 0xf8;  // RFC 6716 section 3.1: CELT fullband, 20 ms, one frame
  const Instant now = media::net::monotonic_now();
  write_stamp(payload, now);
  audio->send(now, captured, payload, false, media::rtp::AudioLevel{30, true}, sink);
}

void RtpPublisher::Parts::send_picture(Instant captured) {
  const bool key = std::exchange(key_wanted, false);
  picture_id = (picture_id + 1) & 0x7fff;
  for (size_t i = 0; i < kPacketsPerPicture; ++i) {
    std::array<uint8_t, kPictureSize> payload{};
    // RFC 7741 section 4.2: X, and S in the first packet; I with a 15-bit picture id.
    const uint8_t descriptor[] = {static_cast<uint8_t>(i == 0 ? 0x90 : 0x80), 0x80,
                                  static_cast<uint8_t>(0x80 | (picture_id >> 8)),
                                  static_cast<uint8_t>(picture_id)};
    std::copy(std::begin(descriptor), std::end(descriptor), payload.begin());
    if (i == 0) {
      // RFC 6386 section 9.1: frame tag, and for key frames start code and size (1280x720).
      const uint8_t head[] = {
          static_cast<uint8_t>(key ? 0x10 : 0x11), 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02};
      std::copy_n(head, key ? sizeof head : 3, payload.begin() + std::size(descriptor));
    }
    const Instant now = media::net::monotonic_now();
    write_stamp(payload, now);
    video->send(now, captured, payload, i + 1 == kPacketsPerPicture, std::nullopt, sink);
  }
}

}  // namespace signaling::load

#include "signaling/load/rtp_publishers.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>
#include <variant>

#include "media/client/client_loop.h"
#include "media/client/outgoing_stream.h"
#include "media/dtls/certificate.h"
#include "media/net/affinity.h"
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
constexpr Duration kReportInterval = Duration::seconds(1);
constexpr Duration kConnectLimit = Duration::seconds(10);
// Later than this, pictures are skipped: the run is then disturbed, but does not avalanche.
constexpr Duration kMaxLateness = Duration::millis(200);
constexpr media::Ssrc kAudioSsrc{0x10000001};
constexpr media::Ssrc kVideoSsrc{0x20000001};
constexpr media::Ssrc kVideoRtxSsrc{0x20000002};
constexpr int64_t kNtpToUnixUs = 2'208'988'800LL * 1'000'000;

media::client::OutgoingStream::Params sound_params() {
  const auto opus = sdp::client_codec(media::Codec::Opus);
  return {.mid = "0",
          .rid = {},
          .payload_type = opus.payload_type,
          .rtx_payload_type = std::nullopt,
          .ssrc = kAudioSsrc,
          .rtx_ssrc = {},
          .clock_rate = 48000};
}

media::client::OutgoingStream::Params picture_params() {
  const auto vp8 = sdp::client_codec(media::Codec::Vp8);
  return {.mid = "1",
          .rid = {},
          .payload_type = vp8.payload_type,
          .rtx_payload_type = vp8.rtx_payload_type,
          .ssrc = kVideoSsrc,
          .rtx_ssrc = kVideoRtxSsrc,
          .clock_rate = 90000};
}

media::client::ConnectionState connection_for(const wish::OpenedSession& opened, Instant start) {
  media::client::ConnectionState out;
  out.extensions = opened.answer.extensions;
  out.cname = "tongke-load";
  out.ntp_offset_us = media::net::wall_now_us() - start.as_micros() + kNtpToUnixUs;
  return out;
}

// One of them.
class Publisher final : public media::client::ClientEvents {
 public:
  Publisher(media::client::ClientLoop& loop, const PacketMix& mix, wish::OpenedSession opened,
            Instant start, Duration phase)
      : mix_(mix),
        session_(std::move(opened)),
        connection_(connection_for(session_, start)),
        audio_(sound_params(), connection_, start),
        video_(picture_params(), connection_, start),
        sink_{[this, &loop](media::ByteSpan packet) { return loop.send_rtp(id, packet); },
              [this, &loop](media::ByteSpan packet) { return loop.send_rtcp(id, packet); }},
        phase_(phase),
        start_(start + phase),
        next_report_(start + phase) {}

  void on_connected(Instant /*now*/) override { connected = true; }
  void on_lost(Instant /*now*/, media::transport::Peer::State /*state*/) override { lost = true; }
  void on_rtcp(Instant /*now*/, media::ByteSpan compound) override {
    feedback_.emplace_back(compound.begin(), compound.end());
  }

  [[nodiscard]] Instant next_due() const;
  // Sends what is due.
  void produce(Instant now);
  [[nodiscard]] const wish::OpenedSession& session() const { return session_; }
  // Begins to count time from `now`, so that nothing is late at the start.
  void begin(Instant now) { start_ = next_report_ = now + phase_; }

  media::client::ClientLoop::ClientId id = 0;
  bool connected = false;
  bool lost = false;
  uint64_t skipped_pictures = 0;

 private:
  [[nodiscard]] Instant sound_due() const { return start_ + kSoundInterval * sounds_; }
  // A quarter of a sound's interval beside it, so that neither waits behind the other.
  [[nodiscard]] Instant picture_due() const {
    return start_ + Duration::millis(5) +
           Duration::micros(pictures_ * 1'000'000 / static_cast<int64_t>(mix_.fps));
  }
  // When the next packet of the present picture is due.
  [[nodiscard]] Instant packet_due() const {
    return picture_due() + Duration::micros(mix_.pace.as_micros() * next_packet_ /
                                            static_cast<int64_t>(mix_.packets_per_picture));
  }
  void answer_feedback(Instant now);
  void send_sound(Instant captured);
  void send_packet(Instant captured);

  PacketMix mix_;
  wish::OpenedSession session_;
  media::client::ConnectionState connection_;
  media::client::OutgoingStream audio_;
  media::client::OutgoingStream video_;
  media::client::PacketSink sink_;
  std::vector<std::vector<uint8_t>> feedback_;
  Duration phase_;
  Instant start_;
  Instant next_report_;
  int64_t sounds_ = 0;
  int64_t pictures_ = 0;
  int64_t next_packet_ = 0;  // of the present picture
  bool key_wanted_ = true;
  bool key_ = false;
  uint16_t picture_id_ = 0;
};

Instant Publisher::next_due() const {
  return lost ? Instant::never() : std::min(sound_due(), packet_due());
}

void Publisher::produce(Instant now) {
  answer_feedback(now);
  if (lost) return;
  if (now >= sound_due()) {
    send_sound(sound_due());
    ++sounds_;
  }
  if (next_packet_ == 0 && now >= picture_due() + kMaxLateness) {
    ++skipped_pictures;
    ++pictures_;
  }
  while (now >= packet_due()) {
    send_packet(picture_due());
    if (++next_packet_ < static_cast<int64_t>(mix_.packets_per_picture)) continue;
    next_packet_ = 0;
    ++pictures_;
    break;
  }
  if (now >= next_report_) {
    audio_.report(now, sink_);
    video_.report(now, sink_);
    next_report_ = now + kReportInterval;
  }
}

void Publisher::answer_feedback(Instant now) {
  for (const auto& compound : feedback_) {
    media::rtcp::CompoundReader reader(compound);
    while (const auto block = reader.next()) {
      if (std::holds_alternative<media::rtcp::Pli>(*block) ||
          std::holds_alternative<media::rtcp::Fir>(*block)) {
        key_wanted_ = true;
      } else if (const auto* nack = std::get_if<media::rtcp::Nack>(&*block)) {
        nack->for_each([&](uint16_t sequence) { video_.resend(now, sequence, sink_); });
      }
    }
  }
  feedback_.clear();
}

void Publisher::send_sound(Instant captured) {
  std::array<uint8_t, kSoundSize> payload{};
  payload[0] = 0xf8;  // RFC 6716 section 3.1: CELT fullband, 20 ms, one frame
  const Instant now = media::net::monotonic_now();
  write_stamp(payload, now);
  audio_.send(now, captured, payload, false, media::rtp::AudioLevel{30, true}, sink_);
}

void Publisher::send_packet(Instant captured) {
  const bool first = next_packet_ == 0;
  if (first) {
    key_ = std::exchange(key_wanted_, false);
    picture_id_ = (picture_id_ + 1) & 0x7fff;
  }
  std::array<uint8_t, media::client::OutgoingStream::kMaxPayload> bytes{};
  const media::MutableByteSpan payload = std::span(bytes).first(mix_.packet_bytes);
  // RFC 7741 section 4.2: X, and S in the first packet; I with a 15-bit picture id.
  const uint8_t descriptor[] = {static_cast<uint8_t>(first ? 0x90 : 0x80), 0x80,
                                static_cast<uint8_t>(0x80 | (picture_id_ >> 8)),
                                static_cast<uint8_t>(picture_id_)};
  std::copy(std::begin(descriptor), std::end(descriptor), payload.begin());
  if (first) {
    // RFC 6386 section 9.1: frame tag, and for key frames start code and size (1280x720).
    const uint8_t head[] = {
        static_cast<uint8_t>(key_ ? 0x10 : 0x11), 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02};
    std::copy_n(head, key_ ? sizeof head : 3, payload.begin() + std::size(descriptor));
  }
  const Instant now = media::net::monotonic_now();
  write_stamp(payload, now);
  const bool last = next_packet_ + 1 == static_cast<int64_t>(mix_.packets_per_picture);
  video_.send(now, captured, payload, last, std::nullopt, sink_);
}

}  // namespace

struct RtpPublishers::Parts {
  Params params;
  std::unique_ptr<media::client::ClientLoop> loop;
  std::vector<std::unique_ptr<wish::HttpClient>> https;  // one per room
  std::vector<std::unique_ptr<Publisher>> publishers;
  std::atomic<unsigned> lost{0};
  std::atomic<uint64_t> skipped{0};
  std::atomic<bool> stop{false};
  std::thread thread;

  media::Outcome<void> open(const Where& where, Duration phase);
  void run();
};

RtpPublishers::RtpPublishers(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

RtpPublishers::~RtpPublishers() {
  parts_->stop = true;
  if (parts_->thread.joinable()) parts_->thread.join();
  for (size_t i = 0; i < parts_->publishers.size(); ++i) {
    const std::string& resource = parts_->publishers[i]->session().resource;
    // The server forgets an unreachable publisher by itself; this is a courtesy.
    if (!resource.empty()) static_cast<void>(parts_->https[i]->remove(resource));
  }
}

unsigned RtpPublishers::lost() const {
  return parts_->lost;
}

uint64_t RtpPublishers::skipped_pictures() const {
  return parts_->skipped;
}

media::Outcome<std::unique_ptr<RtpPublishers>> RtpPublishers::start(const Params& params) {
  auto parts = std::make_unique<Parts>();
  parts->params = params;
  auto made = std::unique_ptr<RtpPublishers>(new RtpPublishers(std::move(parts)));
  Parts& p = *made->parts_;
  auto loop = media::client::ClientLoop::make();
  if (!loop) return tl::unexpected(loop.error());
  p.loop = std::move(*loop);
  // Rooms do not take their pictures at the same moment.
  const Duration picture = Duration::micros(1'000'000 / static_cast<int64_t>(params.mix.fps));
  const auto count = static_cast<int64_t>(std::max<size_t>(1, params.rooms.size()));
  for (size_t i = 0; i < params.rooms.size(); ++i) {
    const Duration phase = Duration::micros(picture.as_micros() * static_cast<int64_t>(i) / count);
    if (auto opened = p.open(params.rooms[i], phase); !opened)
      return tl::unexpected(opened.error());
  }
  const Instant limit = media::net::monotonic_now() + kConnectLimit;
  const auto waiting = [&p] {
    return std::ranges::any_of(p.publishers,
                               [](const auto& one) { return !one->connected && !one->lost; });
  };
  while (waiting() && media::net::monotonic_now() < limit)
    p.loop->run_once(media::net::monotonic_now() + Duration::millis(20));
  if (!std::ranges::all_of(p.publishers, [](const auto& one) { return one->connected; }))
    return media::env_fail("A publisher did not connect: is the server's media port reachable?");
  p.thread = std::thread([&p] { p.run(); });
  return made;
}

media::Outcome<void> RtpPublishers::Parts::open(const Where& where, Duration phase) {
  auto http = wish::HttpClient::make({.token = where.token, .insecure = params.insecure});
  if (!http) return tl::unexpected(http.error());
  auto opened = wish::open_session(
      **http, where.url, wish::make_credentials(loop->rng()), loop->certificate().fingerprint(),
      wish::publisher_sections({}, {kAudioSsrc, std::nullopt}, {kVideoSsrc, kVideoRtxSsrc}));
  if (!opened) return tl::unexpected(opened.error());
  auto publisher = std::make_unique<Publisher>(*loop, params.mix, std::move(*opened),
                                               media::net::monotonic_now(), phase);
  const auto added = loop->add(publisher->session().client, *publisher);
  https.push_back(std::move(*http));
  publishers.push_back(std::move(publisher));
  if (!added) return tl::unexpected(added.error());
  publishers.back()->id = *added;
  return {};
}

void RtpPublishers::Parts::run() {
  media::net::name_this_thread("load-publish");
  const Instant begin = media::net::monotonic_now();
  for (const auto& publisher : publishers) publisher->begin(begin);
  while (!stop) {
    Instant next = media::net::monotonic_now() + Duration::millis(20);
    for (const auto& publisher : publishers) next = std::min(next, publisher->next_due());
    loop->run_once(next);
    unsigned gone = 0;
    uint64_t left_out = 0;
    for (const auto& publisher : publishers) {
      publisher->produce(media::net::monotonic_now());
      gone += publisher->lost ? 1U : 0U;
      left_out += publisher->skipped_pictures;
    }
    lost = gone;
    skipped = left_out;
  }
  for (const auto& publisher : publishers) loop->remove(publisher->id);
}

}  // namespace signaling::load

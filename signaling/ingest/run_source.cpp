#include "signaling/ingest/run_source.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "media/client/client_loop.h"
#include "media/client/publisher.h"
#include "media/dtls/certificate.h"
#include "media/ingest/source_clock.h"
#include "media/net/clock.h"
#include "signaling/wish/media_session.h"

namespace signaling::ingest {
namespace {

using media::Duration;
using media::Instant;
using media::Ssrc;
using media::ingest::SourceFault;
using media::ingest::SourceReader;

constexpr int64_t kNtpToUnixUs = 2'208'988'800LL * 1'000'000;
constexpr Duration kTurn = Duration::millis(5);
// Decoders wait for a key frame, which many cameras send every ten seconds.
constexpr Duration kFirstMedia = Duration::seconds(20);
constexpr Duration kSilence = Duration::seconds(10);
constexpr Duration kConnect = Duration::seconds(10);
// So that a reader that hangs is told from one that has nothing to say.
constexpr Duration kHeartbeat = Duration::seconds(5);
constexpr int kMostPerTurn = 8;
constexpr Ssrc kAudioSsrc(0x11);
// rids of the offer, lowest first.
const std::vector<std::string> kRids = {"q", "h", "f"};

struct Feedback final : media::client::ClientEvents {
  bool connected = false;
  bool lost = false;
  std::vector<std::vector<uint8_t>> blocks;

  void on_connected(Instant /*now*/) override { connected = true; }
  void on_lost(Instant /*now*/, media::transport::Peer::State /*state*/) override { lost = true; }
  void on_rtcp(Instant /*now*/, media::ByteSpan compound) override {
    blocks.emplace_back(compound.begin(), compound.end());
  }
};

media::client::Publisher::Params publisher_params(const wish::OpenedSession& opened,
                                                  Instant start) {
  const auto vp8 = sdp::client_codec(media::Codec::Vp8);
  media::client::Publisher::Params out;
  out.cname = "tongke-ingest";
  out.extensions = opened.answer.extensions;
  out.audio_mid = "0";
  out.video_mid = "1";
  out.opus_payload_type = sdp::client_codec(media::Codec::Opus).payload_type;
  out.vp8_payload_type = vp8.payload_type;
  out.rtx_payload_type = vp8.rtx_payload_type;
  out.audio_ssrc = kAudioSsrc;
  for (uint32_t i = 0; i < kRids.size(); ++i)
    out.layers.push_back({kRids[i], Ssrc(0x100 + i), Ssrc(0x200 + i)});
  out.slow_lowest = true;
  out.voice_rate = media::DataRate::kilobits_per_second(48);
  out.ntp_offset_us = media::net::wall_now_us() - start.as_micros() + kNtpToUnixUs;
  return out;
}

class Run {
 public:
  Run(const Target& target, SourceReader& reader, Duration timeout, const Feeder& feeder,
      const std::atomic<bool>& stop)
      : target_(target), reader_(reader), timeout_(timeout), feeder_(feeder), stop_(stop) {}
  ~Run() {
    if (loop_ && client_) loop_->remove(*client_);
    if (http_ && !resource_.empty()) static_cast<void>(http_->remove(resource_));
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Ending run() {
    auto loop = media::client::ClientLoop::make();
    if (!loop) return {"broken", loop.error().message};
    loop_ = std::move(*loop);
    tell_state("connecting");
    if (auto ended = wait_for_media()) return *ended;
    if (auto ended = connect()) return *ended;
    tell_state("on-air");
    while (true) {
      if (auto ended = turn()) return *ended;
    }
  }

 private:
  // Unset: go on.
  std::optional<Ending> look_at_source(Instant now) {
    if (stop_) return Ending{};
    const bool fed = !feeder_ || feeder_(reader_);
    const SourceFault fault = reader_.fault();
    if (fault != SourceFault::None) return Ending{fault_name(fault), reader_.detail()};
    if (!fed) return Ending{fault_name(SourceFault::Ended), "The encoder closed the connection."};
    if (now > silent_after_)
      return Ending{fault_name(SourceFault::Stalled), "No picture and no sound came for a while."};
    return std::nullopt;
  }

  std::optional<Ending> wait_for_media() {
    const Instant begun = media::net::monotonic_now();
    silent_after_ = begun + kFirstMedia;
    while (true) {
      const Instant now = loop_->run_once(media::net::monotonic_now() + kTurn);
      if (auto ended = look_at_source(now)) {
        // GStreamer calls both a closed connection: one that was silent until it gave up, and one
        // whose other end hung up without having shown anything.
        const bool is_push = static_cast<bool>(feeder_);
        if (!is_push && ended->reason == fault_name(SourceFault::Ended))
          ended->reason =
              fault_name(now - begun >= timeout_ ? SourceFault::Stalled : SourceFault::NotMedia);
        return ended;
      }
      // What came first is not kept: the publisher starts with what is there when it is ready.
      if (reader_.take_picture() || reader_.take_sound()) return std::nullopt;
    }
  }

  std::optional<Ending> connect() {
    auto http = wish::HttpClient::make({.token = target_.token, .insecure = target_.insecure});
    if (!http) return Ending{"broken", http.error().message};
    http_ = std::move(*http);
    auto opened =
        wish::open_session(*http_, target_.whip_url, wish::make_credentials(loop_->rng()),
                           loop_->certificate().fingerprint(),
                           wish::publisher_sections(kRids, {kAudioSsrc, std::nullopt}, {}));
    if (!opened) {
      const bool is_taken = opened.error().message.find(" 409") != std::string::npos;
      return Ending{is_taken ? "role-taken" : "refused", opened.error().message};
    }
    resource_ = opened->resource;
    const auto id = loop_->add(opened->client, feedback_);
    if (!id) return Ending{"broken", id.error().message};
    client_ = *id;
    sink_ = {[this](media::ByteSpan packet) { return loop_->send_rtp(*client_, packet); },
             [this](media::ByteSpan packet) { return loop_->send_rtcp(*client_, packet); }};
    const Instant limit = media::net::monotonic_now() + kConnect;
    while (!feedback_.connected) {
      const Instant now = loop_->run_once(media::net::monotonic_now() + kTurn);
      if (auto ended = look_at_source(now)) return ended;
      if (feedback_.lost || now > limit)
        return Ending{"refused", "The media port does not answer."};
      static_cast<void>(reader_.take_sound());
    }
    const Instant now = media::net::monotonic_now();
    auto publisher = media::client::Publisher::make(publisher_params(*opened, now), now);
    if (!publisher) return Ending{"broken", publisher.error().message};
    publisher_ = std::move(*publisher);
    silent_after_ = now + kSilence;
    next_beat_ = now + kHeartbeat;
    for (const auto& section : opened->answer.sections)
      sends_sound_ = sends_sound_ || (section.mid == "0" && section.accepted);
    return std::nullopt;
  }

  std::optional<Ending> turn() {
    Instant now = loop_->run_once(media::net::monotonic_now() + kTurn);
    if (feedback_.lost) return Ending{"refused", "The server ended the session."};
    for (const auto& block : std::exchange(feedback_.blocks, {}))
      publisher_->on_rtcp(now, block, sink_);
    publisher_->on_tick(now, sink_);
    // Sound first: it is small, and its gaps are heard.
    for (int i = 0; i < kMostPerTurn; ++i) {
      const auto block = reader_.take_sound();
      if (!block) break;
      if (sends_sound_)
        publisher_->send_sound(now, clock_.captured(now, block->stamp), block->samples, sink_);
      silent_after_ = now + kSilence;
    }
    if (const auto frame = reader_.take_picture()) {
      const auto sent =
          publisher_->send_picture(now, clock_.captured(now, frame->stamp), frame->picture, sink_);
      if (!sent) return Ending{"broken", sent.error().message};
      silent_after_ = now + kSilence;
    }
    if (now >= next_beat_) {
      next_beat_ = now + kHeartbeat;
      tell_state("alive");
    }
    return look_at_source(now);
  }

  const Target& target_;
  SourceReader& reader_;
  Duration timeout_;  // of the reader's connection
  const Feeder& feeder_;
  const std::atomic<bool>& stop_;
  std::unique_ptr<media::client::ClientLoop> loop_;
  std::unique_ptr<wish::HttpClient> http_;
  std::string resource_;
  Feedback feedback_;
  std::optional<media::client::ClientLoop::ClientId> client_;
  media::client::PacketSink sink_;
  std::unique_ptr<media::client::Publisher> publisher_;
  media::ingest::SourceClock clock_;
  Instant silent_after_;
  Instant next_beat_;
  bool sends_sound_ = false;  // a board camera's is not taken
};

void print_line(const nlohmann::json& line) {
  fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  std::fflush(stdout);
}

}  // namespace

Ending run_source(const Target& target, const media::ingest::SourceParams& params,
                  const Feeder& feeder, const std::atomic<bool>& stop) {
  auto reader = SourceReader::open(params);
  if (!reader) return {"broken", reader.error().message};
  return Run(target, **reader, params.timeout, feeder, stop).run();
}

void tell_state(const std::string& state) {
  print_line({{"state", state}});
}

void tell_ending(const Ending& ending) {
  print_line({{"state", "ended"}, {"reason", ending.reason}, {"detail", ending.detail}});
}

}  // namespace signaling::ingest

#include "signaling/broadcast/studio.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "media/client/client_loop.h"
#include "media/dtls/certificate.h"
#include "media/hls/broadcast.h"
#include "media/net/clock.h"
#include "media/rtcp/feedback.h"
#include "media/rtcp/reports.h"
#include "signaling/wish/media_session.h"

namespace signaling::broadcast {
namespace {

using media::Codec;
using media::Duration;
using media::Instant;
using media::MediaKind;
using StudioResult = tl::expected<void, StudioError>;

constexpr Duration kTick = Duration::millis(10);
constexpr Duration kConnectLimit = Duration::seconds(10);
constexpr Duration kStatsInterval = Duration::seconds(5);
constexpr uint32_t kOwnSsrc = 1;

tl::unexpected<StudioError> lost(std::string message) {
  return tl::unexpected<StudioError>({std::move(message), false});
}

// Sound and picture of the teacher, the voice of whoever is called, and the screen. Anything that a
// publisher may send, so that nothing is converted before it reaches us.
std::vector<sdp::ClientSection> sections() {
  std::vector<sdp::ClientSection> out;
  for (const char* mid : {"0", "1", "2", "3"}) {
    const bool is_sound = out.size() % 2 == 0;
    sdp::ClientSection section;
    section.mid = mid;
    section.kind = is_sound ? MediaKind::Audio : MediaKind::Video;
    section.sends = false;
    if (is_sound) {
      section.codecs = {sdp::client_codec(Codec::Opus)};
    } else {
      section.codecs = {sdp::client_codec(Codec::Vp8), sdp::client_codec(Codec::Vp9),
                        sdp::client_codec(Codec::H264), sdp::client_codec(Codec::Av1)};
    }
    // Congestion feedback is not promised: the line is this machine's loopback.
    for (media::CodecParams& codec : section.codecs) codec.transport_cc = false;
    out.push_back(std::move(section));
  }
  return out;
}

std::vector<media::hls::Broadcast::Input> inputs_of(const sdp::ClientAnswer& answer) {
  std::vector<media::hls::Broadcast::Input> out;
  for (const sdp::AnsweredSection& section : answer.sections) {
    if (!section.accepted || !section.ssrc) continue;
    media::hls::Broadcast::Input input;
    input.ssrc = *section.ssrc;
    const bool is_sound = section.mid == "0" || section.mid == "2";
    input.kind = is_sound ? MediaKind::Audio : MediaKind::Video;
    input.source =
        section.mid == "3" ? media::hls::PictureDesk::kScreen : media::hls::PictureDesk::kTeacher;
    for (const Codec codec : {Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1}) {
      const bool fits = (codec == Codec::Opus) == is_sound;
      if (fits) input.codecs[sdp::client_codec(codec).payload_type] = codec;
    }
    out.push_back(std::move(input));
  }
  return out;
}

struct Session final : media::client::ClientEvents {
  bool connected = false;
  bool gone = false;
  std::unique_ptr<media::hls::Broadcast> broadcast;

  void on_connected(Instant /*now*/) override { connected = true; }
  void on_lost(Instant /*now*/, media::transport::Peer::State /*state*/) override { gone = true; }
  void on_rtp(Instant now, media::ByteSpan packet) override {
    if (broadcast) broadcast->on_rtp(now, packet);
  }
  void on_rtcp(Instant now, media::ByteSpan compound) override {
    if (broadcast) broadcast->on_rtcp(now, compound);
  }
};

class Studio {
 public:
  Studio(const Job& job, const std::atomic<bool>& stop,
         const std::function<void(const std::string&)>& say)
      : job_(job), stop_(stop), say_(say) {}

  StudioResult run();

 private:
  StudioResult stream(media::client::ClientLoop& loop, const wish::OpenedSession& opened);
  StudioResult turn(media::client::ClientLoop& loop, media::client::ClientLoop::ClientId id,
                    Session& session, Instant now);
  bool write(const std::string& name, const std::string& bytes);
  StudioResult announce(Session& session);
  void ask_for_key_frames(media::client::ClientLoop& loop, media::client::ClientLoop::ClientId id,
                          Session& session, Instant now);

  const Job& job_;
  const std::atomic<bool>& stop_;
  const std::function<void(const std::string&)>& say_;
  // Unix time of the stream's zero.
  int64_t wall_start_us_ = 0;
  uint64_t next_file_ = 1;
  bool said_init_ = false;
  Instant next_stats_;
};

bool Studio::write(const std::string& name, const std::string& bytes) {
  std::ofstream file(job_.directory / name, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  return !file.fail();
}

StudioResult Studio::announce(Session& session) {
  media::hls::Broadcast& broadcast = *session.broadcast;
  StudioResult full =
      lost(fmt::format("{} cannot be written: is the disk full?", job_.directory.string()));
  if (broadcast.init() && !std::exchange(said_init_, true)) {
    const media::hls::InitSegments& init = *broadcast.init();
    const std::string av = fmt::format("{}.mp4", next_file_++);
    const std::string a = fmt::format("{}.mp4", next_file_++);
    if (!write(av, init.picture_and_sound) || !write(a, init.sound_alone)) return full;
    const media::hls::PictureDesk::Params size;
    say_(nlohmann::json{{"init",
                         {{"av", av},
                          {"a", a},
                          {"avCodecs", init.picture_codec + "," + init.sound_codec},
                          {"aCodecs", init.sound_codec},
                          {"width", size.width},
                          {"height", size.height}}}}
             .dump());
  }
  for (const media::hls::MadePart& part : broadcast.take()) {
    const std::string name = fmt::format("{}.m4s", next_file_++);
    if (!write(name, part.bytes)) return full;
    say_(nlohmann::json{{"part",
                         {{"rendition", part.sound_alone ? "a" : "av"},
                          {"file", name},
                          {"durationUs", part.duration.as_micros()},
                          {"dateUs", wall_start_us_ + part.start.as_micros()},
                          {"independent", part.independent},
                          {"ends", part.ends_segment}}}}
             .dump());
  }
  return {};
}

void Studio::ask_for_key_frames(media::client::ClientLoop& loop,
                                media::client::ClientLoop::ClientId id, Session& session,
                                Instant now) {
  for (const media::Ssrc ssrc : session.broadcast->take_wishes(now)) {
    std::array<uint8_t, 64> bytes;
    media::ByteWriter out(bytes);
    if (media::rtcp::write_receiver_report(out, media::Ssrc(kOwnSsrc), {}) &&
        media::rtcp::write_pli(out, media::Ssrc(kOwnSsrc), ssrc))
      loop.send_rtcp(id, out.written());
  }
}

StudioResult Studio::turn(media::client::ClientLoop& loop, media::client::ClientLoop::ClientId id,
                          Session& session, Instant now) {
  auto ticked = session.broadcast->on_tick(now);
  if (!ticked) return lost(ticked.error().message);
  if (auto said = announce(session); !said) return said;
  ask_for_key_frames(loop, id, session, now);
  if (now >= next_stats_) {
    next_stats_ = now + kStatsInterval;
    say_(nlohmann::json{
        {"stats",
         {{"encoded", session.broadcast->encoded()}, {"skipped", session.broadcast->skipped()}}}}
             .dump());
  }
  return {};
}

StudioResult Studio::stream(media::client::ClientLoop& loop, const wish::OpenedSession& opened) {
  Session session;
  const auto id = loop.add(opened.client, session);
  if (!id) return lost(id.error().message);
  const Instant limit = media::net::monotonic_now() + kConnectLimit;
  while (!session.connected && !session.gone && !stop_ && media::net::monotonic_now() < limit)
    loop.run_once(media::net::monotonic_now() + kTick);
  if (!session.connected) return stop_ ? StudioResult{} : lost("The media port does not answer.");
  const Instant start = media::net::monotonic_now();
  wall_start_us_ = media::net::wall_now_us();
  auto broadcast = media::hls::Broadcast::make(media::hls::PictureDesk::Params(),
                                               inputs_of(opened.answer), start);
  if (!broadcast) return lost(broadcast.error().message);
  session.broadcast = std::move(*broadcast);
  say_(R"({"state":"connected"})");
  StudioResult result;
  while (!stop_ && !session.gone && result) {
    const Instant now = loop.run_once(media::net::monotonic_now() + kTick);
    result = turn(loop, *id, session, now);
  }
  const bool was_lost = session.gone;
  loop.remove(*id);
  if (!result) return result;
  return was_lost ? StudioResult(lost("The lesson's connection ended.")) : StudioResult{};
}

StudioResult Studio::run() {
  // The server is this machine's own; its certificate is often self-signed and names another host.
  auto http = wish::HttpClient::make({.token = job_.token, .insecure = true});
  if (!http) return lost(http.error().message);
  auto loop = media::client::ClientLoop::make();
  if (!loop) return lost(loop.error().message);
  auto opened = wish::open_session(**http, job_.url, wish::make_credentials((*loop)->rng()),
                                   (*loop)->certificate().fingerprint(), sections());
  if (!opened) {
    const std::string& why = opened.error().message;
    const bool refused = why.find(" with 40") != std::string::npos;
    return tl::unexpected<StudioError>({why, refused});
  }
  auto streamed = stream(**loop, *opened);
  if (!opened->resource.empty()) static_cast<void>((*http)->remove(opened->resource));
  return streamed;
}

}  // namespace

StudioResult run_studio(const Job& job, const std::atomic<bool>& stop,
                        const std::function<void(const std::string&)>& say) {
  return Studio(job, stop, say).run();
}

}  // namespace signaling::broadcast

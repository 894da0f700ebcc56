#include "signaling/wish/publishing_session.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "media/dtls/certificate.h"
#include "media/net/clock.h"
#include "signaling/sdp/client.h"

namespace signaling::wish {
namespace {

constexpr int64_t kNtpToUnixUs = 2'208'988'800LL * 1'000'000;
constexpr media::Ssrc kAudioSsrc(0x11);
constexpr uint32_t kFirstVideoSsrc = 0x100;
constexpr uint32_t kFirstRtxSsrc = 0x200;
// Mids of publisher_sections().
constexpr const char* kSound = "0";
constexpr const char* kPicture = "1";
// 180p, 360p, 720p, named as browsers' examples do.
const std::vector<std::string> kRids = {"q", "h", "f"};

}  // namespace

media::Outcome<std::unique_ptr<PublishingSession>> PublishingSession::open(
    media::client::ClientLoop& loop, HttpClient& http, const std::string& url) {
  auto opened =
      open_session(http, url, make_credentials(loop.rng()), loop.certificate().fingerprint(),
                   publisher_sections(kRids, {kAudioSsrc, std::nullopt}, {}));
  if (!opened) return tl::unexpected(opened.error());
  std::unique_ptr<PublishingSession> session(new PublishingSession(loop, http, std::move(*opened)));
  const auto id = loop.add(session->opened_.client, session->events_);
  if (!id) return tl::unexpected(id.error());
  session->id_ = *id;
  session->added_ = true;
  return session;
}

PublishingSession::PublishingSession(media::client::ClientLoop& loop, HttpClient& http,
                                     OpenedSession opened)
    : loop_(loop),
      http_(http),
      opened_(std::move(opened)),
      sink_{[this](media::ByteSpan packet) { return loop_.send_rtp(id_, packet); },
            [this](media::ByteSpan packet) { return loop_.send_rtcp(id_, packet); }} {}

PublishingSession::~PublishingSession() {
  if (added_) loop_.remove(id_);
  if (!opened_.resource.empty()) static_cast<void>(http_.remove(opened_.resource));
}

bool PublishingSession::takes_sound() const {
  const auto& sections = opened_.answer.sections;
  return std::any_of(sections.begin(), sections.end(), [](const sdp::AnsweredSection& section) {
    return section.mid == kSound && section.accepted;
  });
}

media::client::Publisher::Params PublishingSession::params(media::Instant start) const {
  const auto vp8 = sdp::client_codec(media::Codec::Vp8);
  media::client::Publisher::Params out;
  out.extensions = opened_.answer.extensions;
  out.audio_mid = kSound;
  out.video_mid = kPicture;
  out.opus_payload_type = sdp::client_codec(media::Codec::Opus).payload_type;
  out.vp8_payload_type = vp8.payload_type;
  out.rtx_payload_type = vp8.rtx_payload_type;
  out.audio_ssrc = kAudioSsrc;
  for (uint32_t i = 0; i < kRids.size(); ++i) {
    out.layers.push_back(
        {kRids[i], media::Ssrc(kFirstVideoSsrc + i), media::Ssrc(kFirstRtxSsrc + i)});
  }
  out.ntp_offset_us = media::net::wall_now_us() - start.as_micros() + kNtpToUnixUs;
  return out;
}

}  // namespace signaling::wish

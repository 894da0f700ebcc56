#include "signaling/wish/media_session.h"

#include <fmt/format.h>

#include <utility>

namespace signaling::wish {
namespace {

constexpr long kCreated = 201;

// ice-char of RFC 8839 section 5.4.
constexpr char kIceChars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string random_text(media::Rng& rng, size_t size) {
  std::string out(size, ' ');
  for (char& c : out) c = kIceChars[rng.below(sizeof kIceChars - 1)];
  return out;
}

}  // namespace

media::IceCredentials make_credentials(media::Rng& rng) {
  return {random_text(rng, 8), random_text(rng, 24)};
}

std::vector<sdp::ClientSection> publisher_sections(const std::vector<std::string>& rids,
                                                   const SsrcPair& audio, const SsrcPair& video) {
  sdp::ClientSection sound{.mid = "0",
                           .kind = media::MediaKind::Audio,
                           .sends = true,
                           .codecs = {sdp::client_codec(media::Codec::Opus)},
                           .rids = {},
                           .ssrcs = {audio}};
  sdp::ClientSection picture{.mid = "1",
                             .kind = media::MediaKind::Video,
                             .sends = true,
                             .codecs = {sdp::client_codec(media::Codec::Vp8)},
                             .rids = rids,
                             .ssrcs = {}};
  if (rids.empty()) picture.ssrcs.push_back(video);
  return {std::move(sound), std::move(picture)};
}

std::vector<sdp::ClientSection> watcher_sections(const WatcherOffer& offer) {
  sdp::ClientSection sound{.mid = "0",
                           .kind = media::MediaKind::Audio,
                           .sends = false,
                           .codecs = {sdp::client_codec(media::Codec::Opus)},
                           .rids = {},
                           .ssrcs = {}};
  sdp::ClientSection picture{.mid = "1",
                             .kind = media::MediaKind::Video,
                             .sends = false,
                             .codecs = {sdp::client_codec(media::Codec::Vp8)},
                             .rids = {},
                             .ssrcs = {}};
  sound.codecs.front().transport_cc = offer.transport_cc;
  picture.codecs.front().transport_cc = offer.transport_cc;
  if (!offer.sound) return {std::move(picture)};
  return {std::move(sound), std::move(picture)};
}

media::rtp::ExtensionMap watcher_extensions(const WatcherOffer& offer) {
  media::rtp::ExtensionMap out = sdp::client_extensions();
  if (!offer.transport_cc) out.transport_cc = 0;
  return out;
}

media::Outcome<OpenedSession> open_session(HttpClient& http, const std::string& url,
                                           const media::IceCredentials& ice,
                                           const media::Fingerprint& fingerprint,
                                           std::vector<sdp::ClientSection> sections,
                                           const media::rtp::ExtensionMap& extensions) {
  sdp::ClientOffer offer;
  offer.ice = ice;
  offer.fingerprint = fingerprint;
  offer.extensions = extensions;
  offer.sections = std::move(sections);
  const auto reply = http.post_sdp(url, sdp::build_offer(offer));
  if (!reply) return tl::unexpected(reply.error());
  if (reply->status != kCreated) {
    return media::env_fail(
        fmt::format("The server refused the session with {}: {}", reply->status, reply->body));
  }
  const auto answer = sdp::parse_answer(reply->body);
  if (!answer)
    return media::env_fail(
        fmt::format("The server's answer is not usable: {}.", answer.error().what));
  OpenedSession out;
  out.resource = reply->location;
  out.client = {.local = ice,
                .remote = answer->remote_ice,
                .remote_fingerprint = answer->remote_fingerprint,
                .candidate = answer->candidate,
                .waits_for_dtls = answer->server_is_dtls_client};
  out.answer = *answer;
  return out;
}

}  // namespace signaling::wish

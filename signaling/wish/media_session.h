// One WHIP or WHEP session as a client opens it: offer, POST, answer.
#pragma once

#include <string>
#include <vector>

#include "media/base/rng.h"
#include "media/client/webrtc_client.h"
#include "signaling/sdp/client.h"
#include "signaling/wish/http_client.h"

namespace signaling::wish {

struct OpenedSession {
  std::string resource;  // to DELETE
  media::client::WebRtcClient::Params client;
  sdp::ClientAnswer answer;
};

using SsrcPair = media::PublishedSection::SsrcPair;

// What a publisher with microphone (mid 0) and camera (mid 1) offers. With `rids` the picture is
// simulcast and `video` is not announced.
std::vector<sdp::ClientSection> publisher_sections(const std::vector<std::string>& rids,
                                                   const SsrcPair& audio, const SsrcPair& video);
// What a plain watcher offers: one sound, one picture. Without `transport_cc` no congestion
// feedback is promised.
struct WatcherOffer {
  bool sound = true;
  bool transport_cc = false;
};
std::vector<sdp::ClientSection> watcher_sections(const WatcherOffer& offer);
// Header extensions to go with it.
media::rtp::ExtensionMap watcher_extensions(const WatcherOffer& offer);

// A fresh ICE user name and password (RFC 8839 section 5.4).
media::IceCredentials make_credentials(media::Rng& rng);

// Blocks for the POST. Errors: the server cannot be reached, refuses, or answers with something
// else than a session.
media::Outcome<OpenedSession> open_session(
    HttpClient& http, const std::string& url, const media::IceCredentials& ice,
    const media::Fingerprint& fingerprint, std::vector<sdp::ClientSection> sections,
    const media::rtp::ExtensionMap& extensions = sdp::client_extensions());

}  // namespace signaling::wish

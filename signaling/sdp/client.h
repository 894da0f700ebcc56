// The offering side, for our own client: builds an offer and reads the answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/base/address.h"
#include "media/base/model.h"
#include "media/base/result.h"
#include "media/rtp/extension_map.h"

namespace signaling::sdp {

// One section of an offer. Give `codecs` their payload types; they must agree between sections of
// one kind (BUNDLE).
struct ClientSection {
  std::string mid;
  media::MediaKind kind = media::MediaKind::Audio;
  bool sends = true;  // sendonly, otherwise recvonly
  std::vector<media::CodecParams> codecs;
  std::vector<std::string> rids;  // simulcast, lowest first; empty without
  // a=ssrc and FID lines; leave empty with rids.
  std::vector<media::PublishedSection::SsrcPair> ssrcs;
};

struct ClientOffer {
  media::IceCredentials ice;
  media::Fingerprint fingerprint{};
  media::rtp::ExtensionMap extensions;  // identifiers to offer; zero: not offered
  uint64_t session_id = 1;
  std::string cname = "tongke-client";
  std::string setup = "actpass";
  std::vector<ClientSection> sections;
};

// Ready-made parameters with the payload types that our client uses: Opus 111; VP8 96 + RTX 97; VP9
// 98 + 99; H.264 102 + 103; AV1 45 + 46.
media::CodecParams client_codec(media::Codec codec);
// Identifiers 1.. for everything that our client sends or reads.
media::rtp::ExtensionMap client_extensions();

std::string build_offer(const ClientOffer& offer);

struct AnsweredSection {
  std::string mid;
  bool accepted = false;  // not inactive, port not 0
  std::vector<media::CodecParams> codecs;
  std::vector<std::string> rids;  // simulcast layers that the server takes
  // What the server sends in a receiving section, when it says so.
  std::optional<media::Ssrc> ssrc;
  std::optional<media::Ssrc> rtx_ssrc;
};

struct ClientAnswer {
  media::IceCredentials remote_ice;
  media::Fingerprint remote_fingerprint{};
  bool ice_lite = false;
  bool server_is_dtls_client = false;           // a=setup:active
  media::Address candidate;                     // the first UDP host candidate
  std::optional<media::Address> tcp_candidate;  // the first passive one (RFC 6544)
  media::rtp::ExtensionMap extensions;
  std::vector<AnsweredSection> sections;  // in the answer's order
};

// Errors: those of parse(); Malformed when credentials, fingerprint or a candidate are missing.
media::Result<ClientAnswer> parse_answer(std::string_view text);

}  // namespace signaling::sdp

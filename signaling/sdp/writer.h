// Lines of a session description, shared by the answer and the client's offer.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "media/base/address.h"
#include "media/base/model.h"
#include "media/rtp/extension_map.h"

namespace signaling::sdp {

// Of every answer and, as RFC 9725 section 4.3.3 wants, the same in every fragment. A client
// trickles only when it is told that it may (RFC 8840 section 4.1.3).
inline constexpr std::string_view kIceOptions = "a=ice-options:trickle ice2";

// Values handed to it must not hold line ends: the callers check what comes from clients.
class Writer {
 public:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += "\r\n";
  }

  // v=, o=, s=, t= and the attributes of the session.
  void session(uint64_t id, bool ice_lite, bool extmap_allow_mixed,
               const std::vector<std::string>& bundle);
  // m= and c=.
  void media(std::string_view kind, uint16_t port, const std::vector<uint8_t>& payload_types,
             const media::Address& address);
  void transport(const media::IceCredentials& ice, const media::Fingerprint& fingerprint,
                 std::string_view setup);
  // rtpmap, rtcp-fb and fmtp lines, RTX included.
  void codecs(const std::vector<media::CodecParams>& codecs);
  void extmap(uint8_t id, std::string_view uri) { line("a=extmap:{} {}", id, uri); }
  void ssrcs(media::Ssrc ssrc, std::optional<media::Ssrc> rtx, std::string_view cname,
             std::string_view msid);

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string candidate_line(const media::Address& address);
// The same port for TCP (RFC 6544 section 4.5): the peer connects.
std::string tcp_candidate_line(const media::Address& address);
std::vector<uint8_t> payload_types_of(const std::vector<media::CodecParams>& codecs);
// "VP8" and so on, as in a=rtpmap.
std::string_view codec_name(media::Codec codec);

// The only extension that outgrows the one-byte form of RFC 8285: it needs a=extmap-allow-mixed.
inline constexpr std::string_view kDependencyDescriptorUri =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

// The header extensions that ExtensionMap knows, with their URIs.
struct KnownExtension {
  std::string_view uri;
  uint8_t media::rtp::ExtensionMap::*id;
  bool audio = false;
  bool video = false;
};
const std::vector<KnownExtension>& known_extensions();

// Codecs of a parsed section that we can carry, with their RTX, RED and feedback, in its order.
// Opus; VP8; VP9 and AV1 profile 0; H.264 in packetization-mode 1. transport-cc feedback counts
// only with `transport_cc`.
struct Section;
std::vector<media::CodecParams> usable_codecs(const Section& section, bool transport_cc);

}  // namespace signaling::sdp

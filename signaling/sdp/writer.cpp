#include "signaling/sdp/writer.h"

#include <algorithm>

#include "signaling/sdp/session.h"
#include "signaling/sdp/text.h"

namespace signaling::sdp {

using media::Codec;
using media::CodecParams;

namespace {

// RFC 8445 section 5.1.2.1: 2^24 * 126 (host) + 2^8 * 65535 + 255.
constexpr uint32_t kHostPriority = 2130706431;
// RFC 6544 section 4.2: a type preference below every UDP candidate's, and a local preference of
// 2^13 * 4 (passive) + 2^13 - 1. TCP is for networks that let nothing else through.
constexpr uint32_t kTcpPriority = (90u << 24) | (((4u << 13) | 8191u) << 8) | 255u;

std::string_view ip_family(const media::Address& address) {
  return address.is_v4() ? "IP4" : "IP6";
}

std::optional<Codec> carried_codec(const CodecLine& line) {
  if (equals_ignoring_case(line.name, "opus") && line.clock_rate == 48000) return Codec::Opus;
  if (line.clock_rate != 90000) return std::nullopt;
  if (equals_ignoring_case(line.name, "VP8")) return Codec::Vp8;
  if (equals_ignoring_case(line.name, "VP9")) {
    // Profiles above 0 (10 bits, 4:4:4) are not decoded everywhere.
    const auto profile = format_parameter(line.fmtp, "profile-id");
    return profile.empty() || profile == "0" ? std::optional(Codec::Vp9) : std::nullopt;
  }
  if (equals_ignoring_case(line.name, "AV1")) {
    const auto profile = format_parameter(line.fmtp, "profile");
    return profile.empty() || profile == "0" ? std::optional(Codec::Av1) : std::nullopt;
  }
  if (equals_ignoring_case(line.name, "H264") &&
      format_parameter(line.fmtp, "packetization-mode") == "1") {
    return Codec::H264;
  }
  return std::nullopt;
}

void read_feedback(const CodecLine& line, bool transport_cc, CodecParams& out) {
  for (const std::string& feedback : line.feedback) {
    if (feedback == "nack") out.nack = true;
    if (feedback == "nack pli") out.pli = true;
    if (feedback == "ccm fir") out.fir = true;
    if (feedback == "transport-cc") out.transport_cc = transport_cc;
  }
}

std::optional<uint8_t> rtx_of(const Section& section, uint8_t payload_type) {
  for (const CodecLine& line : section.codecs) {
    if (equals_ignoring_case(line.name, "rtx") &&
        parse_number<uint8_t>(format_parameter(line.fmtp, "apt")) == payload_type) {
      return line.payload_type;
    }
  }
  return std::nullopt;
}

// RED whose blocks are all of `payload_type` (RFC 2198 section 5: "a=fmtp:<red> <pt>/<pt>").
std::optional<uint8_t> red_of(const Section& section, uint8_t payload_type) {
  for (const CodecLine& line : section.codecs) {
    if (!equals_ignoring_case(line.name, "red") || line.clock_rate != 48000) continue;
    std::string_view rest = line.fmtp;
    bool is_ours = !rest.empty();
    while (!rest.empty())
      is_ours = is_ours && parse_number<uint8_t>(take_until(rest, '/')) == payload_type;
    if (is_ours) return line.payload_type;
  }
  return std::nullopt;
}

}  // namespace

void Writer::session(uint64_t id, bool ice_lite, bool extmap_allow_mixed,
                     const std::vector<std::string>& bundle) {
  line("v=0");
  // RFC 9429 section 5.2.1: the id fits 63 bits, the address means nothing.
  line("o=- {} 1 IN IP4 127.0.0.1", id & INT64_MAX);
  line("s=-");
  line("t=0 0");
  if (ice_lite) {
    line("a=ice-lite");
    line("{}", kIceOptions);
  }
  if (!bundle.empty()) line("a=group:BUNDLE {}", fmt::join(bundle, " "));
  if (extmap_allow_mixed) line("a=extmap-allow-mixed");
  line("a=msid-semantic: WMS *");
}

void Writer::media(std::string_view kind, uint16_t port, const std::vector<uint8_t>& payload_types,
                   const media::Address& address) {
  line("m={} {} UDP/TLS/RTP/SAVPF {}", kind, port, fmt::join(payload_types, " "));
  line("c=IN {} {}", ip_family(address), address.ip_string());
}

void Writer::transport(const media::IceCredentials& ice, const media::Fingerprint& fingerprint,
                       std::string_view setup) {
  line("a=ice-ufrag:{}", ice.ufrag);
  line("a=ice-pwd:{}", ice.password);
  line("a=fingerprint:sha-256 {:02X}", fmt::join(fingerprint, ":"));
  line("a=setup:{}", setup);
}

void Writer::codecs(const std::vector<CodecParams>& codecs) {
  for (const CodecParams& c : codecs) {
    const int pt = c.payload_type;
    if (c.red_payload_type) {
      line("a=rtpmap:{} red/48000/2", *c.red_payload_type);
      line("a=fmtp:{} {}/{}", *c.red_payload_type, pt, pt);
    }
    if (c.codec == Codec::Opus) {
      line("a=rtpmap:{} opus/48000/2", pt);  // RFC 7587 section 7: always 2
    } else {
      line("a=rtpmap:{} {}/{}", pt, codec_name(c.codec), c.clock_rate);
    }
    if (c.transport_cc) line("a=rtcp-fb:{} transport-cc", pt);
    if (c.fir) line("a=rtcp-fb:{} ccm fir", pt);
    if (c.nack) line("a=rtcp-fb:{} nack", pt);
    if (c.pli) line("a=rtcp-fb:{} nack pli", pt);
    if (!c.fmtp.empty()) line("a=fmtp:{} {}", pt, c.fmtp);
    if (c.rtx_payload_type) {
      line("a=rtpmap:{} rtx/{}", *c.rtx_payload_type, c.clock_rate);
      line("a=fmtp:{} apt={}", *c.rtx_payload_type, pt);
    }
  }
}

void Writer::ssrcs(media::Ssrc ssrc, std::optional<media::Ssrc> rtx, std::string_view cname,
                   std::string_view msid) {
  if (rtx) line("a=ssrc-group:FID {} {}", ssrc.value, rtx->value);
  const auto source = [&](media::Ssrc one) {
    line("a=ssrc:{} cname:{}", one.value, cname);
    if (!msid.empty()) line("a=ssrc:{} msid:{}", one.value, msid);
  };
  source(ssrc);
  if (rtx) source(*rtx);
}

std::string candidate_line(const media::Address& address) {
  return fmt::format("a=candidate:1 1 udp {} {} {} typ host", kHostPriority, address.ip_string(),
                     address.port);
}

std::string tcp_candidate_line(const media::Address& address) {
  return fmt::format("a=candidate:2 1 tcp {} {} {} typ host tcptype passive", kTcpPriority,
                     address.ip_string(), address.port);
}

std::vector<uint8_t> payload_types_of(const std::vector<CodecParams>& codecs) {
  std::vector<uint8_t> out;
  for (const CodecParams& c : codecs) {
    // In front of what it carries: a sender takes the first that it can.
    if (c.red_payload_type) out.push_back(*c.red_payload_type);
    out.push_back(c.payload_type);
    if (c.rtx_payload_type) out.push_back(*c.rtx_payload_type);
  }
  return out;
}

std::string_view codec_name(Codec codec) {
  switch (codec) {
    case Codec::Opus:
      return "opus";
    case Codec::Vp8:
      return "VP8";
    case Codec::Vp9:
      return "VP9";
    case Codec::H264:
      return "H264";
    case Codec::Av1:
      return "AV1";
  }
  return "";
}

const std::vector<KnownExtension>& known_extensions() {
  using Map = media::rtp::ExtensionMap;
  static const std::vector<KnownExtension> kKnown = {
      {"urn:ietf:params:rtp-hdrext:ssrc-audio-level", &Map::audio_level, true, false},
      {"http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", &Map::abs_send_time, true,
       true},
      {"http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
       &Map::transport_cc, true, true},
      {"urn:ietf:params:rtp-hdrext:sdes:mid", &Map::mid, true, true},
      {"urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", &Map::rid, false, true},
      {"urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id", &Map::repaired_rid, false, true},
      {"urn:3gpp:video-orientation", &Map::video_orientation, false, true},
      {"http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time", &Map::abs_capture_time,
       true, true},
      {"http://www.webrtc.org/experiments/rtp-hdrext/playout-delay", &Map::playout_delay, false,
       true},
      {kDependencyDescriptorUri, &Map::dependency_descriptor, false, true},
  };
  return kKnown;
}

std::vector<CodecParams> usable_codecs(const Section& section, bool transport_cc) {
  std::vector<CodecParams> out;
  for (const CodecLine& line : section.codecs) {
    const auto codec = carried_codec(line);
    if (!codec || (*codec == Codec::Opus) != (section.kind == "audio")) continue;
    CodecParams params;
    params.codec = *codec;
    params.payload_type = line.payload_type;
    params.clock_rate = line.clock_rate;
    params.channels = line.channels;
    params.fmtp = line.fmtp;
    params.rtx_payload_type = rtx_of(section, line.payload_type);
    if (*codec == Codec::Opus) params.red_payload_type = red_of(section, line.payload_type);
    read_feedback(line, transport_cc, params);
    out.push_back(std::move(params));
  }
  return out;
}

}  // namespace signaling::sdp

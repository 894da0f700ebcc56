#include "signaling/sdp/client.h"

#include <algorithm>

#include "signaling/sdp/parser.h"
#include "signaling/sdp/session.h"
#include "signaling/sdp/writer.h"

namespace signaling::sdp {

using media::Codec;
using media::CodecParams;
using media::Errc;
using media::Error;
using media::fail;
using media::MediaKind;
using media::Result;

namespace {

constexpr uint16_t kDiscardPort = 9;

void write_section(Writer& w, const ClientOffer& offer, const ClientSection& section) {
  const bool is_audio = section.kind == MediaKind::Audio;
  w.media(is_audio ? "audio" : "video", kDiscardPort, payload_types_of(section.codecs),
          media::Address{});
  w.transport(offer.ice, offer.fingerprint, offer.setup);
  w.line("a=mid:{}", section.mid);
  for (const KnownExtension& known : known_extensions()) {
    const uint8_t id = offer.extensions.*known.id;
    if (id != 0 && (is_audio ? known.audio : known.video)) w.extmap(id, known.uri);
  }
  w.line("a={}", section.sends ? "sendonly" : "recvonly");
  if (section.sends) w.line("a=msid:{} {}", offer.cname, section.mid);
  w.line("a=rtcp-mux");
  w.line("a=rtcp-rsize");
  w.codecs(section.codecs);
  for (const auto& pair : section.ssrcs) w.ssrcs(pair.media, pair.rtx, offer.cname, {});
  for (const std::string& rid : section.rids) w.line("a=rid:{} send", rid);
  if (!section.rids.empty()) w.line("a=simulcast:send {}", fmt::join(section.rids, ";"));
}

AnsweredSection read_section(const Section& section, const media::rtp::ExtensionMap& extensions) {
  AnsweredSection out;
  out.mid = section.mid;
  out.accepted = section.port != 0 && section.direction != Direction::Inactive;
  out.codecs = usable_codecs(section, extensions.transport_cc != 0);
  out.rids = section.simulcast_recv;
  const bool we_receive =
      section.direction == Direction::SendOnly || section.direction == Direction::SendRecv;
  if (!we_receive || section.ssrcs.empty()) return out;
  out.ssrc = media::Ssrc(section.ssrcs.front());
  for (const SsrcGroup& group : section.ssrc_groups) {
    if (group.semantics == "FID" && group.ssrcs.size() == 2) {
      out.ssrc = media::Ssrc(group.ssrcs[0]);
      out.rtx_ssrc = media::Ssrc(group.ssrcs[1]);
      break;
    }
  }
  return out;
}

void read_extensions(const Section& section, media::rtp::ExtensionMap& out) {
  for (const ExtmapLine& line : section.extmaps) {
    for (const KnownExtension& known : known_extensions()) {
      if (known.uri == line.uri) out.*known.id = line.id;
    }
  }
}

}  // namespace

CodecParams client_codec(Codec codec) {
  CodecParams p;
  p.codec = codec;
  p.transport_cc = true;
  if (codec == Codec::Opus) {
    p.payload_type = 111;
    p.channels = 2;
    p.fmtp = "minptime=10;useinbandfec=1";
    return p;
  }
  p.clock_rate = 90000;
  p.nack = p.pli = p.fir = true;
  switch (codec) {
    case Codec::Vp9:
      p.payload_type = 98;
      p.fmtp = "profile-id=0";
      break;
    case Codec::H264:
      p.payload_type = 102;
      p.fmtp = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
      break;
    case Codec::Av1:
      p.payload_type = 45;
      p.fmtp = "profile=0";
      break;
    default:
      p.payload_type = 96;
      break;
  }
  p.rtx_payload_type = static_cast<uint8_t>(p.payload_type + 1);
  return p;
}

media::rtp::ExtensionMap client_extensions() {
  media::rtp::ExtensionMap map;
  uint8_t id = 1;
  for (const KnownExtension& known : known_extensions()) map.*known.id = id++;
  return map;
}

std::string build_offer(const ClientOffer& offer) {
  std::vector<std::string> bundle;
  for (const ClientSection& section : offer.sections) bundle.push_back(section.mid);
  Writer w;
  w.session(offer.session_id, false, true, bundle);
  for (const ClientSection& section : offer.sections) write_section(w, offer, section);
  return w.take();
}

Result<ClientAnswer> parse_answer(std::string_view text) {
  const auto session = parse(text);
  if (!session) return tl::unexpected<Error>(session.error());
  ClientAnswer out;
  out.ice_lite = session->ice_lite;
  const Section* first = nullptr;
  bool has_candidate = false;
  for (const Section& section : session->sections) {
    if (section.port != 0) {
      if (first == nullptr) first = &section;
      read_extensions(section, out.extensions);
    }
    for (const std::string& candidate : section.candidates) {
      const auto address = parse_candidate(candidate);
      if (!address) continue;
      if (address->transport == media::Transport::Tcp) {
        if (!out.tcp_candidate) out.tcp_candidate = *address;
        continue;
      }
      if (has_candidate) continue;
      out.candidate = *address;
      has_candidate = true;
    }
  }
  if (first == nullptr) return fail(Errc::Unsupported, "the answer accepts no section");
  if (!first->ice) return fail(Errc::Malformed, "a=ice-ufrag and a=ice-pwd are missing");
  if (!first->fingerprint) return fail(Errc::Malformed, "a=fingerprint with sha-256 is missing");
  if (!has_candidate) return fail(Errc::Malformed, "a=candidate is missing");
  out.remote_ice = *first->ice;
  out.remote_fingerprint = *first->fingerprint;
  out.server_is_dtls_client = first->setup == "active";
  for (const Section& section : session->sections)
    out.sections.push_back(read_section(section, out.extensions));
  return out;
}

}  // namespace signaling::sdp

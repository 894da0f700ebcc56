#include "signaling/sdp/parser.h"

#include <algorithm>
#include <array>

#include "signaling/sdp/text.h"

namespace signaling::sdp {

using media::Errc;
using media::Error;
using media::fail;
using media::Result;

namespace {

constexpr size_t kMaxName = 64;  // mids and rids that anybody uses are shorter than 16
// RFC 8839 section 5.4: ufrag 4..256, password 22..256 characters.
constexpr size_t kMinUfrag = 4;
constexpr size_t kMinPassword = 22;
constexpr size_t kMaxIceText = 256;

using MaybeError = std::optional<Error>;

// What may stand at session level and holds for all sections that do not say otherwise.
struct Level {
  std::string ufrag;
  std::string password;
  std::optional<media::Fingerprint> fingerprint;
  bool has_other_fingerprint = false;
  std::string setup;
  std::optional<Direction> direction;
};

std::optional<Direction> direction_of(std::string_view name) {
  if (name == "sendrecv") return Direction::SendRecv;
  if (name == "sendonly") return Direction::SendOnly;
  if (name == "recvonly") return Direction::RecvOnly;
  if (name == "inactive") return Direction::Inactive;
  return std::nullopt;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// "AB:CD:..." of exactly 32 bytes.
std::optional<media::Fingerprint> parse_sha256(std::string_view text) {
  media::Fingerprint out{};
  if (text.size() != out.size() * 3 - 1) return std::nullopt;
  for (size_t i = 0; i < out.size(); ++i) {
    const int high = hex_digit(text[3 * i]);
    const int low = hex_digit(text[3 * i + 1]);
    if (high < 0 || low < 0 || (i + 1 < out.size() && text[3 * i + 2] != ':')) return std::nullopt;
    out[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return out;
}

MaybeError read_fingerprint(std::string_view value, Level& level) {
  const std::string_view hash = take_until(value, ' ');
  if (!equals_ignoring_case(hash, "sha-256")) {
    level.has_other_fingerprint = true;
    return std::nullopt;
  }
  const auto digest = parse_sha256(value);
  if (!digest) return Error{Errc::Malformed, "a=fingerprint"};
  level.fingerprint = digest;
  return std::nullopt;
}

CodecLine* codec_of(Section& section, std::string_view payload_type) {
  const auto number = parse_number<uint8_t>(payload_type);
  if (!number) return nullptr;
  const auto found = std::find_if(section.codecs.begin(), section.codecs.end(),
                                  [&](const CodecLine& c) { return c.payload_type == *number; });
  return found == section.codecs.end() ? nullptr : &*found;
}

// Lines about payload types that the m-line does not name are skipped: some encoders leave them
// behind.
MaybeError read_rtpmap(std::string_view value, Section& section) {
  CodecLine* codec = codec_of(section, take_until(value, ' '));
  if (codec == nullptr) return std::nullopt;
  codec->name = std::string(take_until(value, '/'));
  const auto rate = parse_number<uint32_t>(take_until(value, '/'));
  if (codec->name.empty() || !rate) return Error{Errc::Malformed, "a=rtpmap"};
  codec->clock_rate = *rate;
  if (!value.empty()) {
    const auto channels = parse_number<uint8_t>(value);
    if (!channels) return Error{Errc::Malformed, "a=rtpmap"};
    codec->channels = *channels;
  }
  return std::nullopt;
}

MaybeError read_fmtp(std::string_view value, Section& section) {
  if (CodecLine* codec = codec_of(section, take_until(value, ' ')))
    codec->fmtp = std::string(value);
  return std::nullopt;
}

void add_feedback(CodecLine& codec, std::string_view value) {
  if (codec.feedback.size() < kMaxFeedback) codec.feedback.emplace_back(value);
}

MaybeError read_feedback(std::string_view value, Section& section) {
  const std::string_view payload_type = take_until(value, ' ');
  if (payload_type == "*") {
    for (CodecLine& codec : section.codecs) add_feedback(codec, value);
  } else if (CodecLine* codec = codec_of(section, payload_type)) {
    add_feedback(*codec, value);
  }
  return std::nullopt;
}

MaybeError read_extmap(std::string_view value, Section& section) {
  std::string_view id_text = take_until(value, ' ');
  const std::string_view id = take_until(id_text, '/');  // what follows is the direction
  const auto number = parse_number<uint32_t>(id);
  const std::string_view uri = take_until(value, ' ');
  if (!number || *number == 0 || uri.empty()) return Error{Errc::Malformed, "a=extmap"};
  // RFC 8285 section 5: 4096 and above are only placeholders.
  if (*number > 255) return std::nullopt;
  if (section.extmaps.size() == kMaxExtmaps) return Error{Errc::TooLarge, "too many a=extmap"};
  section.extmaps.push_back({static_cast<uint8_t>(*number), std::string(uri)});
  return std::nullopt;
}

MaybeError read_rid(std::string_view value, Section& section) {
  const std::string_view rid = take_until(value, ' ');
  const std::string_view direction = take_until(value, ' ');
  if (!is_token(rid) || rid.size() > kMaxName || (direction != "send" && direction != "recv")) {
    return Error{Errc::Malformed, "a=rid"};
  }
  if (section.rids.size() == kMaxRids) return Error{Errc::TooLarge, "too many a=rid"};
  section.rids.push_back({std::string(rid), direction == "send"});
  return std::nullopt;
}

// RFC 8853 section 5.1: "send q;h,h2;~f recv ..."; of alternatives we take the first.
MaybeError read_simulcast(std::string_view value, Section& section) {
  while (!value.empty()) {
    const std::string_view direction = take_until(value, ' ');
    std::string_view streams = take_until(value, ' ');
    if (direction.empty() && streams.empty()) continue;
    if (direction != "send" && direction != "recv") return Error{Errc::Malformed, "a=simulcast"};
    auto& list = direction == "send" ? section.simulcast_send : section.simulcast_recv;
    while (!streams.empty()) {
      std::string_view alternatives = take_until(streams, ';');
      std::string_view rid = take_until(alternatives, ',');
      if (!rid.empty() && rid.front() == '~') rid.remove_prefix(1);
      if (!is_token(rid) || rid.size() > kMaxName) return Error{Errc::Malformed, "a=simulcast"};
      if (list.size() == kMaxRids) return Error{Errc::TooLarge, "too many simulcast streams"};
      list.emplace_back(rid);
    }
  }
  return std::nullopt;
}

MaybeError read_ssrc(std::string_view value, Section& section) {
  const auto ssrc = parse_number<uint32_t>(take_until(value, ' '));
  if (!ssrc) return Error{Errc::Malformed, "a=ssrc"};
  if (std::find(section.ssrcs.begin(), section.ssrcs.end(), *ssrc) != section.ssrcs.end())
    return std::nullopt;
  if (section.ssrcs.size() == kMaxSsrcs) return Error{Errc::TooLarge, "too many a=ssrc"};
  section.ssrcs.push_back(*ssrc);
  return std::nullopt;
}

MaybeError read_ssrc_group(std::string_view value, Section& section) {
  SsrcGroup group;
  group.semantics = std::string(take_until(value, ' '));
  while (!value.empty()) {
    const auto ssrc = parse_number<uint32_t>(take_until(value, ' '));
    if (!ssrc) return Error{Errc::Malformed, "a=ssrc-group"};
    if (group.ssrcs.size() == kMaxSsrcs) return Error{Errc::TooLarge, "too many in a=ssrc-group"};
    group.ssrcs.push_back(*ssrc);
  }
  if (section.ssrc_groups.size() == kMaxSsrcs)
    return Error{Errc::TooLarge, "too many a=ssrc-group"};
  section.ssrc_groups.push_back(std::move(group));
  return std::nullopt;
}

MaybeError read_mid(std::string_view value, Section& section) {
  if (!is_token(value) || value.size() > kMaxName) return Error{Errc::Malformed, "a=mid"};
  section.mid = std::string(value);
  return std::nullopt;
}

MaybeError read_candidate(std::string_view value, Section& section) {
  if (section.candidates.size() < kMaxCandidates) section.candidates.emplace_back(value);
  return std::nullopt;
}

MaybeError read_msid(std::string_view value, Section& section) {
  section.msid = std::string(value);
  return std::nullopt;
}

struct SectionAttribute {
  std::string_view name;
  MaybeError (*read)(std::string_view value, Section& section);
};
constexpr std::array<SectionAttribute, 11> kSectionAttributes = {{
    {"rtpmap", read_rtpmap},
    {"rtcp-fb", read_feedback},
    {"fmtp", read_fmtp},
    {"extmap", read_extmap},
    {"ssrc", read_ssrc},
    {"ssrc-group", read_ssrc_group},
    {"candidate", read_candidate},
    {"mid", read_mid},
    {"rid", read_rid},
    {"simulcast", read_simulcast},
    {"msid", read_msid},
}};

class Parser {
 public:
  MaybeError line(std::string_view text) {
    if (text.size() < 2 || text[1] != '=') return Error{Errc::Malformed, "not a type=value line"};
    const std::string_view value = text.substr(2);
    if (!seen_version_) {
      if (text != "v=0") return Error{Errc::Unsupported, "does not begin with v=0"};
      seen_version_ = true;
      return std::nullopt;
    }
    switch (text[0]) {
      case 'm':
        return open_section(value);
      case 'a':
        return attribute(value);
      case 'o':
        session_.origin = std::string(value);
        return std::nullopt;
      default:
        return std::nullopt;
    }
  }

  Result<Session> finish() {
    if (!seen_version_) return fail(Errc::Malformed, "empty session description");
    for (size_t i = 0; i < session_.sections.size(); ++i) {
      if (const auto error = close_section(session_.sections[i], levels_[i])) {
        return tl::unexpected<Error>(*error);
      }
    }
    return std::move(session_);
  }

 private:
  MaybeError open_section(std::string_view value) {
    if (session_.sections.size() == kMaxSections) return Error{Errc::TooLarge, "too many sections"};
    Section section;
    section.kind = std::string(take_until(value, ' '));
    std::string_view port = take_until(value, ' ');
    const auto number = parse_number<uint16_t>(take_until(port, '/'));
    section.protocol = std::string(take_until(value, ' '));
    if (!is_token(section.kind) || !number || section.protocol.empty())
      return Error{Errc::Malformed, "m="};
    section.port = *number;
    const bool is_rtp = section.kind == "audio" || section.kind == "video";
    while (is_rtp && !value.empty()) {
      const auto payload_type = parse_number<uint8_t>(take_until(value, ' '));
      if (!payload_type || *payload_type > 127) return Error{Errc::Malformed, "m= payload type"};
      if (section.codecs.size() == kMaxCodecs)
        return Error{Errc::TooLarge, "too many payload types"};
      if (codec_of(section, std::to_string(*payload_type)) != nullptr) continue;
      CodecLine codec;
      codec.payload_type = *payload_type;
      section.codecs.push_back(std::move(codec));
    }
    session_.sections.push_back(std::move(section));
    levels_.emplace_back();
    return std::nullopt;
  }

  MaybeError attribute(std::string_view value) {
    const std::string_view name = take_until(value, ':');
    Level& level = levels_.empty() ? session_level_ : levels_.back();
    if (const auto direction = direction_of(name)) {
      level.direction = direction;
      return std::nullopt;
    }
    if (name == "ice-ufrag" || name == "ice-pwd") {
      const bool is_ufrag = name == "ice-ufrag";
      if (!is_ice_text(value, is_ufrag ? kMinUfrag : kMinPassword, kMaxIceText)) {
        return Error{Errc::Malformed, "a=ice-ufrag or a=ice-pwd"};
      }
      (is_ufrag ? level.ufrag : level.password) = std::string(value);
      return std::nullopt;
    }
    if (name == "fingerprint") return read_fingerprint(value, level);
    if (name == "setup") {
      level.setup = std::string(value);
      return std::nullopt;
    }
    return levels_.empty() ? session_attribute(name, value)
                           : section_attribute(name, value, session_.sections.back());
  }

  MaybeError session_attribute(std::string_view name, std::string_view value) {
    if (name == "ice-lite") session_.ice_lite = true;
    if (name == "extmap-allow-mixed") session_.extmap_allow_mixed = true;
    if (name != "group" || take_until(value, ' ') != "BUNDLE" || !session_.bundle.empty())
      return std::nullopt;
    while (!value.empty()) {
      const std::string_view mid = take_until(value, ' ');
      if (session_.bundle.size() == kMaxSections)
        return Error{Errc::TooLarge, "too many mids in a=group"};
      if (!mid.empty()) session_.bundle.emplace_back(mid);
    }
    return std::nullopt;
  }

  static MaybeError section_attribute(std::string_view name, std::string_view value,
                                      Section& section) {
    if (name == "rtcp-mux") section.rtcp_mux = true;
    if (name == "bundle-only") section.bundle_only = true;
    for (const SectionAttribute& known : kSectionAttributes) {
      if (known.name == name) return known.read(value, section);
    }
    return std::nullopt;
  }

  MaybeError close_section(Section& section, const Level& own) const {
    const bool own_ice = !own.ufrag.empty() || !own.password.empty();
    const Level& ice = own_ice ? own : session_level_;
    if (ice.ufrag.empty() != ice.password.empty()) {
      return Error{Errc::Malformed, "a=ice-ufrag and a=ice-pwd come together"};
    }
    if (!ice.ufrag.empty()) section.ice = media::IceCredentials{ice.ufrag, ice.password};
    const bool own_hash = own.fingerprint || own.has_other_fingerprint;
    section.fingerprint = own_hash ? own.fingerprint : session_level_.fingerprint;
    section.has_other_fingerprint =
        own_hash ? own.has_other_fingerprint : session_level_.has_other_fingerprint;
    section.setup = own.setup.empty() ? session_level_.setup : own.setup;
    section.direction =
        own.direction.value_or(session_level_.direction.value_or(Direction::SendRecv));
    return std::nullopt;
  }

  Session session_;
  Level session_level_;
  std::vector<Level> levels_;  // parallel to session_.sections
  bool seen_version_ = false;
};

// One line of a fragment; of credentials and mid the first count.
MaybeError read_fragment_line(std::string_view line, media::IceCredentials& ice, IceFragment& out) {
  if (line.size() < 2 || line[1] != '=') return Error{Errc::Malformed, "not a type=value line"};
  std::string_view value = line.substr(2);
  if (line[0] != 'a') return std::nullopt;
  const std::string_view name = take_until(value, ':');
  if (name == "ice-ufrag" && ice.ufrag.empty()) {
    if (!is_ice_text(value, kMinUfrag, kMaxIceText)) return Error{Errc::Malformed, "a=ice-ufrag"};
    ice.ufrag = std::string(value);
  } else if (name == "ice-pwd" && ice.password.empty()) {
    if (!is_ice_text(value, kMinPassword, kMaxIceText)) return Error{Errc::Malformed, "a=ice-pwd"};
    ice.password = std::string(value);
  } else if (name == "mid" && out.mid.empty()) {
    if (!is_token(value) || value.size() > kMaxName) return Error{Errc::Malformed, "a=mid"};
    out.mid = std::string(value);
  } else if (name == "candidate" && out.candidates.size() < kMaxCandidates) {
    out.candidates.emplace_back(value);
  } else if (name == "end-of-candidates") {
    out.end_of_candidates = true;
  }
  return std::nullopt;
}

// Calls `visit` with each line, without its end; empty lines are skipped. Stops at the first error.
template <class Visit>
MaybeError for_each_line(std::string_view text, Visit&& visit) {
  if (text.size() > kMaxBytes) return Error{Errc::TooLarge, "session description too large"};
  for (size_t lines = 0; !text.empty(); ++lines) {
    if (lines == kMaxLines) return Error{Errc::TooLarge, "too many lines"};
    std::string_view line = take_until(text, '\n');
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    if (line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos) {
      return Error{Errc::Malformed, "control character in a line"};
    }
    if (const auto error = visit(line)) return error;
  }
  return std::nullopt;
}

}  // namespace

Result<Session> parse(std::string_view text) {
  Parser parser;
  if (const auto error =
          for_each_line(text, [&](std::string_view line) { return parser.line(line); })) {
    return tl::unexpected<Error>(*error);
  }
  return parser.finish();
}

Result<IceFragment> parse_fragment(std::string_view text) {
  IceFragment out;
  media::IceCredentials ice;
  const auto read = [&](std::string_view line) { return read_fragment_line(line, ice, out); };
  if (const auto error = for_each_line(text, read)) return tl::unexpected<Error>(*error);
  if (ice.ufrag.empty() != ice.password.empty()) {
    return fail(Errc::Malformed, "a=ice-ufrag and a=ice-pwd come together");
  }
  if (!ice.ufrag.empty()) out.ice = std::move(ice);
  return out;
}

Result<media::Address> parse_candidate(std::string_view text) {
  take_until(text, ' ');  // foundation
  const auto component = parse_number<uint16_t>(take_until(text, ' '));
  const std::string_view transport = take_until(text, ' ');
  const auto priority = parse_number<uint32_t>(take_until(text, ' '));
  const std::string ip(take_until(text, ' '));
  const auto port = parse_number<uint16_t>(take_until(text, ' '));
  if (!component || !priority || !port || take_until(text, ' ') != "typ") {
    return fail(Errc::Malformed, "a=candidate");
  }
  const bool is_tcp = equals_ignoring_case(transport, "tcp");
  if (*component != 1 || (!is_tcp && !equals_ignoring_case(transport, "udp"))) {
    return fail(Errc::Unsupported, "not a UDP or TCP candidate of component 1");
  }
  if (is_tcp && text.find("tcptype passive") == std::string_view::npos)
    return fail(Errc::Unsupported, "a TCP candidate that nobody can connect to");
  auto address = media::Address::parse(ip, *port);
  if (!address) return fail(Errc::Unsupported, "a=candidate without a numeric address");
  if (is_tcp) address->transport = media::Transport::Tcp;
  return address;
}

}  // namespace signaling::sdp

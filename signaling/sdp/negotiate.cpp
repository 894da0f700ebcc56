#include "signaling/sdp/negotiate.h"

#include <algorithm>
#include <array>

#include "signaling/sdp/parser.h"
#include "signaling/sdp/text.h"
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

constexpr size_t kMaxSlotName = 32;
constexpr uint16_t kDiscardPort = 9;

struct NamedUse {
  std::string_view name;
  Use use;
};
constexpr std::array<NamedUse, 5> kUseNames = {{{"microphone", Use::Microphone},
                                                {"camera", Use::Camera},
                                                {"screen", Use::Screen},
                                                {"screen-audio", Use::ScreenAudio},
                                                {"slot", Use::Slot}}};

bool is_slot_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !name.empty() && name.size() <= kMaxSlotName &&
         std::all_of(name.begin(), name.end(), fits);
}

bool is_media(const Section& s) {
  return s.kind == "audio" || s.kind == "video";
}
bool peer_sends(const Section& s) {
  return s.direction == Direction::SendOnly || s.direction == Direction::SendRecv;
}
bool peer_receives(const Section& s) {
  return s.direction == Direction::RecvOnly || s.direction == Direction::SendRecv;
}
bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool is_permitted(Use use, const Permits& permits) {
  switch (use) {
    case Use::Microphone:
      return permits.microphone;
    case Use::Camera:
      return permits.camera;
    case Use::Screen:
      return permits.screen;
    case Use::ScreenAudio:
      return permits.screen_audio;
    case Use::Board:
      return permits.board;
    case Use::Slot:
      return permits.slots;
  }
  return false;
}

media::Source source_of(Use use) {
  switch (use) {
    case Use::Camera:
      return media::Source::Camera;
    case Use::Screen:
      return media::Source::Screen;
    case Use::ScreenAudio:
      return media::Source::ScreenAudio;
    case Use::Board:
      return media::Source::Board;
    default:
      return media::Source::Microphone;
  }
}

bool use_fits_kind(Use use, const Section& section) {
  if (use == Use::Slot) return is_media(section);
  const bool is_sound = use == Use::Microphone || use == Use::ScreenAudio;
  return section.kind == (is_sound ? "audio" : "video");
}

// Names in use for three layers and their order. Offers list them either way round (browser
// examples low first, encoders often high first); other names keep the offered order until the
// pictures' sizes tell.
std::vector<std::string> lowest_first(const std::vector<std::string>& rids) {
  constexpr std::array<std::array<std::string_view, 3>, 4> kSchemes = {
      {{"q", "h", "f"}, {"l", "m", "h"}, {"low", "mid", "high"}, {"low", "medium", "high"}}};
  for (const auto& scheme : kSchemes) {
    const auto rank = [&](const std::string& rid) {
      return std::find(scheme.begin(), scheme.end(), rid);
    };
    if (!std::all_of(rids.begin(), rids.end(),
                     [&](const auto& r) { return rank(r) != scheme.end(); }))
      continue;
    auto sorted = rids;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    return sorted;
  }
  return rids;
}

// Rids that the offer both declares and puts into its simulcast line.
std::vector<std::string> offered_rids(const Section& section) {
  std::vector<std::string> out;
  for (const std::string& rid : section.simulcast_send) {
    const bool declared = std::any_of(section.rids.begin(), section.rids.end(),
                                      [&](const RidLine& r) { return r.send && r.rid == rid; });
    if (declared && !contains(out, rid) && rid.size() <= 16) out.push_back(rid);
  }
  return out;
}

std::vector<media::PublishedSection::SsrcPair> ssrc_pairs(const Section& section) {
  std::vector<media::PublishedSection::SsrcPair> out;
  const auto group_of = [&](uint32_t ssrc) -> const SsrcGroup* {
    for (const SsrcGroup& g : section.ssrc_groups) {
      const bool in = std::find(g.ssrcs.begin(), g.ssrcs.end(), ssrc) != g.ssrcs.end();
      if (g.semantics == "FID" && g.ssrcs.size() == 2 && in) return &g;
    }
    return nullptr;
  };
  for (const uint32_t ssrc : section.ssrcs) {
    const SsrcGroup* group = group_of(ssrc);
    if (group != nullptr && group->ssrcs[1] == ssrc) continue;
    media::PublishedSection::SsrcPair pair;
    pair.media = media::Ssrc(ssrc);
    if (group != nullptr) pair.rtx = media::Ssrc(group->ssrcs[1]);
    out.push_back(pair);
  }
  return out;
}

// What we, as the receiver, ask of the encoder (RFC 7587 section 6.1): in-band FEC always, since
// lines lose packets; stereo only where the offer knows it.
std::string opus_answer_fmtp(const std::string& offered) {
  return format_parameter(offered, "stereo") == "1" ? "minptime=10;useinbandfec=1;stereo=1"
                                                    : "minptime=10;useinbandfec=1";
}

class Negotiation {
 public:
  Negotiation(const Session& offer, const std::vector<SectionUse>& uses, const Permits& permits,
              const ServerFacts& facts)
      : offer_(offer),
        uses_(uses),
        permits_(permits),
        facts_(facts),
        plan_(offer.sections.size()) {}

  Result<Negotiated> run() {
    if (const auto error = assign_uses()) return tl::unexpected<Error>(*error);
    accept_sections();
    if (const auto error = check_transport()) return tl::unexpected<Error>(*error);
    accept_extensions();
    fill_in();
    out_.answer = write_answer();
    return std::move(out_);
  }

 private:
  enum class Verdict : uint8_t { Rejected, Inactive, Published, Slot };
  struct Plan {
    const SectionUse* use = nullptr;
    Verdict verdict = Verdict::Rejected;
    std::vector<CodecParams> codecs;
    std::vector<KnownExtension> extensions;
    std::vector<std::string> rids;  // as offered
    size_t index = 0;               // in out_.published or out_.slots
  };

  std::optional<Error> assign_uses() {
    for (const Section& section : offer_.sections) {
      if (section.mid.empty()) return Error{Errc::Malformed, "section without a=mid"};
      if (contains(out_.mids, section.mid)) return Error{Errc::Malformed, "a=mid given twice"};
      out_.mids.push_back(section.mid);
    }
    std::vector<std::string> names;
    std::array<bool, static_cast<size_t>(Use::Board) + 1> taken{};
    for (const SectionUse& use : uses_) {
      const auto found = std::find(out_.mids.begin(), out_.mids.end(), use.mid);
      if (found == out_.mids.end())
        return Error{Errc::Malformed, "use for a mid that is not offered"};
      const auto at = static_cast<size_t>(found - out_.mids.begin());
      if (plan_[at].use != nullptr) return Error{Errc::Conflict, "two uses for one section"};
      if (!use_fits_kind(use.use, offer_.sections[at]))
        return Error{Errc::Malformed, "use does not fit its section"};
      if (use.use == Use::Slot) {
        if (!is_slot_name(use.slot)) return Error{Errc::Malformed, "bad slot name"};
        if (contains(names, use.slot)) return Error{Errc::Conflict, "slot named twice"};
        if (names.size() == kMaxSlots) return Error{Errc::TooLarge, "too many slots"};
        names.push_back(use.slot);
      } else if (std::exchange(taken[static_cast<size_t>(use.use)], true)) {
        return Error{Errc::Conflict, "source used twice"};
      }
      plan_[at].use = &use;
    }
    return std::nullopt;
  }

  void accept_sections() {
    for (size_t i = 0; i < plan_.size(); ++i) {
      const Section& section = offer_.sections[i];
      Plan& plan = plan_[i];
      if (!is_media(section)) continue;
      plan.codecs = usable_codecs(section, true);
      if (!facts_.codecs.red) {
        for (CodecParams& codec : plan.codecs) codec.red_payload_type.reset();
      }
      const bool offered = section.port != 0 || section.bundle_only;
      const bool bundled = contains(offer_.bundle, section.mid) && section.rtcp_mux;
      const bool wanted =
          plan.use != nullptr && offered && is_permitted(plan.use->use, permits_) &&
          (plan.use->use == Use::Slot ? peer_receives(section) : peer_sends(section));
      if (wanted) {
        plan.verdict = plan.use->use == Use::Slot ? Verdict::Slot : Verdict::Published;
        if (plan.verdict == Verdict::Published && section.kind == "video") prefer(plan.codecs);
      } else if (offered && bundled && !plan.codecs.empty()) {
        plan.verdict = Verdict::Inactive;
      }
    }
  }

  // Leaves what the policy takes from publishers, its first choice first; several formats of one
  // codec stay in the peer's order.
  void prefer(std::vector<CodecParams>& codecs) const {
    std::vector<CodecParams> out;
    for (const Codec wanted : facts_.codecs.video) {
      for (const CodecParams& codec : codecs) {
        if (codec.codec == wanted) out.push_back(codec);
      }
    }
    codecs = std::move(out);
  }

  // The transport of the whole BUNDLE is that of the first section that is not rejected (RFC 9143
  // section 7.3).
  std::optional<Error> check_transport() {
    const Section* first = nullptr;
    for (size_t i = 0; i < plan_.size(); ++i) {
      const Section& section = offer_.sections[i];
      const Plan& plan = plan_[i];
      if (plan.verdict == Verdict::Rejected) continue;
      if (!contains(offer_.bundle, section.mid))
        return Error{Errc::Unsupported, "all sections must be in one BUNDLE group"};
      if (!section.rtcp_mux) return Error{Errc::Unsupported, "a=rtcp-mux is required"};
      if (plan.codecs.empty())
        return Error{Errc::Unsupported,
                     "no codec in common: opus, VP8, H264 (packetization-mode=1), VP9 or AV1, as "
                     "far as this server takes them"};
      if (first == nullptr) first = &section;
    }
    if (first == nullptr) return Error{Errc::Unsupported, "no section that can be used"};
    if (!first->ice) return Error{Errc::Malformed, "a=ice-ufrag and a=ice-pwd are missing"};
    if (!first->fingerprint) {
      return first->has_other_fingerprint
                 ? Error{Errc::Unsupported, "a=fingerprint must be sha-256"}
                 : Error{Errc::Malformed, "a=fingerprint is missing"};
    }
    // RFC 8842 section 5.3: who may choose is the DTLS server here, so that it is the peer that
    // tries until its datagrams get through; who offers to be the server finds a client.
    if (first->setup != "actpass" && first->setup != "active" && first->setup != "passive")
      return Error{Errc::Unsupported, "a=setup must be actpass, active or passive"};
    out_.starts_dtls = first->setup == "passive";
    out_.remote_ice = *first->ice;
    out_.remote_fingerprint = *first->fingerprint;
    return std::nullopt;
  }

  void accept_extensions() {
    std::array<const KnownExtension*, 256> owner{};
    for (size_t i = 0; i < plan_.size(); ++i) {
      if (plan_[i].verdict == Verdict::Rejected) continue;
      for (const ExtmapLine& line : offer_.sections[i].extmaps) {
        for (const KnownExtension& known : known_extensions()) {
          if (known.uri != line.uri) continue;
          if (known.uri == kDependencyDescriptorUri && !offer_.extmap_allow_mixed) continue;
          uint8_t& id = out_.extensions.*known.id;
          const bool is_free = id == 0 && owner[line.id] == nullptr && line.id != 15;
          if (is_free) {
            id = line.id;
            owner[line.id] = &known;
          }
          if (id == line.id && owner[line.id] == &known) plan_[i].extensions.push_back(known);
        }
      }
    }
  }

  void fill_in() {
    for (size_t i = 0; i < plan_.size(); ++i) {
      Plan& plan = plan_[i];
      const bool has_transport_cc = std::any_of(
          plan.extensions.begin(), plan.extensions.end(),
          [](const KnownExtension& e) { return e.id == &media::rtp::ExtensionMap::transport_cc; });
      for (CodecParams& codec : plan.codecs)
        codec.transport_cc = codec.transport_cc && has_transport_cc;
      if (plan.verdict == Verdict::Published) publish(offer_.sections[i], plan);
      if (plan.verdict == Verdict::Slot) open_slot(offer_.sections[i], plan);
    }
  }

  void publish(const Section& section, Plan& plan) {
    media::PublishedSection p;
    p.track = facts_.next_track();
    p.mid = section.mid;
    p.kind = section.kind == "audio" ? MediaKind::Audio : MediaKind::Video;
    p.source = source_of(plan.use->use);
    p.codecs = plan.codecs;
    p.max_bps = p.kind == MediaKind::Audio ? facts_.rates.sound_bps : facts_.rates.picture_bps;
    // Without the rid extension on the wire, layers could not be told apart.
    if (p.kind == MediaKind::Video && out_.extensions.rid != 0) plan.rids = offered_rids(section);
    p.rids = lowest_first(plan.rids);
    if (plan.rids.empty()) p.ssrcs = ssrc_pairs(section);
    plan.index = out_.published.size();
    out_.published.push_back(std::move(p));
  }

  void open_slot(const Section& section, Plan& plan) {
    media::ReceiveSection r;
    r.slot = facts_.next_slot();
    r.mid = section.mid;
    r.kind = section.kind == "audio" ? MediaKind::Audio : MediaKind::Video;
    r.codecs = plan.codecs;
    r.ssrc = facts_.next_ssrc();
    r.rtx_ssrc = facts_.next_ssrc();
    plan.index = out_.slots.size();
    out_.slots.push_back(std::move(r));
    out_.slot_names.push_back(plan.use->slot);
  }

  [[nodiscard]] std::string write_answer() const {
    std::vector<std::string> bundle;
    for (size_t i = 0; i < plan_.size(); ++i) {
      if (plan_[i].verdict != Verdict::Rejected) bundle.push_back(out_.mids[i]);
    }
    Writer w;
    w.session(facts_.session_id, true, offer_.extmap_allow_mixed, bundle);
    bool first = true;
    for (size_t i = 0; i < plan_.size(); ++i) {
      if (plan_[i].verdict == Verdict::Rejected) {
        write_rejected(w, offer_.sections[i]);
      } else {
        write_section(w, offer_.sections[i], plan_[i], std::exchange(first, false));
      }
    }
    return w.take();
  }

  // RFC 9429 section 5.3.1: the m-line stays in its place, with port 0 and one of the offered
  // formats.
  void write_rejected(Writer& w, const Section& section) const {
    if (is_media(section)) {
      const uint8_t format =
          section.codecs.empty() ? uint8_t{0} : section.codecs.front().payload_type;
      w.media(section.kind, 0, {format}, facts_.candidate);
    } else {
      w.line("m={} 0 {} {}", section.kind, section.protocol,
             section.kind == "application" ? "webrtc-datachannel" : "0");
      w.line("c=IN IP4 0.0.0.0");
    }
    w.line("a=mid:{}", section.mid);
    w.line("a=inactive");
  }

  void write_section(Writer& w, const Section& section, const Plan& plan, bool is_first) const {
    std::vector<CodecParams> codecs = plan.codecs;
    for (CodecParams& c : codecs) {
      if (c.codec == Codec::Opus) c.fmtp = opus_answer_fmtp(c.fmtp);
    }
    w.media(section.kind, is_first ? facts_.candidate.port : kDiscardPort, payload_types_of(codecs),
            facts_.candidate);
    w.transport(facts_.ice, facts_.fingerprint, out_.starts_dtls ? "active" : "passive");
    if (is_first) {
      w.line("{}", candidate_line(facts_.candidate));
      if (facts_.tcp) w.line("{}", tcp_candidate_line(facts_.candidate));
      w.line("a=end-of-candidates");
    }
    w.line("a=mid:{}", section.mid);
    for (const KnownExtension& e : plan.extensions) w.extmap(out_.extensions.*e.id, e.uri);
    w.line("a={}", plan.verdict == Verdict::Published ? "recvonly"
                   : plan.verdict == Verdict::Slot    ? "sendonly"
                                                      : "inactive");
    if (plan.verdict == Verdict::Slot) write_msid(w, plan);
    w.line("a=rtcp-mux");
    w.line("a=rtcp-mux-only");  // RFC 9725 section 4.4.1
    w.line("a=rtcp-rsize");
    w.codecs(codecs);
    if (plan.verdict == Verdict::Slot) write_sources(w, plan);
    for (const std::string& rid : plan.rids) w.line("a=rid:{} recv", rid);
    if (!plan.rids.empty()) w.line("a=simulcast:recv {}", fmt::join(plan.rids, ";"));
  }

  void write_msid(Writer& w, const Plan& plan) const {
    const std::string& name = out_.slot_names[plan.index];
    w.line("a=msid:{}", msid_of(name));
  }

  void write_sources(Writer& w, const Plan& plan) const {
    const media::ReceiveSection& r = out_.slots[plan.index];
    const std::string& name = out_.slot_names[plan.index];
    const bool has_rtx = std::any_of(r.codecs.begin(), r.codecs.end(), [](const CodecParams& c) {
      return c.rtx_payload_type.has_value();
    });
    w.ssrcs(r.ssrc, has_rtx ? std::optional(r.rtx_ssrc) : std::nullopt, facts_.cname,
            msid_of(name));
  }

  [[nodiscard]] std::string msid_of(const std::string& slot) const {
    return (facts_.stream.empty() ? slot : facts_.stream) + " " + slot;
  }

  const Session& offer_;
  const std::vector<SectionUse>& uses_;
  const Permits& permits_;
  const ServerFacts& facts_;
  std::vector<Plan> plan_;  // parallel to offer_.sections
  Negotiated out_;
};

// The credentials that an offer means for the sections that `previous` did not reject.
const Section* transport_section(const Negotiated& previous, const Session& offer) {
  for (const Section& section : offer.sections) {
    if (section.ice && section.fingerprint == previous.remote_fingerprint) return &section;
  }
  return nullptr;
}

}  // namespace

Result<Use> parse_use(std::string_view text) {
  for (const NamedUse& known : kUseNames) {
    if (known.name == text) return known.use;
  }
  return fail(Errc::Malformed, "unknown use of a section");
}

Result<Negotiated> negotiate(const Session& offer, const std::vector<SectionUse>& uses,
                             const Permits& permits, const ServerFacts& facts) {
  return Negotiation(offer, uses, permits, facts).run();
}

std::vector<SectionUse> derive_uses(const Session& offer, const std::string& video_slot,
                                    PublishAs as) {
  std::vector<SectionUse> out;
  std::vector<Use> audio = {Use::Microphone, Use::ScreenAudio};
  std::vector<Use> video = {Use::Camera, Use::Screen};
  if (as == PublishAs::Board) {
    audio.clear();
    video = {Use::Board};
  } else if (as == PublishAs::Courseware) {
    audio = {Use::ScreenAudio};
    video = {Use::Screen};
  }
  // A player that asks for more than one of a kind gets the called class's voice, and the picture
  // that the first one does not show.
  std::vector<std::string> sound_slots = {"voice-teacher", "voice-0"};
  std::vector<std::string> picture_slots = {video_slot,
                                            video_slot == "screen" ? "teacher" : "screen"};
  for (const Section& section : offer.sections) {
    if (!is_media(section) || section.mid.empty()) continue;
    const bool is_audio = section.kind == "audio";
    if (peer_sends(section)) {
      auto& left = is_audio ? audio : video;
      if (left.empty()) continue;
      out.push_back({section.mid, left.front(), {}});
      left.erase(left.begin());
    } else if (peer_receives(section)) {
      auto& left = is_audio ? sound_slots : picture_slots;
      if (left.empty()) continue;
      out.push_back({section.mid, Use::Slot, left.front()});
      left.erase(left.begin());
    }
  }
  return out;
}

Result<Restarted> restart(const Negotiated& previous, const Session& offer,
                          const media::IceCredentials& local) {
  const bool same_mids = std::equal(offer.sections.begin(), offer.sections.end(),
                                    previous.mids.begin(), previous.mids.end(),
                                    [](const Section& s, const auto& mid) { return s.mid == mid; });
  if (!same_mids) return fail(Errc::Conflict, "an ICE restart must keep the sections");
  const Section* section = transport_section(previous, offer);
  if (section == nullptr) return fail(Errc::Conflict, "an ICE restart must keep the certificate");
  if (section->ice->ufrag == previous.remote_ice.ufrag)
    return fail(Errc::Conflict, "an ICE restart needs a new a=ice-ufrag");

  Restarted out;
  out.remote_ice = *section->ice;
  std::string_view rest = previous.answer;
  while (!rest.empty()) {
    std::string_view line = take_until(rest, '\n');
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const auto starts_with = [&](std::string_view head) {
      return line.substr(0, head.size()) == head;
    };
    if (starts_with("a=ice-ufrag:")) {
      out.answer += "a=ice-ufrag:" + local.ufrag;
    } else if (starts_with("a=ice-pwd:")) {
      out.answer += "a=ice-pwd:" + local.password;
    } else if (starts_with("o=- ")) {
      // RFC 9429 section 5.3.2: same session, next version.
      std::string_view fields = line.substr(4);
      const std::string id(take_until(fields, ' '));
      const uint64_t version = parse_number<uint64_t>(take_until(fields, ' ')).value_or(0) + 1;
      out.answer += fmt::format("o=- {} {} {}", id, version, fields);
    } else {
      out.answer += line;
    }
    out.answer += "\r\n";
  }
  return out;
}

std::string build_fragment(const media::IceCredentials& local, const media::Address& candidate,
                           const std::string& mid, bool tcp) {
  Writer w;
  w.line("a=ice-lite");
  w.line("{}", kIceOptions);
  w.line("a=ice-ufrag:{}", local.ufrag);
  w.line("a=ice-pwd:{}", local.password);
  w.line("m=audio 9 UDP/TLS/RTP/SAVPF 0");  // RFC 8840 section 9: a pseudo m-line carries the mid
  if (!mid.empty()) w.line("a=mid:{}", mid);
  w.line("{}", candidate_line(candidate));
  if (tcp) w.line("{}", tcp_candidate_line(candidate));
  w.line("a=end-of-candidates");
  return w.take();
}

}  // namespace signaling::sdp

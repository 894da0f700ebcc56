// The server's answer to a browser's, an encoder's or a player's one offer (RFC 9429, RFC 9725): which sections we
// receive, which slots we send, with which codecs and extensions. Pure: identifiers come from the caller.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "media/base/address.h"
#include "media/base/ids.h"
#include "media/base/model.h"
#include "media/base/result.h"
#include "media/rtp/extension_map.h"
#include "signaling/sdp/session.h"

namespace signaling::sdp {

// What the client wants one section of its offer to be.
enum class Use : uint8_t { Microphone, Camera, Screen, ScreenAudio, Slot };

struct SectionUse {
  std::string mid;
  Use use = Use::Microphone;
  std::string slot;  // name, with Use::Slot
};

// "microphone", "camera", "screen", "screen-audio", "slot" (PROTOCOL.md). Errors: Malformed.
media::Result<Use> parse_use(std::string_view text);

// What the offerer's role allows; what it may not do is answered inactive.
struct Permits {
  bool microphone = true;
  bool camera = true;
  bool screen = true;
  bool screen_audio = true;
  bool slots = true;
};

struct ServerFacts {
  media::IceCredentials ice;
  media::Fingerprint fingerprint{};
  media::Address candidate;  // the worker's UDP port
  uint64_t session_id = 1;   // for the o= line; anything that differs from answer to answer
  // Each call hands out a fresh, valid value.
  std::function<media::TrackId()> next_track;
  std::function<media::SlotId()> next_slot;
  std::function<media::Ssrc()> next_ssrc;
  // CNAME of everything we send to this peer (RFC 8834 section 4.9), a token.
  std::string cname = "tongke";
};

struct Negotiated {
  media::IceCredentials remote_ice;
  media::Fingerprint remote_fingerprint{};
  media::rtp::ExtensionMap extensions;
  std::vector<media::PublishedSection> published;
  std::vector<media::ReceiveSection> slots;
  std::vector<std::string> slot_names;  // parallel to slots
  std::vector<std::string> mids;        // of the whole offer, in order
  std::string answer;
};

// `uses` may name any part of the offer's mids, in any order; sections that it leaves out are answered inactive.
// Errors: Malformed (no ICE credentials, no fingerprint, mids missing or repeated, a use for an unknown mid or of
// the wrong kind or direction), Unsupported (no BUNDLE over all sections in use, no rtcp-mux, no sha-256, nothing in
// common in a section that the client wants), TooLarge (a limit of the plan, see kMaxPublished and kMaxSlots),
// Conflict (one use or slot name twice, extension identifiers that contradict each other).
inline constexpr size_t kMaxPublished = 4;  // one of each source
inline constexpr size_t kMaxSlots = 24;     // 5 for sound, 3 + 12 for pictures (PROTOCOL.md), and some
media::Result<Negotiated> negotiate(const Session& offer, const std::vector<SectionUse>& uses,
                                    const Permits& permits, const ServerFacts& facts);

// WHIP and WHEP send no uses: what we send (recvonly there) becomes slots, the first audio section "voice-teacher",
// the first video section `video_slot`; what they send becomes by order: first audio = microphone, first video =
// camera, second video = screen, second audio = screen sound. Other sections are left out.
std::vector<SectionUse> derive_uses(const Session& offer, const std::string& video_slot);

// ICE restart over the same connection (RFC 9429 section 5.3.1): the same mids, a new ufrag.
struct Restarted {
  media::IceCredentials remote_ice;
  std::string answer;
};
// `local` are fresh credentials. Errors: Conflict (other mids, another fingerprint, or the old ufrag), Malformed.
media::Result<Restarted> restart(const Negotiated& previous, const Session& offer,
                                 const media::IceCredentials& local);

// The same by WHIP PATCH (RFC 9725 section 4.3.2): our side of the restart as a fragment.
std::string build_fragment(const media::IceCredentials& local, const media::Address& candidate,
                           const std::string& mid);

}  // namespace signaling::sdp

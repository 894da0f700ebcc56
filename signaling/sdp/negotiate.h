// The server's answer to a browser's, an encoder's or a player's one offer (RFC 9429, RFC 9725):
// which sections we receive, which slots we send, with which codecs and extensions. Pure:
// identifiers come from the caller.
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
enum class Use : uint8_t { Microphone, Camera, Screen, ScreenAudio, Slot, Board };

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
  bool board = true;
  bool slots = true;
};

// What publishers are asked to send. Everyone who watches must decode it, so codecs that old and
// weak devices decode come first; a codec that is not listed is not taken from anyone.
struct CodecPolicy {
  std::vector<media::Codec> video = {media::Codec::Vp8, media::Codec::H264, media::Codec::Vp9,
                                     media::Codec::Av1};
  // Sound with its recent past repeated in each packet (RFC 2198): lost packets are not heard, for
  // twice the voice's bit rate.
  bool red = true;
  bool operator==(const CodecPolicy&) const = default;
};

// What a publisher may send, in bits per second; 0: as much as the media plane takes. It is not
// written into answers (b=TIAS): browsers would take the limit of a picture for its aim.
struct RateLimits {
  int64_t picture_bps = 0;  // all layers of a camera, screen or board
  int64_t sound_bps = 0;
};

struct ServerFacts {
  media::IceCredentials ice;
  media::Fingerprint fingerprint{};
  media::Address candidate;  // the worker's UDP port
  bool tcp = false;          // it takes TCP too
  CodecPolicy codecs;
  RateLimits rates;
  uint64_t session_id = 1;  // for the o= line; anything that differs from answer to answer
  // Each call hands out a fresh, valid value.
  std::function<media::TrackId()> next_track;
  std::function<media::SlotId()> next_slot;
  std::function<media::Ssrc()> next_ssrc;
  // CNAME of everything we send to this peer (RFC 8834 section 4.9), a token.
  std::string cname = "tongke";
  // One MediaStream for all slots, a token: a WHEP player shows the first stream that it gets (WHEP
  // draft section 4.5.2). Empty: each slot is a stream of its own name, as our pages expect.
  std::string stream = {};
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
  bool starts_dtls = false;  // a=setup:passive was offered: we are the DTLS client
};

inline constexpr size_t kMaxSlots = 24;  // 5 for sound, 3 + 12 for pictures (PROTOCOL.md), and some

// `uses` may name any part of the offer's mids, in any order. Answered inactive: sections that it
// leaves out, that the permits forbid, or whose direction does not fit their use. Rejected (port
// 0): data channels, and inactive sections in which nothing is in common. One identifier for two
// extensions (aiortc does so across sections): the first section that names it wins, the other
// extension is not used. Errors: Malformed (ICE credentials, fingerprint or mid missing, a mid
// twice, a use for an unknown mid or of the wrong kind, a slot name that is not 1..32 of a-z, 0-9
// and "-"), Unsupported (a section in use outside the BUNDLE group or without rtcp-mux, no sha-256,
// no a=setup of RFC 8842 section 5, no codec in common), TooLarge (over kMaxSlots), Conflict (one
// section, source or slot name used twice).
media::Result<Negotiated> negotiate(const Session& offer, const std::vector<SectionUse>& uses,
                                    const Permits& permits, const ServerFacts& facts);

// WHIP and WHEP send no uses: what we send (recvonly there) becomes slots, the first audio section
// "voice-teacher", the second "voice-0" (whoever else is called), the first video section
// `video_slot`, the second the one of "teacher" and "screen" that the first is not; what they send
// becomes by order: first audio = microphone, first video = camera, second video = screen, second
// audio = screen sound. A publisher that is a board camera sends one picture and no sound, one that
// is the courseware the screen and its sound. Other sections are left out.
enum class PublishAs : uint8_t { Teacher, Board, Courseware };
std::vector<SectionUse> derive_uses(const Session& offer, const std::string& video_slot,
                                    PublishAs as = PublishAs::Teacher);

// ICE restart over the same connection (RFC 9429 section 5.3.1): the same mids, a new ufrag.
struct Restarted {
  media::IceCredentials remote_ice;
  std::string answer;
};
// `local` are fresh credentials. The caller keeps the result in `previous`.
// Errors: Conflict (other mids, another fingerprint, or the old ufrag), Malformed.
media::Result<Restarted> restart(const Negotiated& previous, const Session& offer,
                                 const media::IceCredentials& local);

// The same by WHIP PATCH (RFC 9725 section 4.3.2): our side of the restart as a fragment.
std::string build_fragment(const media::IceCredentials& local, const media::Address& candidate,
                           const std::string& mid, bool tcp = false);

}  // namespace signaling::sdp

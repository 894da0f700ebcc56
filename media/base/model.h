// What a connection is asked to carry: the plain structs that SDP negotiation fills in, the engine
// obeys and the facade hands through. No behaviour.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "media/base/ids.h"

namespace media {

enum class MediaKind : uint8_t { Audio, Video };
enum class Codec : uint8_t { Opus, Vp8, Vp9, H264, Av1 };
// What a published section shows; decides slots, allocation order and file names.
enum class Source : uint8_t { Microphone, Camera, Screen, ScreenAudio, Board };

struct IceCredentials {
  std::string ufrag;
  std::string password;
};

// SHA-256 of a DTLS certificate (RFC 8122).
using Fingerprint = std::array<uint8_t, 32>;

struct CodecParams {
  Codec codec = Codec::Opus;
  uint8_t payload_type = 0;
  std::optional<uint8_t> rtx_payload_type;  // RFC 4588 apt mapping
  std::optional<uint8_t> red_payload_type;  // Opus: of RED packets that carry it (RFC 2198)
  uint32_t clock_rate = 48000;
  uint8_t channels = 1;
  std::string fmtp;  // as offered, after "a=fmtp:<pt> "
  bool nack = false;
  bool pli = false;
  bool fir = false;
  bool transport_cc = false;
};

// A section in which the peer sends to us.
struct PublishedSection {
  TrackId track;
  std::string mid;
  MediaKind kind = MediaKind::Audio;
  Source source = Source::Microphone;
  std::vector<CodecParams> codecs;  // those we accepted, in the peer's order
  // Simulcast (RFC 8853) rids from lowest to highest resolution where known; empty without
  // simulcast.
  std::vector<std::string> rids;
  // From a=ssrc / a=ssrc-group:FID, when the offer names them; otherwise learned through mid and
  // rid.
  struct SsrcPair {
    Ssrc media;
    std::optional<Ssrc> rtx;
    // Which simulcast layer it is, where both ends agreed beforehand (a link between servers).
    std::optional<uint8_t> layer = std::nullopt;
  };
  std::vector<SsrcPair> ssrcs;
  // What was agreed that it sends, in bits per second, all layers together; 0: the kind's own
  // ceiling (sfu/policer.h). More is dropped where it comes in.
  int64_t max_bps = 0;
};

// What a watcher uses a slot for: a worker that cannot carry everything leaves the least missed out
// first (media/overload/relief.h).
enum class SlotUse : uint8_t {
  Main,       // the teacher
  Screen,     // courseware, and its sound
  Stage,      // the class that was called
  Thumbnail,  // a small picture among many
  OtherVoice  // whoever else is loud
};

// A section in which we send to the peer: one slot, its ssrc fixed for the life of the connection.
struct ReceiveSection {
  SlotId slot;
  std::string mid;
  MediaKind kind = MediaKind::Audio;
  SlotUse use = SlotUse::Main;
  std::vector<CodecParams> codecs;  // what the peer can decode; payload types are the peer's
  Ssrc ssrc;
  Ssrc rtx_ssrc;  // used when the chosen codec has rtx_payload_type
  // Carries this simulcast layer and no other: how a link between servers takes them all.
  std::optional<uint8_t> only_layer = std::nullopt;
};

// What a slot shows. monostate: nothing.
struct Loudest {  // the loudest audible rooms that no other slot of this peer carries, never the
                  // peer's own
  bool operator==(const Loudest&) const = default;
};
using SlotFeed = std::variant<std::monostate, TrackId, Loudest>;

// No limit: whatever the publisher sends and the line carries.
inline constexpr uint8_t kBestLayer = 255;

// How much of its source a video slot may show. `spatial`: the simulcast layer, or the spatial
// layer inside one SVC stream; `temporal`: the temporal layer, 0 is the lowest frame rate. {0, 0}
// is the least there is: what a thumbnail needs. A source without such layers is shown as it is.
struct LayerLimit {
  // Implicit: a number alone limits the picture's size and leaves its frame rate free.
  constexpr LayerLimit(uint8_t highest_spatial = kBestLayer,  // NOLINT(google-explicit-constructor)
                       uint8_t highest_temporal = kBestLayer)
      : spatial(highest_spatial), temporal(highest_temporal) {}
  uint8_t spatial;
  uint8_t temporal;
  bool operator==(const LayerLimit&) const = default;
};

}  // namespace media

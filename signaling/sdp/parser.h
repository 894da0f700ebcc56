// Text to Session and fragment of it (RFC 8866, RFC 8840). Total: any bytes give a value or a typed
// error.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/base/address.h"
#include "media/base/result.h"
#include "signaling/sdp/session.h"

namespace signaling::sdp {

// Bounds on what a stranger may make us parse. Chromium 156 writes 168 lines and 5.4 KB for each
// video section that it receives: a lesson with all 20 slots of PROTOCOL.md and 4 published
// sections comes to 2900 lines and 95 KB.
inline constexpr size_t kMaxBytes = size_t{128} * 1024;
inline constexpr size_t kMaxLines = 4000;
inline constexpr size_t kMaxSections = 64;
// Chromium offers 34 payload types per received video section, more with hardware codecs.
inline constexpr size_t kMaxCodecs = 64;
inline constexpr size_t kMaxFeedback = 16;  // per codec
inline constexpr size_t kMaxExtmaps = 32;
// A simulcast screen with RTX has 6.
inline constexpr size_t kMaxSsrcs = 16;
inline constexpr size_t kMaxCandidates = 64;
// RFC 8853 sets no limit; three layers are usual.
inline constexpr size_t kMaxRids = 8;

// Unknown lines and attributes are skipped; lines may end in CRLF or LF.
// Errors: TooLarge (a limit above), Malformed (with the line's kind), Unsupported (not "v=0").
media::Result<Session> parse(std::string_view text);

// Trickle ICE fragment, `application/trickle-ice-sdpfrag` (RFC 8840 section 9), as WHIP and WHEP
// PATCH carries it.
struct IceFragment {
  std::optional<media::IceCredentials> ice;  // present: may be an ICE restart
  std::string mid;                           // of the first m-line, may be empty
  std::vector<std::string> candidates;
  bool end_of_candidates = false;
};
media::Result<IceFragment> parse_fragment(std::string_view text);

// Numeric address and port of a UDP host candidate's text, as in Section::candidates.
// Errors: Malformed; Unsupported (TCP, a host name, another component than 1).
media::Result<media::Address> parse_candidate(std::string_view text);

}  // namespace signaling::sdp

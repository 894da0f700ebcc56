// Text to Session and fragment of it (RFC 8866, RFC 8840). Total: any bytes give a value or a typed error.
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

// Bounds on what a stranger may make us parse. A lesson's offer with 17 sections has about 900 lines, 30 KiB.
inline constexpr size_t kMaxBytes = 64 * 1024;
inline constexpr size_t kMaxLines = 2000;
inline constexpr size_t kMaxSections = 64;
// Chromium offers about 20 per video section, more with hardware codecs; what comes later is not read.
inline constexpr size_t kMaxCodecs = 32;
inline constexpr size_t kMaxExtmaps = 32;
// A simulcast screen with RTX has 6.
inline constexpr size_t kMaxSsrcs = 16;
inline constexpr size_t kMaxCandidates = 64;
// RFC 8853 sets no limit; three layers are usual.
inline constexpr size_t kMaxRids = 8;

// Unknown lines and attributes are skipped; lines may end in CRLF or LF.
// Errors: TooLarge (a limit above), Malformed (with the line's kind), Unsupported (not "v=0").
media::Result<Session> parse(std::string_view text);

// Trickle ICE fragment, `application/trickle-ice-sdpfrag` (RFC 8840 section 9), as WHIP and WHEP PATCH carries it.
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

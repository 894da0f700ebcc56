// How much a datagram matters where not all of them fit. Said at send time, because what is on the
// wire is encrypted.
#pragma once

#include <cstdint>

namespace media {

enum class Urgency : uint8_t {
  Picture,  // the first to be dropped: a later key frame makes it good
  Voice,
  Control,  // STUN, DTLS, RTCP: small, and without them the connection ends
};

}  // namespace media

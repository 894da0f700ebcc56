// Which protocol a datagram of one BUNDLEd 5-tuple belongs to, from its first two bytes.
#pragma once

#include <cstdint>

#include "media/base/bytes.h"

namespace media::rtp {

enum class Protocol : uint8_t { Rtp, Rtcp, Stun, Dtls, Unknown };

// RFC 7983 section 7 (first byte) and RFC 5761 section 4 (RTCP packet types 192..223 against RTP
// payload types). RTP is tested first because it is by far the most common.
inline Protocol protocol_of(ByteSpan datagram) {
  if (datagram.size() < 2) return Protocol::Unknown;
  const uint8_t first = datagram[0];
  if (first >= 128 && first <= 191) {
    return (datagram[1] >= 192 && datagram[1] <= 223) ? Protocol::Rtcp : Protocol::Rtp;
  }
  if (first <= 3) return Protocol::Stun;
  if (first >= 20 && first <= 63) return Protocol::Dtls;
  return Protocol::Unknown;
}

}  // namespace media::rtp

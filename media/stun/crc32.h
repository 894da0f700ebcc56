// CRC-32 of ITU V.42, as FINGERPRINT uses it (RFC 8489 section 14.7).
#pragma once

#include <cstdint>

#include "media/base/bytes.h"

namespace media::stun {

uint32_t crc32(ByteSpan bytes);

}  // namespace media::stun

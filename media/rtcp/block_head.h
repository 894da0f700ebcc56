// The 4-byte head that every RTCP block has (RFC 3550 section 6.4.1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "media/base/bytes.h"

namespace media::rtcp {

// `count` is the five-bit count or feedback format, `size` the block's bytes, a multiple of 4, head
// included.
inline void write_block_head(ByteWriter& out, size_t count, uint8_t packet_type, size_t size) {
  DCHECK(count < 32 && size % 4 == 0 && size >= 4);
  out.u8(static_cast<uint8_t>(0x80 | count));
  out.u8(packet_type);
  out.u16(static_cast<uint16_t>(size / 4 - 1));
}

}  // namespace media::rtcp

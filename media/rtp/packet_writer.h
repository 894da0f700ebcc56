// Builds RTP packets in a caller's buffer: once per forwarded packet and receiver, so no allocation
// and one pass.
#pragma once

#include <cstddef>
#include <cstdint>

#include "media/base/bytes.h"
#include "media/base/ids.h"
#include "media/rtp/extension_map.h"
#include "media/rtp/extensions.h"

namespace media::rtp {

struct Header {
  uint8_t payload_type = 0;
  bool marker = false;
  uint16_t sequence = 0;
  uint32_t timestamp = 0;
  Ssrc ssrc;
};

// Most that write_header can need: the fixed header, the extension head and every extension in the
// two-byte form, the dependency descriptor apart.
inline constexpr size_t kMaxHeaderSize = kFixedHeaderSize + 4 + 112;
// With the longest dependency descriptor and its head.
inline constexpr size_t kMaxHeaderWithDescriptor = kMaxHeaderSize + 2 + 255;

// Writes header and extensions; an extension is written when it is set and `map` gives it an
// identifier. Uses the one-byte form of RFC 8285 unless an identifier is above 14 or a dependency
// descriptor over 16 bytes long. Returns the header's size, 0 when `out` is too small.
size_t write_header(MutableByteSpan out, const Header& header, const Extensions& extensions,
                    const ExtensionMap& map);

struct Written {
  size_t header_size = 0;
  size_t size = 0;  // whole packet; 0 when it did not fit
};

// write_header, then `prefix` (a rewritten payload descriptor or an RTX original sequence number;
// may be empty), then `payload`. Neither may overlap `out`.
Written write_packet(MutableByteSpan out, const Header& header, const Extensions& extensions,
                     const ExtensionMap& map, ByteSpan prefix, ByteSpan payload);

// A packet of `padding` bytes of padding (1..255) and no payload: what bandwidth probes are made
// of.
Written write_padding(MutableByteSpan out, const Header& header, const Extensions& extensions,
                      const ExtensionMap& map, uint8_t padding);

}  // namespace media::rtp

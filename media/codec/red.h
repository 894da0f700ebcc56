// Redundant audio (RFC 2198): earlier blocks in front of the primary one, each named by a header.
#pragma once

#include <cstddef>
#include <cstdint>

#include "media/base/bytes.h"
#include "media/base/result.h"

namespace media::codec {

// More earlier blocks than any browser sends (Chromium: up to 9); bounds what one packet may cost.
inline constexpr size_t kMaxRedBlocks = 9;
// All headers of a packet: 4 bytes for each earlier block, 1 for the primary one.
inline constexpr size_t kMaxRedHeaders = 4 * kMaxRedBlocks + 1;

struct RedPayload {
  size_t header_size = 0;  // of all headers together
  size_t primary = 0;      // where the primary block begins; it ends with the payload
};

// `block_type` is the payload type that every block must have: blocks of other codecs are not
// carried. Errors: Truncated (headers or blocks run past the end, or nothing is left for the
// primary one), Malformed (a block of another payload type), TooLarge (over kMaxRedBlocks).
Result<RedPayload> parse_red(ByteSpan payload, uint8_t block_type);

// The headers with `block_type` in place of the sender's payload type. `headers` are those of a
// payload that parse_red took; `out` has as many bytes.
void rewrite_red(ByteSpan headers, uint8_t block_type, MutableByteSpan out);

}  // namespace media::codec

// VP8 payload descriptor (RFC 7741 section 4.2) and the frame header's beginning (RFC 6386
// section 9.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/codec/frame_info.h"

namespace media::codec {

// 1 + X + I(2) + L + T/K.
inline constexpr size_t kMaxVp8Descriptor = 6;

struct Vp8Descriptor {
  size_t size = 0;
  bool non_reference = false;
  bool starts_partition = false;
  uint8_t partition = 0;
  uint8_t picture_id_bits = 0;  // 0 (absent), 7 or 15
  uint16_t picture_id = 0;
  std::optional<uint8_t> tl0picidx;
  std::optional<uint8_t> temporal_id;
  bool layer_sync = false;
  std::optional<uint8_t> keyidx;
};

// Errors: Truncated when the descriptor, or the payload behind it, is cut off.
Result<Vp8Descriptor> parse_vp8_descriptor(ByteSpan payload);

// Errors: as above; Malformed when a key frame lacks its start code.
Result<FrameInfo> parse_vp8(ByteSpan payload, bool marker);

// Writes the descriptor of `payload` with new numbers. A picture id, where there is one, is always
// written with 15 bits: sources differ in width and a receiver's stream must not. `out` has
// kMaxVp8Descriptor bytes or more. Errors: Truncated (payload), TooLarge (out too small).
Result<DescriptorRewrite> rewrite_vp8(ByteSpan payload, const PictureNumbers& numbers,
                                      MutableByteSpan out);

}  // namespace media::codec

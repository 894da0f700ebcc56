// VP9 payload descriptor (RFC 9628 section 4.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/codec/frame_info.h"

namespace media::codec {

// The largest descriptor: flags, picture id, layers, TL0PICIDX, 3 references, and a scalability
// structure of 8 layers with 255 pictures of 3 references each.
inline constexpr size_t kMaxVp9Descriptor = 1 + 2 + 1 + 1 + 3 + 1 + 8 * 4 + 1 + 255 * 4;
// What rewrite_vp9 writes: everything up to and including TL0PICIDX; the rest stays where it is.
inline constexpr size_t kMaxVp9Rewrite = 1 + 2 + 1 + 1;

struct Vp9Descriptor {
  size_t size = 0;
  size_t rewritable = 0;                 // bytes up to and including TL0PICIDX
  bool inter_predicted = false;          // P
  bool flexible = false;                 // F
  bool starts_frame = false;             // B, of a spatial layer's frame
  bool ends_frame = false;               // E, of a spatial layer's frame
  bool not_reference_for_upper = false;  // Z
  uint8_t picture_id_bits = 0;
  uint16_t picture_id = 0;
  bool has_layers = false;  // L
  uint8_t temporal_id = 0;
  bool switching_up = false;  // U
  uint8_t spatial_id = 0;
  bool inter_layer = false;  // D
  std::optional<uint8_t> tl0picidx;
  uint8_t spatial_layers = 0;  // from the scalability structure; 0 when it is absent
  // From the scalability structure, highest layer; 0 when it is absent or says no sizes.
  uint16_t width = 0;
  uint16_t height = 0;
};

// Errors: Truncated; Malformed (more than 3 references, nothing behind the descriptor).
Result<Vp9Descriptor> parse_vp9_descriptor(ByteSpan payload);
Result<FrameInfo> parse_vp9(ByteSpan payload, bool marker);

// As rewrite_vp8; `out` has kMaxVp9Rewrite bytes or more.
Result<DescriptorRewrite> rewrite_vp9(ByteSpan payload, const PictureNumbers& numbers,
                                      MutableByteSpan out);

}  // namespace media::codec

// What a forwarding server must know of one video packet, whatever its codec. Read once at ingress.
#pragma once

#include <cstdint>
#include <optional>

#include "media/base/bytes.h"
#include "media/base/model.h"
#include "media/base/result.h"

namespace media::codec {

struct FrameInfo {
  // This packet belongs to a frame that needs no other: VP8 and VP9 tell it only in the packet that
  // starts the frame, H.264 in packets that carry a parameter set or (a piece of) an IDR picture.
  bool is_key_frame = false;
  // First packet of a frame (of a spatial layer's frame with VP9). With H.264 it may be true for
  // several packets of one frame: parameter sets and the slice that follows them.
  bool starts_frame = false;
  // Last packet of the frame (of all its spatial layers).
  bool ends_frame = false;
  // H.264: what stands in this packet, the first slice of an IDR picture, parameter sets.
  bool starts_idr = false;
  bool has_sequence_set = false;
  bool has_picture_set = false;
  [[nodiscard]] bool has_parameter_sets() const { return has_sequence_set && has_picture_set; }
  // No later frame refers to this one.
  bool is_discardable = false;
  uint8_t temporal_id = 0;
  uint8_t spatial_id = 0;
  // VP8 Y: this frame refers only to the base layer, so its temporal layer may begin with it. VP9
  // U: no later frame of a higher temporal layer refers to one before this picture.
  bool layer_sync = false;
  // Last packet of one spatial layer's frame; ends_frame ends the whole picture.
  bool ends_layer = false;
  bool inter_predicted = false;  // VP9 P: refers to earlier pictures
  bool inter_layer = false;      // VP9 D: refers to the spatial layer below, in the same picture
  // Spatial layers of the stream, in a packet that carries its scalability structure; 0 elsewhere.
  uint8_t spatial_layers = 0;
  // 7 or 15 bits wide as picture_id_bits says; 0 bits when absent.
  uint8_t picture_id_bits = 0;
  uint16_t picture_id = 0;
  std::optional<uint8_t> tl0picidx;
  std::optional<uint8_t> keyidx;  // VP8 only, 5 bits
  // Of the picture, when this packet starts a key frame that shows it (VP8; VP9 with a scalability
  // structure: the highest spatial layer; H.264 with an SPS). 0 otherwise.
  uint16_t width = 0;
  uint16_t height = 0;
};

// Dispatches to parse_vp8, parse_vp9, parse_h264 or parse_av1; Opus packets are each a whole "key
// frame". `payload` without padding, `marker` of the RTP header. Errors: those of the codec's
// parser.
Result<FrameInfo> parse_frame(Codec codec, ByteSpan payload, bool marker);

// New numbers for a packet's payload descriptor, so that a receiver sees one unbroken stream across
// layer switches. Only what the descriptor already carries is replaced.
struct PictureNumbers {
  uint16_t picture_id = 0;  // 15 bits; 16 as the frame number of a dependency descriptor
  uint8_t tl0picidx = 0;
  uint8_t keyidx = 0;  // 5 bits, VP8 only
};

// A descriptor written anew: `written` bytes stand in the caller's buffer for the first `consumed`
// bytes of the payload.
struct DescriptorRewrite {
  size_t consumed = 0;
  size_t written = 0;
};

}  // namespace media::codec

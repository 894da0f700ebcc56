// AV1 payloads: the aggregation header of the RTP payload format for AV1 (AOM, section 4.4). What a
// frame refers to and which layers it belongs to stands in the dependency descriptor, not here.
// What recordings need of the coded stream itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/codec/frame_info.h"

namespace media::codec {

// A key frame is what starts a coded video sequence (N). Errors: Truncated (no OBU behind the
// header, an element that runs past the end), Malformed (N together with Z: a sequence cannot begin
// in the middle of an OBU).
Result<FrameInfo> parse_av1(ByteSpan payload, bool marker);

// OBU types (AV1 bitstream specification, section 6.2.2).
enum class ObuType : uint8_t {
  SequenceHeader = 1,
  TemporalDelimiter = 2,
  TileList = 8,
  Padding = 15,
};

// One OBU, with or without a size field of its own.
struct Obu {
  uint8_t header = 0;                // first byte, the size flag cleared
  std::optional<uint8_t> extension;  // temporal and spatial layer
  ByteSpan payload;
  [[nodiscard]] ObuType type() const { return static_cast<ObuType>((header >> 3U) & 15U); }
};
// Errors: Truncated (nothing there, or the size runs past the end), Malformed (forbidden bit).
Result<Obu> parse_obu(ByteSpan bytes);

// What a file says of the stream once (sections 5.5.1 and 5.5.2).
struct Av1Sequence {
  uint8_t profile = 0;
  uint8_t level = 0;  // seq_level_idx of the first operating point
  bool high_tier = false;
  bool high_bit_depth = false;
  bool monochrome = false;
  uint8_t chroma_position = 0;
  uint16_t width = 0;  // the largest that the stream shows
  uint16_t height = 0;
};
// `payload` of a sequence header OBU. Errors: Truncated, Unsupported (a profile other than main).
Result<Av1Sequence> parse_av1_sequence(ByteSpan payload);

// A length in seven bits a byte (section 4.10.5), `out` grown by it.
void append_leb128(size_t value, std::vector<uint8_t>& out);

// What an RTP payload carries of OBUs (AV1 RTP payload format, section 4.4): elements, the first
// and the last of which may be pieces.
struct Av1Elements {
  static constexpr size_t kMaxElements = 64;  // of one packet; more would be 20 bytes each
  bool first_continues = false;               // Z
  bool last_continues = false;                // Y
  bool starts_sequence = false;               // N
  size_t count = 0;
  std::array<ByteSpan, kMaxElements> elements;
};
// Errors: as parse_av1; TooLarge (over kMaxElements).
Result<Av1Elements> read_av1_elements(ByteSpan payload);

}  // namespace media::codec

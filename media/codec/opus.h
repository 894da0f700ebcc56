// Opus packets (RFC 6716 section 3).
#pragma once

#include <cstdint>

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/base/time.h"

namespace media::codec {

enum class OpusMode : uint8_t { Silk, Hybrid, Celt };

struct OpusPacket {
  OpusMode mode = OpusMode::Silk;
  uint8_t channels = 1;
  uint8_t frames = 1;       // 1..48
  Duration frame_duration;  // 2.5 to 60 ms
  [[nodiscard]] Duration duration() const { return frame_duration * frames; }
};

// Reads the TOC byte and the frame count. Errors: Truncated (empty, or no count byte), Malformed
// (no frames, or more than 120 ms, RFC 6716 section 3.2.5).
Result<OpusPacket> parse_opus(ByteSpan payload);

}  // namespace media::codec

// H.264 payloads (RFC 6184): single NAL units, STAP-A and FU-A, as packetization-mode 1 allows.
#pragma once

#include <cstdint>

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/codec/frame_info.h"

namespace media::codec {

// NAL unit types (ITU-T H.264 table 7-1, RFC 6184 section 5.2).
enum class NalType : uint8_t {
  Slice = 1,
  Idr = 5,
  Sei = 6,
  Sps = 7,
  Pps = 8,
  Delimiter = 9,
  StapA = 24,
  FuA = 28,
};

// Errors: Truncated (an aggregated unit runs past the end, no NAL header), Malformed (forbidden
// bit, empty unit), Unsupported (STAP-B, MTAP, FU-B: only in packetization-mode 2).
Result<FrameInfo> parse_h264(ByteSpan payload, bool marker);

struct PictureSize {
  uint16_t width = 0;
  uint16_t height = 0;
  bool operator==(const PictureSize&) const = default;
};

// Cropped size from a sequence parameter set (ITU-T H.264 section 7.3.2.1), `nal` with its header
// byte. Errors: Truncated, Malformed, Unsupported (not an SPS), TooLarge (over 16384 either way).
Result<PictureSize> parse_sps_size(ByteSpan nal);

}  // namespace media::codec

// H.264 payloads (RFC 6184): single NAL units, STAP-A and FU-A, as packetization-mode 1 allows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

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

// The parameter sets of one stream as it sent them last: what a decoder must have before an IDR
// picture. Some encoders send them once, at the beginning. Owner: sfu::IngressLayer.
class ParameterSets {
 public:
  // Encoders use one or two picture parameter sets; together with the other they fit one packet.
  static constexpr size_t kMaxPictureSets = 4;
  static constexpr size_t kMaxUnit = 256;

  // Keeps the sets that stand in `payload`, one that parse_h264 took. True when they changed. A
  // unit over kMaxUnit or one set too many is left out.
  bool note(ByteSpan payload);
  // Both kinds are there.
  [[nodiscard]] bool is_complete() const { return !sequence_set_.empty() && !pictures_.empty(); }
  // All of them in one RTP payload (STAP-A, RFC 6184 section 5.7.1).
  [[nodiscard]] std::vector<uint8_t> payload() const;

 private:
  bool note_unit(ByteSpan unit);

  std::vector<uint8_t> sequence_set_;
  struct PictureSet {
    uint32_t id = 0;
    std::vector<uint8_t> unit;
  };
  std::vector<PictureSet> pictures_;
};

struct PictureSize {
  uint16_t width = 0;
  uint16_t height = 0;
  bool operator==(const PictureSize&) const = default;
};

// Cropped size from a sequence parameter set (ITU-T H.264 section 7.3.2.1), `nal` with its header
// byte. Errors: Truncated, Malformed, Unsupported (not an SPS), TooLarge (over 16384 either way).
Result<PictureSize> parse_sps_size(ByteSpan nal);

}  // namespace media::codec

// Puts whole frames together again from RTP payloads in order (RFC 7741, RFC 9628, RFC 6184, RFC
// 7587, AV1 RTP payload format). A frame with a missing packet is dropped whole; what follows it is
// kept.
//
// Pure; owner: one recorded track.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/model.h"
#include "media/base/time.h"

namespace media::pipelines {

struct Frame {
  std::vector<uint8_t>
      data;  // VP8/VP9 frame, Opus packet, H.264 access unit of NAL units with 4-byte lengths, or
             // AV1 temporal unit of OBUs with sizes, without its delimiter
  int64_t rtp = 0;  // unwrapped timestamp
  bool is_key = false;
  // Of the picture in key frames; 0 otherwise.
  uint16_t width = 0;
  uint16_t height = 0;
  Duration duration;  // Opus only
};

class FrameAssembler {
 public:
  // Larger frames are dropped: an unending frame must not eat the memory. A 4K key frame is below 2
  // MB.
  static constexpr size_t kMaxFrame = size_t{4} * 1024 * 1024;

  explicit FrameAssembler(Codec codec) : codec_(codec) {}

  // The next packet in order of sequence; `gap_before` when packets directly before it are missing.
  // Returns a frame when this packet completes one.
  std::optional<Frame> push(ByteSpan payload, int64_t rtp, bool marker, bool gap_before);

  // H.264: the AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 5.3.3.1.2) of the parameter
  // sets seen last; empty until both are known.
  [[nodiscard]] std::vector<uint8_t> avc_config() const;

  // AV1: the AV1CodecConfigurationRecord (AV1 in ISO base media file format, section 2.3.3) of the
  // sequence header seen last; empty before one was.
  [[nodiscard]] std::vector<uint8_t> av1_config() const;

  // Frames and packets given up because something of them was missing or malformed.
  [[nodiscard]] uint64_t dropped() const { return dropped_; }

 private:
  std::optional<Frame> push_opus(ByteSpan payload, int64_t rtp);
  std::optional<Frame> push_vpx(ByteSpan payload, int64_t rtp, bool marker);
  std::optional<Frame> push_h264(ByteSpan payload, int64_t rtp, bool marker);
  std::optional<Frame> push_av1(ByteSpan payload, int64_t rtp, bool marker);
  bool append_av1(ByteSpan payload);
  bool append_obu(ByteSpan bytes);
  bool append_h264(ByteSpan payload);
  void append_unit(ByteSpan unit);
  std::optional<Frame> complete();
  void abandon();
  [[nodiscard]] bool append(ByteSpan bytes);

  Codec codec_;
  std::optional<Frame> partial_;
  // H.264 has no mark for the first packet of a frame: after a loss the rest of that timestamp is
  // skipped.
  std::optional<int64_t> skip_rtp_;
  bool fragment_open_ = false;  // inside an FU-A
  size_t fragment_at_ = 0;      // where its length stands
  bool lost_sync_ = false;
  std::vector<uint8_t> sps_;
  std::vector<uint8_t> pps_;
  std::vector<uint8_t> obu_;              // AV1: the pieces of one so far
  std::vector<uint8_t> sequence_header_;  // AV1: the OBU, with its size
  uint64_t dropped_ = 0;
};

// Size of the picture from a VP9 key frame's uncompressed header (VP9 bitstream specification
// section 6.2); width 0 when `frame` is not a key frame.
struct Vp9Size {
  uint16_t width = 0;
  uint16_t height = 0;
};
Vp9Size read_vp9_size(ByteSpan frame);

}  // namespace media::pipelines

// The stream's sound: Opus voices decoded, mixed on one time line, encoded as AAC-LC, mono: a
// lesson is speech, and 64 kbit/s pass where a picture does not. Owner and thread: Broadcast.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/base/time.h"
#include "media/hls/gst_pipe.h"
#include "media/hls/packager.h"
#include "media/hls/sound_line.h"

struct OpusDecoder;

namespace media::hls {

class SoundDesk {
 public:
  static constexpr unsigned kBitrate = 64'000;
  // Samples between a sound in a frame's input and the same sound out of a decoder that leaves
  // nothing out: the encoder's look-ahead and the transform's overlap. A click through voaacenc and
  // faad comes 1606 samples late.
  static constexpr int64_t kEncoderDelay = 1600;
  // Lost packets that the decoder makes up for; longer gaps are silence.
  static constexpr int64_t kMaxConcealed = 5;

  static Outcome<std::unique_ptr<SoundDesk>> make();
  ~SoundDesk();
  SoundDesk(const SoundDesk&) = delete;
  SoundDesk& operator=(const SoundDesk&) = delete;

  // One Opus packet of a voice, in order; `missing` packets directly before it were lost.
  void on_packet(uint32_t voice, ByteSpan packet, int64_t missing, Duration at);
  // Encodes up to `until`.
  void produce(Duration until);
  std::vector<AacFrame> take();
  [[nodiscard]] const std::optional<AudioFormat>& format() const { return format_; }
  std::string failure() { return encoder_->failure(); }

 private:
  struct DecoderDeleter {
    void operator()(OpusDecoder* decoder) const;
  };
  explicit SoundDesk(std::unique_ptr<GstPipe> encoder) : encoder_(std::move(encoder)) {}

  std::unique_ptr<GstPipe> encoder_;
  std::map<uint32_t, std::unique_ptr<OpusDecoder, DecoderDeleter>> decoders_;
  SoundLine line_;
  std::optional<AudioFormat> format_;
  int64_t frames_out_ = 0;
};

}  // namespace media::hls

// The synthetic master teacher: a moving picture with a clock as VP8 simulcast, a speech-like voice
// as Opus, sent as a browser would send them: sender reports, key frames on request,
// retransmissions, header extensions.
//
// Told the time; owner and thread: one caller, who calls produce() when next_due() has come.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/ids.h"
#include "media/base/result.h"
#include "media/base/time.h"
#include "media/client/encoders.h"
#include "media/client/outgoing_stream.h"
#include "media/client/synthetic_picture.h"
#include "media/client/synthetic_voice.h"

namespace media::client {

class SyntheticTeacher {
 public:
  // One encoded size, lowest first; sizes halve from the largest one down.
  struct Layer {
    std::string rid;  // empty without simulcast
    Ssrc ssrc;
    Ssrc rtx_ssrc;
  };
  struct Params {
    rtp::ExtensionMap extensions;
    std::string audio_mid;
    std::string video_mid;
    uint8_t opus_payload_type = 111;
    uint8_t vp8_payload_type = 96;
    std::optional<uint8_t> rtx_payload_type;
    Ssrc audio_ssrc;
    std::vector<Layer> layers;   // 1 to 3; the last is 1280x720
    unsigned fps = 30;           // 1 to 30
    bool grain = false;          // pictures that need the encoders' whole rate
    int64_t ntp_offset_us = 0;   // Instant to microseconds since 1900
    int64_t wall_offset_us = 0;  // Instant to microseconds of the shown clock's day
  };

  static Outcome<std::unique_ptr<SyntheticTeacher>> make(Params params, Instant start);

  // Sends what is due. When the caller comes late, pictures are skipped, sound never.
  void produce(Instant now, const PacketSink& sink);
  [[nodiscard]] Instant next_due() const;
  // Receiver's feedback: PLI and FIR make key frames, NACK is answered over RTX.
  void on_rtcp(Instant now, ByteSpan compound, const PacketSink& sink);
  // The next picture of every layer will be a key frame.
  void request_key_frames();

  [[nodiscard]] uint64_t frames() const { return frames_; }
  [[nodiscard]] uint64_t key_frames() const { return key_frames_; }
  [[nodiscard]] uint64_t retransmissions() const;

 private:
  struct VideoLayer {
    std::unique_ptr<Vp8Encoder> encoder;
    Vp8Packetizer packetizer{1};
    OutgoingStream stream;
    bool wants_key = true;
    std::optional<uint8_t> last_fir;
  };

  SyntheticTeacher(Params params, Instant start, std::unique_ptr<OpusVoiceEncoder> voice_encoder);
  Outcome<void> add_layers();
  void produce_sound(Instant now, const PacketSink& sink);
  void produce_picture(Instant now, const PacketSink& sink);
  VideoLayer* layer_of(Ssrc ssrc);

  Params params_;
  ConnectionState connection_;
  Instant start_;
  SyntheticVoice voice_;
  std::unique_ptr<OpusVoiceEncoder> voice_encoder_;
  OutgoingStream audio_;
  SyntheticPicture picture_;
  std::vector<Picture> scaled_;  // smaller layers, lowest first
  std::vector<VideoLayer> layers_;
  int64_t next_sound_ = 0;    // in frames of 20 ms
  int64_t next_picture_ = 0;  // in pictures
  Instant next_report_;
  uint64_t frames_ = 0;
  uint64_t key_frames_ = 0;
};

}  // namespace media::client

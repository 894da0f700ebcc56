// Sends pictures and sound as a browser would: VP8 simulcast and Opus over one connection, with
// sender reports, key frames on request and retransmissions. Where they come from is its owner's
// business: SyntheticTeacher draws them, signaling/ingest reads them from a device.
//
// What it costs, fixed by its constants: one libvpx thread, real-time speed 12 to 16. Told the
// time; owner and thread: one caller.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/ids.h"
#include "media/base/result.h"
#include "media/base/time.h"
#include "media/base/units.h"
#include "media/client/encoders.h"
#include "media/client/outgoing_stream.h"
#include "media/client/synthetic_picture.h"

namespace media::client {

class Publisher {
 public:
  // One encoded size, lowest first; sizes halve from the largest one down.
  struct Layer {
    std::string rid;  // empty without simulcast
    Ssrc ssrc;
    Ssrc rtx_ssrc;
  };
  static constexpr size_t kMaxLayers = 3;

  struct Params {
    rtp::ExtensionMap extensions;
    std::string cname = "tongke-client";
    std::string audio_mid;
    std::string video_mid;
    uint8_t opus_payload_type = 111;
    uint8_t vp8_payload_type = 96;
    std::optional<uint8_t> rtx_payload_type;
    Ssrc audio_ssrc;
    std::vector<Layer> layers;  // 1 to kMaxLayers
    unsigned fps = 30;          // 1 to 30: what pictures are expected
    // Every second picture of the lowest of several layers is left out: enough for a thumbnail.
    bool slow_lowest = false;
    DataRate voice_rate = DataRate::kilobits_per_second(32);
    int64_t ntp_offset_us = 0;  // Instant to microseconds since 1900
  };
  static Outcome<std::unique_ptr<Publisher>> make(Params params, Instant start);

  // Makes the encoders for pictures of this size; send_picture() does it by itself. Errors: libvpx
  // refuses.
  Outcome<void> prepare(int width, int height);
  // Even width and height. A new size starts new encoders. Errors: libvpx refuses.
  Outcome<void> send_picture(Instant now, Instant captured, const Picture& picture,
                             const PacketSink& sink);
  // Mono, 48 kHz, any number of samples.
  void send_sound(Instant now, Instant captured, std::span<const int16_t> samples,
                  const PacketSink& sink);
  // Sender reports when due.
  void on_tick(Instant now, const PacketSink& sink);
  // PLI and FIR make key frames, NACK is answered over RTX.
  void on_rtcp(Instant now, ByteSpan compound, const PacketSink& sink);

  // The next picture of every layer will be a key frame.
  void request_key_frames();
  // When on_tick() has something to send.
  [[nodiscard]] Instant next_report() const { return has_sent() ? next_report_ : Instant::never(); }

  // Layers that are sent for a picture of this size: those at least 160 wide, one at least.
  static size_t layer_count(int width);
  [[nodiscard]] uint64_t pictures() const { return pictures_; }
  [[nodiscard]] uint64_t key_frames() const { return key_frames_; }
  [[nodiscard]] uint64_t retransmissions() const;

 private:
  struct Sent {
    std::unique_ptr<Vp8Encoder> encoder;
    Vp8Packetizer packetizer{1};
    OutgoingStream stream;
    bool wants_key = true;
    std::optional<uint8_t> last_fir;
  };
  Publisher(Params params, Instant start, std::unique_ptr<OpusVoiceEncoder> voice);
  // Before media nobody would know whose report it is.
  [[nodiscard]] bool has_sent() const { return audio_.packets() > 0 || pictures_ > 0; }
  Sent* layer_of(Ssrc ssrc);

  Params params_;
  ConnectionState connection_;
  Instant start_;
  std::unique_ptr<OpusVoiceEncoder> voice_;
  OutgoingStream audio_;
  std::vector<int16_t> held_;  // less than an Opus frame
  Instant held_from_;
  std::vector<Sent> layers_;  // one for each of the params, lowest first
  std::vector<Picture> scaled_;
  size_t active_ = 0;  // layers of the present size: the first `active_`
  int width_ = 0;
  int height_ = 0;
  uint64_t pictures_ = 0;
  uint64_t key_frames_ = 0;
  Instant next_report_;
};

}  // namespace media::client

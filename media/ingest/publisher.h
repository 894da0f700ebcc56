// Sends decoded pictures and sound as a browser would: VP8 simulcast and Opus over one connection,
// with sender reports, key frames on request and retransmissions.
//
// What it costs, fixed by its constants: one libvpx thread, real-time speed 12 to 16; the lower
// layers at half the frame rate. Told the time; owner and thread: one caller.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/base/time.h"
#include "media/client/encoders.h"
#include "media/client/outgoing_stream.h"
#include "media/client/synthetic_picture.h"

namespace media::ingest {

// rids of the offer, lowest first.
inline constexpr std::array<const char*, 3> kRids = {"q", "h", "f"};

class Publisher {
 public:
  struct Params {
    rtp::ExtensionMap extensions;
    std::string audio_mid;
    std::string video_mid;
    uint8_t opus_payload_type = 111;
    uint8_t vp8_payload_type = 96;
    std::optional<uint8_t> rtx_payload_type;
    Ssrc audio_ssrc;
    std::array<Ssrc, kRids.size()> video_ssrcs;
    std::array<Ssrc, kRids.size()> rtx_ssrcs;
    int64_t ntp_offset_us = 0;  // Instant to microseconds since 1900
  };
  static Outcome<std::unique_ptr<Publisher>> make(Params params, Instant start);

  // Even width and height. A new size starts new encoders. Errors: libvpx refuses.
  Outcome<void> send_picture(Instant now, Instant captured, const client::Picture& picture,
                             const client::PacketSink& sink);
  // Mono, 48 kHz, any number of samples.
  void send_sound(Instant now, Instant captured, std::span<const int16_t> samples,
                  const client::PacketSink& sink);
  // Sender reports when due.
  void on_tick(Instant now, const client::PacketSink& sink);
  // PLI and FIR make key frames, NACK is answered over RTX.
  void on_rtcp(Instant now, ByteSpan compound, const client::PacketSink& sink);

  // Layers that are sent for a picture of this size: those at least 160 wide, one at least.
  static size_t layer_count(int width);
  [[nodiscard]] uint64_t pictures() const { return pictures_; }

 private:
  struct Layer {
    std::unique_ptr<client::Vp8Encoder> encoder;
    client::Vp8Packetizer packetizer{1};
    client::OutgoingStream stream;
    bool wants_key = true;
    std::optional<uint8_t> last_fir;
  };
  Publisher(Params params, Instant start, std::unique_ptr<client::OpusVoiceEncoder> voice);
  Outcome<void> resize(int width, int height);
  Layer* layer_of(Ssrc ssrc);

  Params params_;
  client::ConnectionState connection_;
  Instant start_;
  std::unique_ptr<client::OpusVoiceEncoder> voice_;
  client::OutgoingStream audio_;
  std::vector<int16_t> held_;  // less than an Opus frame
  Instant held_from_;
  std::vector<Layer> layers_;  // one for each rid, lowest first
  std::vector<client::Picture> scaled_;
  size_t active_ = 0;  // layers of the present size: the first `active_`
  int width_ = 0;
  int height_ = 0;
  uint64_t pictures_ = 0;
  Instant next_report_;
};

}  // namespace media::ingest

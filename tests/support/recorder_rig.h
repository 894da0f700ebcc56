// Feeds a Recorder with real VP8 and Opus as a worker would through its ring, faster than real
// time.
#pragma once

#include <gtest/gtest.h>
#include <opus.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "media/base/seq.h"
#include "media/client/encoders.h"
#include "media/client/outgoing_stream.h"
#include "media/client/synthetic_picture.h"
#include "media/client/synthetic_voice.h"
#include "media/pipelines/recorder.h"
#include "media/rtp/packet_view.h"
#include "media/tap/tap_ring.h"
#include "tests/support/waiting.h"

namespace tests {

using media::Codec;
using media::Duration;
using media::Instant;
using media::TrackId;

inline testing::AssertionResult near(int64_t actual_us, int64_t expected_us, int64_t tolerance_us) {
  if (std::llabs(actual_us - expected_us) <= tolerance_us) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << actual_us << " us is not within " << tolerance_us << " of " << expected_us;
}

// A folder of its own, removed at the end.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tongke-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// What a recorder said, from its thread.
class RecorderLog {
 public:
  void add(media::pipelines::RecorderEvent event) {
    const std::lock_guard lock(mutex_);
    if (auto* started = std::get_if<media::pipelines::SegmentStarted>(&event))
      started_[started->track].push_back(*started);
    if (auto* ended = std::get_if<media::pipelines::SegmentEnded>(&event))
      ended_[ended->track].push_back(*ended);
    if (std::holds_alternative<media::pipelines::RecordingFinished>(event)) finished_ = true;
  }
  std::vector<media::pipelines::SegmentStarted> started(TrackId track) {
    const std::lock_guard lock(mutex_);
    return started_[track];
  }
  std::vector<media::pipelines::SegmentEnded> ended(TrackId track) {
    const std::lock_guard lock(mutex_);
    return ended_[track];
  }
  bool finished() {
    const std::lock_guard lock(mutex_);
    return finished_;
  }

 private:
  std::mutex mutex_;
  std::map<TrackId, std::vector<media::pipelines::SegmentStarted>> started_;
  std::map<TrackId, std::vector<media::pipelines::SegmentEnded>> ended_;
  bool finished_ = false;
};

// One frame's RTP packets and its capture instant on the session clock.
struct SentFrame {
  Duration captured;
  std::vector<std::vector<uint8_t>> packets;
};

// A sender's track: encodes and packetizes; the caller decides what reaches the ring.
class TrackSource {
 public:
  // Captures are given on the session clock; the RTP clock starts anywhere.
  TrackSource(TrackId track, Codec codec, uint32_t first_timestamp = 4'294'900'000U)
      : track_(track),
        codec_(codec),
        rate_(codec == Codec::Opus ? 48000 : 90000),
        stream_({.mid = "0",
                 .rid = {},
                 .payload_type = 96,
                 .rtx_payload_type = std::nullopt,
                 .ssrc = media::Ssrc(7),
                 .rtx_ssrc = {},
                 .clock_rate = rate_,
                 .first_sequence = 65500,
                 .first_timestamp = first_timestamp},
                connection_, Instant()) {}

  // Its stream refers to its connection.
  TrackSource(const TrackSource&) = delete;
  TrackSource& operator=(const TrackSource&) = delete;

  SentFrame picture(Duration captured, int width, int height, bool key = false) {
    auto& layer = layers_[{width, height}];
    if (!layer.encoder) {
      layer.encoder = std::move(
          *media::client::Vp8Encoder::make({.width = width,
                                            .height = height,
                                            .fps = 30,
                                            .rate = media::DataRate::kilobits_per_second(600),
                                            .cpu_used = 16}));
      layer.drawing = std::make_unique<media::client::SyntheticPicture>(width, height);
      key = true;
    }
    const auto encoded = layer.encoder->encode(layer.drawing->draw(captured, "12:34:56.7"), key);
    SentFrame out{captured, {}};
    packetizer_.packetize(
        encoded, 400, [&](media::ByteSpan payload, bool marker) { collect(out, payload, marker); });
    return out;
  }

  SentFrame sound(Duration captured) {
    if (!voice_)
      voice_ = std::move(
          *media::client::OpusVoiceEncoder::make(media::DataRate::kilobits_per_second(32)));
    std::vector<int16_t> samples(media::client::OpusVoiceEncoder::kFrame);
    speech_.render(samples);
    SentFrame out{captured, {}};
    collect(out, voice_->encode(samples), false);
    return out;
  }

  void start(media::tap::TapRing& ring) const { control(ring, media::tap::TapPacket::Type::Start); }
  void end(media::tap::TapRing& ring) const { control(ring, media::tap::TapPacket::Type::End); }

  // `session_error` is what the server's idea of the capture instant is off by.
  void feed(media::tap::TapRing& ring, const SentFrame& frame, bool from_report = true,
            Duration session_error = Duration()) {
    for (const auto& bytes : frame.packets)
      feed_packet(ring, frame, bytes, from_report, session_error);
  }
  void feed_packet(media::tap::TapRing& ring, const SentFrame& frame,
                   const std::vector<uint8_t>& bytes, bool from_report = true,
                   Duration session_error = Duration()) {
    media::tap::TapPacket* slot = claim(ring);
    const auto view = media::rtp::PacketView::parse(bytes);
    slot->type = media::tap::TapPacket::Type::Rtp;
    slot->track = track_;
    slot->codec = codec_;
    slot->clock_rate = rate_;
    slot->sequence = sequences_.unwrap(view->sequence());
    slot->rtp_timestamp = timestamps_.unwrap(view->timestamp());
    slot->session_time = frame.captured + session_error;
    slot->from_sender_report = from_report;
    slot->size = static_cast<uint16_t>(bytes.size());
    std::memcpy(slot->bytes.data(), bytes.data(), bytes.size());
    ring.publish();
  }
  [[nodiscard]] TrackId track() const { return track_; }

  static media::tap::TapPacket* claim(media::tap::TapRing& ring) {
    while (true) {
      if (media::tap::TapPacket* slot = ring.claim()) return slot;
      std::this_thread::yield();
    }
  }

 private:
  struct Layer {
    std::unique_ptr<media::client::Vp8Encoder> encoder;
    std::unique_ptr<media::client::SyntheticPicture> drawing;
  };

  void control(media::tap::TapRing& ring, media::tap::TapPacket::Type type) const {
    media::tap::TapPacket* slot = claim(ring);
    slot->type = type;
    slot->track = track_;
    slot->codec = codec_;
    slot->kind = codec_ == Codec::Opus ? media::MediaKind::Audio : media::MediaKind::Video;
    slot->source = codec_ == Codec::Opus ? media::Source::Microphone : media::Source::Camera;
    ring.publish();
  }
  void collect(SentFrame& out, media::ByteSpan payload, bool marker) {
    const Instant at = Instant() + out.captured;
    const media::client::PacketSink sink{[&out](media::ByteSpan packet) {
                                           out.packets.emplace_back(packet.begin(), packet.end());
                                           return true;
                                         },
                                         {}};
    stream_.send(at, at, payload, marker, std::nullopt, sink);
  }

  TrackId track_;
  Codec codec_;
  uint32_t rate_;
  media::client::ConnectionState connection_;
  media::client::OutgoingStream stream_;
  media::client::Vp8Packetizer packetizer_{5};
  std::map<std::pair<int, int>, Layer> layers_;
  media::client::SyntheticVoice speech_;
  std::unique_ptr<media::client::OpusVoiceEncoder> voice_;
  media::SeqUnwrapper sequences_;
  media::TimestampUnwrapper timestamps_;
};

inline void feed_stop(media::tap::TapRing& ring) {
  TrackSource::claim(ring)->type = media::tap::TapPacket::Type::Stop;
  ring.publish();
}

// Decodes with libvpx, not with what wrote the file. Returns the pictures' sizes, in order; a
// failed frame is {0,0}.
class Vp8Check {
 public:
  Vp8Check() { vpx_codec_dec_init(&context_, vpx_codec_vp8_dx(), nullptr, 0); }
  ~Vp8Check() { vpx_codec_destroy(&context_); }
  Vp8Check(const Vp8Check&) = delete;
  Vp8Check& operator=(const Vp8Check&) = delete;
  std::pair<unsigned, unsigned> decode(const std::vector<uint8_t>& frame) {
    if (vpx_codec_decode(&context_, frame.data(), static_cast<unsigned>(frame.size()), nullptr,
                         0) != VPX_CODEC_OK) {
      return {0, 0};
    }
    vpx_codec_iter_t iterator = nullptr;
    const vpx_image_t* image = vpx_codec_get_frame(&context_, &iterator);
    return image == nullptr ? std::pair(0U, 0U) : std::pair(image->d_w, image->d_h);
  }

 private:
  vpx_codec_ctx_t context_{};
};

class OpusCheck {
 public:
  OpusCheck() : decoder_(opus_decoder_create(48000, 1, nullptr)) {}
  ~OpusCheck() { opus_decoder_destroy(decoder_); }
  OpusCheck(const OpusCheck&) = delete;
  OpusCheck& operator=(const OpusCheck&) = delete;
  // Samples, or a negative error.
  int decode(const std::vector<uint8_t>& packet) {
    std::vector<int16_t> out(5760);
    return opus_decode(decoder_, packet.data(), static_cast<opus_int32>(packet.size()), out.data(),
                       5760, 0);
  }

 private:
  OpusDecoder* decoder_;
};

}  // namespace tests

#include "media/hls/sound_desk.h"

#include <fmt/format.h>
#include <opus.h>

#include <algorithm>
#include <array>
#include <utility>

namespace media::hls {
namespace {

// 120 ms, the longest packet (RFC 6716 section 2.1.4).
constexpr size_t kMaxPacket = 5760;
// A lesson has a handful of voices; somebody who invents more is not decoded.
constexpr size_t kMaxVoices = 8;

Duration time_of(int64_t sample) {
  return Duration::micros(sample * 1'000'000 / SoundLine::kRate);
}

}  // namespace

void SoundDesk::DecoderDeleter::operator()(OpusDecoder* decoder) const {
  opus_decoder_destroy(decoder);
}

SoundDesk::~SoundDesk() = default;

Outcome<std::unique_ptr<SoundDesk>> SoundDesk::make() {
  auto encoder = GstPipe::make(fmt::format(
      "appsrc name=in caps=audio/x-raw,format=S16LE,layout=interleaved,rate={},channels=1 ! "
      "voaacenc bitrate={} ! audio/mpeg,mpegversion=4,stream-format=raw ! appsink name=out",
      SoundLine::kRate, kBitrate));
  if (!encoder) return tl::unexpected(encoder.error());
  return std::unique_ptr<SoundDesk>(new SoundDesk(std::move(*encoder)));
}

void SoundDesk::on_packet(uint32_t voice, ByteSpan packet, int64_t missing, Duration at) {
  auto& decoder = decoders_[voice];
  if (decoder == nullptr) {
    int error = OPUS_OK;
    if (decoders_.size() <= kMaxVoices)
      decoder.reset(opus_decoder_create(static_cast<opus_int32>(SoundLine::kRate), 1, &error));
    if (decoder == nullptr) {
      decoders_.erase(voice);
      return;
    }
  }
  std::array<int16_t, kMaxPacket> samples;
  const int length = opus_packet_get_nb_samples(packet.data(), static_cast<int>(packet.size()),
                                                static_cast<int>(SoundLine::kRate));
  if (length <= 0 || static_cast<size_t>(length) > kMaxPacket) return;
  if (missing > 0 && missing <= kMaxConcealed) {
    for (int64_t i = missing; i > 0; --i) {
      const int got = opus_decode(decoder.get(), nullptr, 0, samples.data(), length, 0);
      if (got > 0)
        line_.add(voice, at - time_of(length * i), {samples.data(), static_cast<size_t>(got)});
    }
  }
  const int got = opus_decode(decoder.get(), packet.data(), static_cast<int>(packet.size()),
                              samples.data(), static_cast<int>(kMaxPacket), 0);
  if (got > 0) line_.add(voice, at, {samples.data(), static_cast<size_t>(got)});
}

void SoundDesk::produce(Duration until) {
  std::array<int16_t, static_cast<size_t>(Packager::kAacSamples)> piece;
  while (time_of(line_.position() + Packager::kAacSamples) <= until) {
    const Duration at = time_of(line_.position());
    line_.take(piece);
    encoder_->push(piece.data(), sizeof piece, at, time_of(line_.position()) - at);
  }
}

std::vector<AacFrame> SoundDesk::take() {
  std::vector<AacFrame> out;
  while (const SampleRef sample = encoder_->pull()) {
    if (!format_) {
      format_ =
          AudioFormat{static_cast<uint32_t>(SoundLine::kRate), 1, sample_codec_data(sample.get())};
    }
    // Counted, not read from the buffer: frames follow each other without a hole. What lies before
    // the stream's beginning is the encoder's warming up.
    const int64_t position = frames_out_++ * Packager::kAacSamples - kEncoderDelay;
    if (position >= 0) out.push_back({sample_bytes(sample.get()), time_of(position)});
  }
  return out;
}

}  // namespace media::hls

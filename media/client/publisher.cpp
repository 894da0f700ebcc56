#include "media/client/publisher.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "media/base/check.h"
#include "media/client/synthetic_voice.h"
#include "media/rtcp/compound.h"

namespace media::client {
namespace {

constexpr int kSoundRate = 48000;
constexpr Duration kReportInterval = Duration::seconds(1);
// Sound further than this from where the last ended is a gap, not jitter of the stamps.
constexpr Duration kGap = Duration::millis(40);
constexpr int kNarrowest = 160;
// Quieter is silence for the speaker display (RFC 6464, -dBov).
constexpr uint8_t kVoiceLevel = 60;

// What browsers give to a picture of this height. Fewer pictures cost less, but each a little more.
DataRate rate_for(int height, unsigned fps) {
  const int64_t full = height <= 200 ? 150'000 : height <= 400 ? 500'000 : 1'500'000;
  return DataRate::bits_per_second(full * (30 + static_cast<int64_t>(fps)) / 60);
}

Duration length_of(size_t samples) {
  return Duration::micros(static_cast<int64_t>(samples) * 1'000'000 / kSoundRate);
}

}  // namespace

Publisher::Publisher(Params params, Instant start, std::unique_ptr<OpusVoiceEncoder> voice)
    : params_(std::move(params)),
      connection_{.extensions = params_.extensions,
                  .transport_sequence = 0,
                  .cname = params_.cname,
                  .ntp_offset_us = params_.ntp_offset_us},
      start_(start),
      voice_(std::move(voice)),
      audio_({.mid = params_.audio_mid,
              .rid = {},
              .payload_type = params_.opus_payload_type,
              .rtx_payload_type = std::nullopt,
              .ssrc = params_.audio_ssrc,
              .rtx_ssrc = {},
              .clock_rate = kSoundRate,
              .first_sequence = 1000,
              .first_timestamp = 480'000},
             connection_, start),
      next_report_(start) {
  layers_.reserve(params_.layers.size());
  for (size_t i = 0; i < params_.layers.size(); ++i) {
    layers_.push_back(
        {.encoder = nullptr,
         .packetizer = Vp8Packetizer(static_cast<uint16_t>(100 * i)),
         .stream = OutgoingStream({.mid = params_.video_mid,
                                   .rid = params_.layers[i].rid,
                                   .payload_type = params_.vp8_payload_type,
                                   .rtx_payload_type = params_.rtx_payload_type,
                                   .ssrc = params_.layers[i].ssrc,
                                   .rtx_ssrc = params_.layers[i].rtx_ssrc,
                                   .clock_rate = 90'000,
                                   .first_sequence = static_cast<uint16_t>(2000 + 1000 * i),
                                   .first_timestamp = static_cast<uint32_t>(900'000 * (i + 1))},
                                  connection_, start_),
         .wants_key = true,
         .last_fir = std::nullopt});
  }
}

Outcome<std::unique_ptr<Publisher>> Publisher::make(Params params, Instant start) {
  CHECK(!params.layers.empty() && params.layers.size() <= kMaxLayers);
  CHECK(params.fps >= 1 && params.fps <= 30);
  auto voice = OpusVoiceEncoder::make(params.voice_rate);
  if (!voice) return tl::unexpected(voice.error());
  return std::unique_ptr<Publisher>(new Publisher(std::move(params), start, std::move(*voice)));
}

size_t Publisher::layer_count(int width) {
  size_t count = 1;
  while (count < kMaxLayers && (width >> count) >= kNarrowest) ++count;
  return count;
}

Outcome<void> Publisher::prepare(int width, int height) {
  const size_t count = std::min(layer_count(width), params_.layers.size());
  scaled_.clear();
  for (size_t i = 0; i < count; ++i) {
    const size_t below_top = count - 1 - i;
    const int w = std::max(2, (width >> below_top) & ~1);
    const int h = std::max(2, (height >> below_top) & ~1);
    if (below_top > 0) scaled_.emplace_back(w, h);
    auto encoder = Vp8Encoder::make({.width = w,
                                     .height = h,
                                     .fps = params_.fps,
                                     .rate = rate_for(h, params_.fps),
                                     .cpu_used = 14});
    if (!encoder) return tl::unexpected(encoder.error());
    layers_[i].encoder = std::move(*encoder);
    layers_[i].wants_key = true;
  }
  for (size_t i = count; i < layers_.size(); ++i) layers_[i].encoder.reset();
  active_ = count;
  width_ = width;
  height_ = height;
  return {};
}

Outcome<void> Publisher::send_picture(Instant now, Instant captured, const Picture& picture,
                                      const PacketSink& sink) {
  if (picture.width != width_ || picture.height != height_) {
    if (auto done = prepare(picture.width, picture.height); !done) return done;
  }
  const bool every = pictures_++ % 2 == 0;
  for (size_t i = scaled_.size(); i-- > 0;)
    halve(i + 1 == scaled_.size() ? picture : scaled_[i + 1], scaled_[i]);
  for (size_t i = 0; i < active_; ++i) {
    Sent& layer = layers_[i];
    const bool is_lowest_of_several = i == 0 && active_ > 1;
    if (params_.slow_lowest && is_lowest_of_several && !every && !layer.wants_key) continue;
    const ByteSpan frame =
        layer.encoder->encode(i < scaled_.size() ? scaled_[i] : picture, layer.wants_key);
    if (frame.empty()) continue;
    if (layer.encoder->was_key()) {
      layer.wants_key = false;
      ++key_frames_;
    }
    layer.packetizer.packetize(
        frame, OutgoingStream::kMaxPayload, [&](ByteSpan payload, bool marker) {
          layer.stream.send(now, captured, payload, marker, std::nullopt, sink);
        });
  }
  return {};
}

void Publisher::send_sound(Instant now, Instant captured, std::span<const int16_t> samples,
                           const PacketSink& sink) {
  const Instant expected = held_from_ + length_of(held_.size());
  const Duration off = captured > expected ? captured - expected : expected - captured;
  if (held_.empty() || off > kGap) {
    held_.clear();
    held_from_ = captured;
  }
  held_.insert(held_.end(), samples.begin(), samples.end());
  size_t used = 0;
  for (; held_.size() - used >= OpusVoiceEncoder::kFrame; used += OpusVoiceEncoder::kFrame) {
    const auto frame = std::span(held_).subspan(used, OpusVoiceEncoder::kFrame);
    const uint8_t level = level_dbov(frame);
    const ByteSpan packet = voice_->encode(frame);
    if (!packet.empty()) {
      audio_.send(now, held_from_, packet, false, rtp::AudioLevel{level, level < kVoiceLevel},
                  sink);
    }
    held_from_ += length_of(OpusVoiceEncoder::kFrame);
  }
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(used));
}

void Publisher::on_tick(Instant now, const PacketSink& sink) {
  if (now < next_report()) return;
  next_report_ = now + kReportInterval;
  if (audio_.packets() > 0) audio_.report(now, sink);
  for (const Sent& layer : layers_) {
    if (layer.stream.packets() > 0) layer.stream.report(now, sink);
  }
}

Publisher::Sent* Publisher::layer_of(Ssrc ssrc) {
  const auto found = std::find_if(layers_.begin(), layers_.end(),
                                  [ssrc](const Sent& l) { return l.stream.params().ssrc == ssrc; });
  return found == layers_.end() ? nullptr : &*found;
}

void Publisher::on_rtcp(Instant now, ByteSpan compound, const PacketSink& sink) {
  rtcp::CompoundReader reader(compound);
  while (const auto block = reader.next()) {
    if (const auto* pli = std::get_if<rtcp::Pli>(&*block)) {
      if (Sent* layer = layer_of(pli->media)) layer->wants_key = true;
    } else if (const auto* fir = std::get_if<rtcp::Fir>(&*block)) {
      for (size_t i = 0; i < fir->size(); ++i) {
        Sent* layer = layer_of((*fir)[i].ssrc);
        if (layer == nullptr || layer->last_fir == (*fir)[i].sequence) continue;
        layer->last_fir = (*fir)[i].sequence;
        layer->wants_key = true;
      }
    } else if (const auto* nack = std::get_if<rtcp::Nack>(&*block)) {
      Sent* layer = layer_of(nack->media);
      if (layer == nullptr) continue;
      nack->for_each([&](uint16_t sequence) { layer->stream.resend(now, sequence, sink); });
    }
  }
}

void Publisher::request_key_frames() {
  for (Sent& layer : layers_) layer.wants_key = true;
}

uint64_t Publisher::retransmissions() const {
  uint64_t sum = 0;
  for (const Sent& layer : layers_) sum += layer.stream.retransmissions();
  return sum;
}

}  // namespace media::client

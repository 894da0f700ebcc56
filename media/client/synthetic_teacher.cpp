#include "media/client/synthetic_teacher.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "media/base/check.h"
#include "media/rtcp/compound.h"

namespace media::client {
namespace {

constexpr int kWidth = 1280;
constexpr int kHeight = 720;
constexpr Duration kSoundFrame = Duration::millis(20);
constexpr Duration kReportInterval = Duration::seconds(1);
// A picture that is this late is skipped: the machine is too slow, and a late picture only delays
// the next.
constexpr Duration kMaxLateness = Duration::millis(100);

// What browsers give to 720p, 360p and 180p, counted from the largest.
constexpr std::array<int64_t, 3> kRates = {1'500'000, 500'000, 150'000};

}  // namespace

SyntheticTeacher::SyntheticTeacher(Params params, Instant start,
                                   std::unique_ptr<OpusVoiceEncoder> voice_encoder)
    : params_(std::move(params)),
      connection_{.extensions = params_.extensions,
                  .transport_sequence = 0,
                  .cname = "tongke-teacher",
                  .ntp_offset_us = params_.ntp_offset_us},
      start_(start),
      voice_encoder_(std::move(voice_encoder)),
      audio_({.mid = params_.audio_mid,
              .rid = {},
              .payload_type = params_.opus_payload_type,
              .rtx_payload_type = std::nullopt,
              .ssrc = params_.audio_ssrc,
              .rtx_ssrc = {},
              .clock_rate = 48000,
              .first_sequence = 1000,
              .first_timestamp = 480000},
             connection_, start),
      picture_(kWidth, kHeight, params_.grain),
      next_report_(start) {}

Outcome<std::unique_ptr<SyntheticTeacher>> SyntheticTeacher::make(Params params, Instant start) {
  CHECK(!params.layers.empty() && params.layers.size() <= kRates.size());
  CHECK(params.fps >= 1 && params.fps <= 30);
  auto voice = OpusVoiceEncoder::make(DataRate::kilobits_per_second(32));
  if (!voice) return tl::unexpected(voice.error());
  auto teacher = std::unique_ptr<SyntheticTeacher>(
      new SyntheticTeacher(std::move(params), start, std::move(*voice)));
  if (auto added = teacher->add_layers(); !added) return tl::unexpected(added.error());
  return teacher;
}

Outcome<void> SyntheticTeacher::add_layers() {
  const size_t count = params_.layers.size();
  layers_.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const size_t below_top = count - 1 - i;
    const int width = (kWidth >> below_top) & ~1;
    const int height = (kHeight >> below_top) & ~1;
    if (below_top > 0) scaled_.emplace_back(width, height);
    // Fewer pictures cost less, but each a little more.
    const int64_t rate = kRates[below_top] * (30 + static_cast<int64_t>(params_.fps)) / 60;
    auto encoder = Vp8Encoder::make({.width = width,
                                     .height = height,
                                     .fps = params_.fps,
                                     .rate = DataRate::bits_per_second(rate),
                                     .cpu_used = 14});
    if (!encoder) return tl::unexpected(encoder.error());
    const Layer& layer = params_.layers[i];
    OutgoingStream::Params stream{.mid = params_.video_mid,
                                  .rid = layer.rid,
                                  .payload_type = params_.vp8_payload_type,
                                  .rtx_payload_type = params_.rtx_payload_type,
                                  .ssrc = layer.ssrc,
                                  .rtx_ssrc = layer.rtx_ssrc,
                                  .clock_rate = 90000,
                                  .first_sequence = static_cast<uint16_t>(2000 + 1000 * i),
                                  .first_timestamp = static_cast<uint32_t>(900'000 * (i + 1))};
    layers_.push_back({.encoder = std::move(*encoder),
                       .packetizer = Vp8Packetizer(static_cast<uint16_t>(100 * i)),
                       .stream = OutgoingStream(std::move(stream), connection_, start_),
                       .wants_key = true,
                       .last_fir = std::nullopt});
  }
  return {};
}

Instant SyntheticTeacher::next_due() const {
  const Instant sound = start_ + kSoundFrame * next_sound_;
  const Instant picture = start_ + Duration::micros(next_picture_ * 1'000'000 / params_.fps);
  return std::min({sound, picture, audio_.packets() > 0 ? next_report_ : sound});
}

void SyntheticTeacher::produce(Instant now, const PacketSink& sink) {
  // First, while `now` is fresh: a report that leaves late shifts the receiver's idea of this
  // clock. Not before media, which tells the receiver whose report it is.
  if (now >= next_report_ && audio_.packets() > 0) {
    audio_.report(now, sink);
    for (const VideoLayer& layer : layers_) layer.stream.report(now, sink);
    next_report_ = now + kReportInterval;
  }
  produce_sound(now, sink);
  produce_picture(now, sink);
}

void SyntheticTeacher::produce_sound(Instant now, const PacketSink& sink) {
  while (start_ + kSoundFrame * next_sound_ <= now) {
    const Instant captured = start_ + kSoundFrame * next_sound_;
    std::array<int16_t, OpusVoiceEncoder::kFrame> samples;
    voice_.render(samples);
    const ByteSpan packet = voice_encoder_->encode(samples);
    const uint8_t level = level_dbov(samples);
    if (!packet.empty())
      audio_.send(now, captured, packet, false, rtp::AudioLevel{level, level < 60}, sink);
    ++next_sound_;
  }
}

void SyntheticTeacher::produce_picture(Instant now, const PacketSink& sink) {
  const auto due = [this] {
    return start_ + Duration::micros(next_picture_ * 1'000'000 / params_.fps);
  };
  if (now < due()) return;
  while (due() + kMaxLateness < now) ++next_picture_;
  if (now < due()) return;
  const Instant captured = due();
  ++next_picture_;
  ++frames_;
  const int64_t tenths = (captured.as_micros() + params_.wall_offset_us) / 100'000;
  const std::string clock = fmt::format("{:02}:{:02}:{:02}.{}", tenths / 36000 % 24,
                                        tenths / 600 % 60, tenths / 10 % 60, tenths % 10);
  const Picture& full = picture_.draw(captured - start_, clock);
  for (size_t i = scaled_.size(); i-- > 0;)
    halve(i + 1 == scaled_.size() ? full : scaled_[i + 1], scaled_[i]);
  for (size_t i = 0; i < layers_.size(); ++i) {
    VideoLayer& layer = layers_[i];
    const ByteSpan frame =
        layer.encoder->encode(i < scaled_.size() ? scaled_[i] : full, layer.wants_key);
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
}

SyntheticTeacher::VideoLayer* SyntheticTeacher::layer_of(Ssrc ssrc) {
  const auto found = std::find_if(layers_.begin(), layers_.end(), [ssrc](const VideoLayer& l) {
    return l.stream.params().ssrc == ssrc;
  });
  return found == layers_.end() ? nullptr : &*found;
}

void SyntheticTeacher::on_rtcp(Instant now, ByteSpan compound, const PacketSink& sink) {
  rtcp::CompoundReader reader(compound);
  while (const auto block = reader.next()) {
    if (const auto* pli = std::get_if<rtcp::Pli>(&*block)) {
      if (VideoLayer* layer = layer_of(pli->media)) layer->wants_key = true;
    } else if (const auto* fir = std::get_if<rtcp::Fir>(&*block)) {
      for (size_t i = 0; i < fir->size(); ++i) {
        VideoLayer* layer = layer_of((*fir)[i].ssrc);
        if (layer == nullptr || layer->last_fir == (*fir)[i].sequence) continue;
        layer->last_fir = (*fir)[i].sequence;
        layer->wants_key = true;
      }
    } else if (const auto* nack = std::get_if<rtcp::Nack>(&*block)) {
      VideoLayer* layer = layer_of(nack->media);
      if (layer == nullptr) continue;
      nack->for_each([&](uint16_t sequence) { layer->stream.resend(now, sequence, sink); });
    }
  }
}

void SyntheticTeacher::request_key_frames() {
  for (VideoLayer& layer : layers_) layer.wants_key = true;
}

uint64_t SyntheticTeacher::retransmissions() const {
  uint64_t sum = 0;
  for (const VideoLayer& layer : layers_) sum += layer.stream.retransmissions();
  return sum;
}

}  // namespace media::client

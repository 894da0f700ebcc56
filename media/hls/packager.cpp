#include "media/hls/packager.h"

#include <algorithm>
#include <array>
#include <utility>

namespace media::hls {
namespace {

// Rounded, so that the end of one sample is the beginning of the next.
uint64_t ticks(Duration at, uint32_t scale) {
  return static_cast<uint64_t>((at.as_micros() * scale + 500'000) / 1'000'000);
}

}  // namespace

Packager::Packager(uint32_t audio_rate, Duration start)
    : audio_rate_(audio_rate), part_start_(start), segment_start_(start) {}

void Packager::push(Picture picture) {
  // The first one must be decodable.
  if (pictures_.empty() && part_start_ == segment_start_ && !picture.is_key) return;
  if (picture.at + kSlack < part_start_) return;
  pictures_.push_back(std::move(picture));
}

void Packager::push(AacFrame frame) {
  if (frame.at + kSlack < part_start_) return;
  sound_.push_back(std::move(frame));
}

bool Packager::has_both_until(Duration end) const {
  return !pictures_.empty() && pictures_.back().at + kSlack >= end && !sound_.empty() &&
         sound_.back().at >= end;
}

std::vector<MadePart> Packager::take() {
  std::vector<MadePart> out;
  for (;;) {
    const Duration segment_end = segment_start_ + kSegment;
    // The last part of a segment takes what thirds of a second leave over.
    const bool is_last = part_start_ + kPart + kSlack >= segment_end;
    const Duration end = is_last ? segment_end : part_start_ + kPart;
    if (!has_both_until(end)) return out;
    cut(end, is_last, out);
    part_start_ = end;
    if (is_last) segment_start_ = end;
  }
}

void Packager::cut(Duration end, bool ends_segment, std::vector<MadePart>& out) {
  std::vector<Sample> pictures;
  std::vector<Sample> sound;
  const Duration pictures_from = pictures_.front().at;
  const Duration sound_from = sound_.front().at;
  const bool independent = pictures_.front().is_key;
  while (pictures_.front().at + kSlack < end) {
    Picture& first = pictures_.front();
    // The first picture of the next part ends the last one of this.
    const Duration next = pictures_.size() > 1 ? pictures_[1].at : end;
    const uint64_t lasts = ticks(next, kVideoScale) - ticks(first.at, kVideoScale);
    pictures.push_back({std::move(first.bytes), static_cast<uint32_t>(lasts), first.is_key});
    pictures_.pop_front();
    if (pictures_.empty()) break;
  }
  while (!sound_.empty() && sound_.front().at < end) {
    sound.push_back({std::move(sound_.front().bytes), static_cast<uint32_t>(kAacSamples), true});
    sound_.pop_front();
  }
  const auto lasting = static_cast<int64_t>(sound.size()) * kAacSamples;
  const TrackFragment audio{kAudioTrackId, ticks(sound_from, audio_rate_), sound};
  const std::array both{TrackFragment{kVideoTrackId, ticks(pictures_from, kVideoScale), pictures},
                        audio};
  ++sequence_;
  const Duration picture_end = pictures_.empty() ? end : pictures_.front().at;
  out.push_back({false, fragment(sequence_, both), pictures_from,
                 pictures.empty() ? end - part_start_ : picture_end - pictures_from, independent,
                 ends_segment});
  out.push_back({true, fragment(sequence_, std::span(&audio, 1)), sound_from,
                 Duration::micros(lasting * 1'000'000 / audio_rate_), true, ends_segment});
}

}  // namespace media::hls

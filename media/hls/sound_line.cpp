#include "media/hls/sound_line.h"

#include <algorithm>
#include <cstdlib>

namespace media::hls {

void SoundLine::mix(int64_t at, std::span<const int16_t> samples) {
  for (size_t i = 0; i < samples.size(); ++i) {
    const int64_t place = at + static_cast<int64_t>(i);
    if (place < position_ || place >= position_ + kAhead) continue;
    ring_[static_cast<size_t>(place % kAhead)] += samples[i];
  }
}

void SoundLine::add(uint32_t voice, Duration at, std::span<const int16_t> samples) {
  if (samples.empty()) return;
  const int64_t wanted = at.as_micros() * kRate / 1'000'000;
  const auto [it, is_new] = next_.try_emplace(voice, wanted);
  int64_t& next = it->second;
  const int64_t early = next - wanted;  // positive: the voice lies behind its place
  if (is_new || std::abs(early) > kJump) {
    next = wanted;
  } else if (early > kTolerance) {
    samples = samples.first(samples.size() - 1);
  } else if (early < -kTolerance) {
    // The first sample twice.
    mix(next++, samples.first(1));
  }
  mix(next, samples);
  next += static_cast<int64_t>(samples.size());
}

void SoundLine::take(std::span<int16_t> out) {
  for (int16_t& sample : out) {
    int32_t& sum = ring_[static_cast<size_t>(position_ % kAhead)];
    sample = static_cast<int16_t>(std::clamp<int32_t>(sum, INT16_MIN, INT16_MAX));
    sum = 0;
    ++position_;
  }
}

}  // namespace media::hls

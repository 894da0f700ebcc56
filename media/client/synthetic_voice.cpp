#include "media/client/synthetic_voice.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace media::client {
namespace {

// First three formants of five vowels of an adult voice (Peterson and Barney, 1952, rounded).
constexpr std::array<std::array<double, 3>, 5> kVowels = {
    {{730, 1090, 2440}, {530, 1840, 2480}, {270, 2290, 3010}, {570, 840, 2410}, {300, 870, 2240}}};
constexpr std::array<double, 3> kBandwidths = {80, 100, 140};
constexpr int64_t kSyllable = SyntheticVoice::kRate / 5;

// Louder at a syllable's middle, silent between syllables' ends: what makes noise sound like talk.
double envelope(int64_t position) {
  if (!SyntheticVoice::speaks_at(position)) return 0;
  const auto into = static_cast<double>(position % kSyllable) / static_cast<double>(kSyllable);
  return std::pow(std::sin(std::numbers::pi * into), 0.7);
}

}  // namespace

double SyntheticVoice::Resonator::run(double in, double frequency, double bandwidth) {
  const double r = std::exp(-std::numbers::pi * bandwidth / kRate);
  const double theta = 2 * std::numbers::pi * frequency / kRate;
  const double y = (1 - r) * in + 2 * r * std::cos(theta) * y1 - r * r * y2;
  y2 = y1;
  y1 = y;
  return y;
}

void SyntheticVoice::render(std::span<int16_t> out) {
  for (int16_t& sample : out) {
    const auto vowel = static_cast<size_t>((position_ / kSyllable * 7 + position_ / kPhrase) % 5);
    // The voice falls through a phrase, as a statement does.
    const double into =
        static_cast<double>(position_ % (kPhrase + kPause)) / static_cast<double>(kPhrase);
    const double pitch = 190 - 50 * std::min(into, 1.0);
    pitch_phase_ += pitch / kRate;
    if (pitch_phase_ >= 1) pitch_phase_ -= 1;
    const double glottis =
        pitch_phase_ < 0.4 ? std::sin(std::numbers::pi * pitch_phase_ / 0.4) - 0.25 : -0.25;
    double sum = 0;
    for (size_t i = 0; i < formants_.size(); ++i) {
      frequencies_[i] += (kVowels[vowel][i] - frequencies_[i]) * 0.001;  // glides take 20 ms
      sum +=
          formants_[i].run(glottis, frequencies_[i], kBandwidths[i]) / static_cast<double>(1 + i);
    }
    const double value = sum * envelope(position_) * 30000;
    sample = static_cast<int16_t>(std::clamp(value, -30000.0, 30000.0));
    ++position_;
  }
}

uint8_t level_dbov(std::span<const int16_t> samples) {
  double energy = 0;
  for (const int16_t sample : samples) energy += static_cast<double>(sample) * sample;
  if (samples.empty() || energy <= 0) return 127;
  const double rms = std::sqrt(energy / static_cast<double>(samples.size())) / 32768;
  return static_cast<uint8_t>(std::clamp(-20 * std::log10(rms), 0.0, 127.0));
}

}  // namespace media::client

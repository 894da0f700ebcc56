// Speech-like sound without a recording: glottal pulses through formant resonators, vowel after
// vowel, in phrases with pauses, so that voice detection, levels and lip sync have something to
// work on. Owner: SyntheticTeacher. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace media::client {

class SyntheticVoice {
 public:
  static constexpr int kRate = 48000;
  // Speaks for 3 s, pauses for 1 s.
  static constexpr int64_t kPhrase = 3 * kRate;
  static constexpr int64_t kPause = 1 * kRate;

  // The next samples, mono.
  void render(std::span<int16_t> out);
  // True while `sample` (from the start) lies in a phrase.
  static bool speaks_at(int64_t sample) { return sample % (kPhrase + kPause) < kPhrase; }

 private:
  struct Resonator {
    double y1 = 0;
    double y2 = 0;
    double run(double in, double frequency, double bandwidth);
  };
  int64_t position_ = 0;
  double pitch_phase_ = 0;
  std::array<Resonator, 3> formants_;
  std::array<double, 3> frequencies_{700, 1200, 2600};
};

// RFC 6464 level of the samples: 0 (loudest) to 127 (silence), as -dBov.
uint8_t level_dbov(std::span<const int16_t> samples);

}  // namespace media::client

// The stream's sound before it is encoded: voices laid on one time line, whatever their clocks and
// gaps, and taken off it steadily. Where nobody speaks there is silence. Pure; owner: SoundDesk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "media/base/time.h"

namespace media::hls {

class SoundLine {
 public:
  static constexpr int64_t kRate = 48'000;
  // How much may lie ahead of what was taken.
  static constexpr int64_t kAhead = 4 * kRate;
  // A voice this far from its place is put there at once; nearer ones drift back, one sample per
  // piece, which nobody hears.
  static constexpr int64_t kJump = kRate / 10;
  static constexpr int64_t kTolerance = kRate / 500;

  SoundLine() : ring_(static_cast<size_t>(kAhead), 0) {}

  // Adds a piece of a voice that was captured from `at` on. Pieces of one voice come in order.
  void add(uint32_t voice, Duration at, std::span<const int16_t> samples);
  // Takes the next out.size() samples.
  void take(std::span<int16_t> out);
  // Of the next sample to be taken, counted from the beginning of the time line.
  [[nodiscard]] int64_t position() const { return position_; }

 private:
  void mix(int64_t at, std::span<const int16_t> samples);

  std::vector<int32_t> ring_;  // sample i at i % kAhead
  int64_t position_ = 0;
  std::map<uint32_t, int64_t> next_;  // by voice: where its next piece belongs
};

}  // namespace media::hls

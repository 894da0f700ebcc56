// A test picture that shows whether a lesson works: colour bars, a running clock with readable
// digits, a moving disc, and a white flash with every full second (in step with the synthetic
// voice's first syllable). Owner: SyntheticTeacher. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "media/base/rng.h"
#include "media/base/time.h"

namespace media::client {

// Planar 4:2:0 (I420), tightly packed, even width and height.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> y;
  std::vector<uint8_t> u;
  std::vector<uint8_t> v;

  Picture() = default;
  Picture(int w, int h);
};

// Every 2x2 pixels become one. Sizes of `small` are half of those of `large` (rounded down to
// even).
void halve(const Picture& large, Picture& small);

class SyntheticPicture {
 public:
  // Both even, at least 320x180.
  // `grain`: a strip of noise that is new in every picture, so that an encoder needs all of its
  // rate, as with a camera in a classroom.
  SyntheticPicture(int width, int height, bool grain = false);
  // The picture at `at` since the start, showing `clock` ("14:03:27.5"; digits, ':' and '.').
  const Picture& draw(Duration at, std::string_view clock);

 private:
  struct Box {
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;
  };
  void restore(const Box& box);
  void fill(const Box& box, uint8_t y, uint8_t u, uint8_t v);
  void draw_grain();
  void draw_disc(int cx, int cy, int radius);
  void draw_text(int x, int y, int scale, std::string_view text);

  Picture background_;
  Picture picture_;
  std::vector<Box> dirty_;
  bool grain_;
  SplitMix64 noise_{1};
};

}  // namespace media::client

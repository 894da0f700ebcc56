#include "media/hls/sound_line.h"

#include <gtest/gtest.h>

#include <vector>

namespace media::hls {
namespace {

constexpr size_t kPiece = 960;

std::vector<int16_t> constant(int16_t value) {
  return std::vector<int16_t>(kPiece, value);
}

std::vector<int16_t> take(SoundLine& line, size_t count) {
  std::vector<int16_t> out(count);
  line.take(out);
  return out;
}

TEST(SoundLine, PutsAVoiceWhereItWasCaptured) {
  SoundLine line;
  line.add(1, Duration::millis(40), constant(100));
  const auto out = take(line, 4 * kPiece);
  EXPECT_EQ(out[2 * kPiece - 1], 0);
  EXPECT_EQ(out[2 * kPiece], 100);
  EXPECT_EQ(out[3 * kPiece - 1], 100);
  EXPECT_EQ(out[3 * kPiece], 0);
}

TEST(SoundLine, AddsVoicesAndClipsTheirSum) {
  SoundLine line;
  line.add(1, Duration(), constant(20'000));
  line.add(2, Duration(), constant(20'000));
  EXPECT_EQ(take(line, 1)[0], INT16_MAX);
}

TEST(SoundLine, SmallErrorsOfTheClockMakeNoGap) {
  SoundLine line;
  // Each piece is said to come a millisecond late or early; the voice is one unbroken tone.
  for (int i = 0; i < 50; ++i)
    line.add(1, Duration::millis(20 * i + (i % 2 == 0 ? 0 : 1)), constant(7));
  const auto out = take(line, 49 * kPiece);
  for (size_t i = 0; i < out.size(); ++i) ASSERT_EQ(out[i], 7) << i;
}

TEST(SoundLine, ADriftingVoiceIsLedBackWithoutAGap) {
  SoundLine line;
  // 200 ppm fast: after 2000 pieces it would lie 8 ms off.
  int64_t ahead_us = 0;
  std::vector<int16_t> out;
  for (int i = 0; i < 2000; ++i) {
    ahead_us += 4;
    line.add(1, Duration::micros(20'000LL * i + ahead_us), constant(7));
    if (i > 10) {
      for (const int16_t s : take(line, kPiece)) out.push_back(s);
    }
  }
  size_t silent = 0;
  for (const int16_t s : out) silent += s == 7 ? 0 : 1;
  EXPECT_EQ(silent, 0U);
}

TEST(SoundLine, AJumpIsFollowedAndThePastIsLeftAlone) {
  SoundLine line;
  line.add(1, Duration(), constant(5));
  line.add(1, Duration::seconds(1), constant(6));
  auto out = take(line, 48'000 + kPiece);
  EXPECT_EQ(out[kPiece], 0);
  EXPECT_EQ(out[48'000], 6);
  line.add(1, Duration::millis(500), constant(9));  // too late
  for (const int16_t s : take(line, kPiece)) ASSERT_EQ(s, 0);
}

}  // namespace
}  // namespace media::hls

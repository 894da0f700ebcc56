#include "media/codec/opus.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace media::codec {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(Opus, ReadsEveryConfigurationOfTable2) {
  // RFC 6716 table 2, in microseconds.
  constexpr std::array<int64_t, 32> kFrame = {
      10'000, 20'000, 40'000, 60'000, 10'000, 20'000, 40'000, 60'000, 10'000, 20'000, 40'000,
      60'000, 10'000, 20'000, 10'000, 20'000, 2'500,  5'000,  10'000, 20'000, 2'500,  5'000,
      10'000, 20'000, 2'500,  5'000,  10'000, 20'000, 2'500,  5'000,  10'000, 20'000};
  for (uint8_t config = 0; config < 32; ++config) {
    const auto p = parse_opus(Bytes{static_cast<uint8_t>(config << 3), 0});
    ASSERT_TRUE(p) << int{config};
    EXPECT_EQ(p->frame_duration.as_micros(), kFrame[config]) << int{config};
    EXPECT_EQ(p->mode, config < 12   ? OpusMode::Silk
                       : config < 16 ? OpusMode::Hybrid
                                     : OpusMode::Celt);
  }
}

TEST(Opus, CountsFramesAndChannels) {
  EXPECT_EQ(parse_opus(Bytes{0xfc})->channels, 2);
  EXPECT_EQ(parse_opus(Bytes{0xf8})->channels, 1);
  EXPECT_EQ(parse_opus(Bytes{0xf9})->duration().as_millis(), 40);
  EXPECT_EQ(parse_opus(Bytes{0xfa})->duration().as_millis(), 40);
  EXPECT_EQ(parse_opus(Bytes{0xfb, 0xc6})->duration().as_millis(), 120);
}

TEST(Opus, RefusesNothingAndTooMuch) {
  EXPECT_EQ(parse_opus({}).error().code, Errc::Truncated);
  EXPECT_EQ(parse_opus(Bytes{0xfb}).error().code, Errc::Truncated);
  EXPECT_EQ(parse_opus(Bytes{0xfb, 0}).error().code, Errc::Malformed);
  EXPECT_EQ(parse_opus(Bytes{0xfb, 7}).error().code, Errc::Malformed);  // 140 ms
}

}  // namespace
}  // namespace media::codec

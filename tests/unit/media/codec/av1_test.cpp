#include "media/codec/av1.h"

#include <gtest/gtest.h>

#include <vector>

namespace media::codec {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(Av1, ASequenceBeginsWhereTheHeaderSaysSo) {
  const auto key = parse_av1(Bytes{0x18, 0x0A, 1, 2}, false);  // W=1, N
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->is_key_frame);
  EXPECT_TRUE(key->starts_frame);
  EXPECT_FALSE(key->ends_frame);
  const auto later = parse_av1(Bytes{0x90, 0x0A, 1, 2}, true);  // Z, W=1
  ASSERT_TRUE(later);
  EXPECT_FALSE(later->is_key_frame);
  EXPECT_FALSE(later->starts_frame);
  EXPECT_TRUE(later->ends_frame);
}

TEST(Av1, ElementsAreFollowedToTheEnd) {
  EXPECT_TRUE(parse_av1(Bytes{0x20, 2, 9, 9, 7}, false));     // W=2: two bytes, and the rest
  EXPECT_TRUE(parse_av1(Bytes{0x00, 2, 9, 9, 1, 7}, false));  // W=0: each with its length
}

TEST(Av1, HeadersThatLieAreRefused) {
  EXPECT_EQ(parse_av1(Bytes{}, false).error().code, Errc::Truncated);
  EXPECT_EQ(parse_av1(Bytes{0x10}, false).error().code, Errc::Truncated);
  EXPECT_EQ(parse_av1(Bytes{0x88, 1}, false).error().code, Errc::Malformed);  // Z and N
  EXPECT_EQ(parse_av1(Bytes{0x20, 9, 1}, false).error().code, Errc::Truncated);
  EXPECT_EQ(parse_av1(Bytes{0x20, 1, 1}, false).error().code, Errc::Truncated);  // no last element
  EXPECT_EQ(parse_av1(Bytes{0x00, 0xFF, 0xFF, 0xFF, 0xFF, 1}, false).error().code, Errc::Truncated);
}

}  // namespace
}  // namespace media::codec

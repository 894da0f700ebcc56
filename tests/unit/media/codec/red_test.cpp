#include "media/codec/red.h"

#include <gtest/gtest.h>

#include <vector>

namespace media::codec {
namespace {

using Bytes = std::vector<uint8_t>;

// One earlier block of 3 bytes, 960 ticks back, and a primary one of 2 (RFC 2198 section 3).
Bytes one_earlier(uint8_t type) {
  return {static_cast<uint8_t>(0x80 | type), 0x0F, 0x00, 0x03, type, 'a', 'b', 'c', 'X', 'Y'};
}

TEST(Red, ThePrimaryBlockIsTheLast) {
  const Bytes payload = one_earlier(111);
  const auto red = parse_red(payload, 111);
  ASSERT_TRUE(red);
  EXPECT_EQ(red->header_size, 5U);
  EXPECT_EQ(red->primary, 8U);
  const auto alone = parse_red(Bytes{111, 'X'}, 111);
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->primary, 1U);
}

TEST(Red, BlocksGetTheReceiversTypeAndKeepTheirTimesAndSizes) {
  const Bytes payload = one_earlier(111);
  Bytes out(5);
  rewrite_red(ByteSpan(payload).first(5), 96, out);
  const Bytes wanted = one_earlier(96);
  EXPECT_EQ(out, Bytes(wanted.begin(), wanted.begin() + 5));
}

TEST(Red, HeadersThatLieAreRefused) {
  EXPECT_EQ(parse_red(Bytes{}, 111).error().code, Errc::Truncated);
  EXPECT_EQ(parse_red(Bytes{0xEF, 0x0F, 0}, 111).error().code, Errc::Truncated);
  EXPECT_EQ(parse_red(Bytes{111}, 111).error().code, Errc::Truncated);
  EXPECT_EQ(parse_red(Bytes{0xEF, 0, 3, 0xFF, 111, 1}, 111).error().code, Errc::Truncated);
  EXPECT_EQ(parse_red(one_earlier(110), 111).error().code, Errc::Malformed);
  Bytes mixed = one_earlier(111);
  mixed[4] = 0;
  EXPECT_EQ(parse_red(mixed, 111).error().code, Errc::Malformed);
  Bytes many;
  for (size_t i = 0; i <= kMaxRedBlocks; ++i) many.insert(many.end(), {0xEF, 0, 0, 0});
  many.insert(many.end(), {111, 1});
  EXPECT_EQ(parse_red(many, 111).error().code, Errc::TooLarge);
}

}  // namespace
}  // namespace media::codec

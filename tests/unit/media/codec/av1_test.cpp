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

TEST(Av1, ElementsAreGivenOutWithWhatTheyContinue) {
  const auto counted = read_av1_elements(Bytes{0x60, 2, 9, 8, 7});  // Y, W=2
  ASSERT_TRUE(counted);
  EXPECT_FALSE(counted->first_continues);
  EXPECT_TRUE(counted->last_continues);
  ASSERT_EQ(counted->count, 2U);
  EXPECT_EQ(counted->elements[0].size(), 2U);
  EXPECT_EQ(counted->elements[1].size(), 1U);
  const auto sized = read_av1_elements(Bytes{0x80, 1, 5, 2, 6, 7});  // Z, each with its length
  ASSERT_TRUE(sized);
  EXPECT_TRUE(sized->first_continues);
  EXPECT_EQ(sized->count, 2U);
  EXPECT_FALSE(read_av1_elements(Bytes{0x00, 0}));  // an empty element
  Bytes many = {0x00};
  for (size_t i = 0; i <= Av1Elements::kMaxElements; ++i) many.insert(many.end(), {1, 0});
  EXPECT_EQ(read_av1_elements(many).error().code, Errc::TooLarge);
}

TEST(Av1, AnObuIsReadWithAndWithoutItsSize) {
  const auto sized = parse_obu(Bytes{0x0E, 0x21, 2, 7, 8, 9});  // extension, size
  ASSERT_TRUE(sized);
  EXPECT_EQ(sized->type(), ObuType::SequenceHeader);
  EXPECT_EQ(sized->header, 0x0C);
  EXPECT_EQ(sized->extension, 0x21);
  EXPECT_EQ(sized->payload.size(), 2U);
  EXPECT_EQ(parse_obu(Bytes{0x30, 1, 2, 3})->payload.size(), 3U);
  EXPECT_EQ(parse_obu(Bytes{0x0A, 9, 1}).error().code, Errc::Truncated);
  EXPECT_EQ(parse_obu(Bytes{}).error().code, Errc::Truncated);
  EXPECT_EQ(parse_obu(Bytes{0x8A, 0}).error().code, Errc::Malformed);
}

TEST(Av1, ASequenceHeaderTellsSizeLevelAndColours) {
  // By libaom, 320x180, 8 bits, 4:2:0.
  const Bytes header = {0x00, 0x00, 0x00, 0x04, 0x3c, 0xfe, 0xcf, 0x81, 0xb5, 0xf2, 0x00, 0x80};
  const auto sequence = parse_av1_sequence(header);
  ASSERT_TRUE(sequence);
  EXPECT_EQ(sequence->profile, 0);
  EXPECT_EQ(sequence->width, 320);
  EXPECT_EQ(sequence->height, 180);
  EXPECT_FALSE(sequence->high_bit_depth);
  EXPECT_FALSE(sequence->monochrome);
  for (size_t size = 0; size + 1 < header.size(); ++size) {
    EXPECT_EQ(parse_av1_sequence(ByteSpan(header).first(size)).error().code, Errc::Truncated)
        << size;
  }
  EXPECT_EQ(parse_av1_sequence(Bytes{0x20, 0, 0}).error().code, Errc::Unsupported);
}

TEST(Av1, LengthsTakeSevenBitsAByte) {
  Bytes out;
  append_leb128(5, out);
  append_leb128(300, out);
  EXPECT_EQ(out, (Bytes{5, 0xAC, 0x02}));
}

}  // namespace
}  // namespace media::codec

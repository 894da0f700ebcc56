#include "media/codec/frame_info.h"

#include <gtest/gtest.h>

#include <vector>

namespace media::codec {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(FrameInfo, EachCodecIsReadByItsOwnRules) {
  // One byte string, four meanings: only VP9 sees a frame start that refers to nothing.
  const Bytes bytes = {0x08, 0x41};
  EXPECT_FALSE(parse_frame(Codec::Vp8, bytes, true)->starts_frame);
  EXPECT_TRUE(parse_frame(Codec::Vp9, bytes, true)->is_key_frame);
  EXPECT_FALSE(parse_frame(Codec::H264, bytes, true)->is_key_frame);
  EXPECT_TRUE(parse_frame(Codec::Opus, bytes, false)->is_key_frame);
}

TEST(FrameInfo, EveryOpusPacketIsAWholeFrame) {
  const auto info = parse_frame(Codec::Opus, Bytes{0xf8}, false);
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->starts_frame && info->ends_frame);
}

TEST(FrameInfo, ErrorsOfTheCodecComeThrough) {
  EXPECT_EQ(parse_frame(Codec::Vp8, {}, false).error().code, Errc::Truncated);
  EXPECT_EQ(parse_frame(Codec::H264, Bytes{0x9f}, false).error().code, Errc::Malformed);
}

}  // namespace
}  // namespace media::codec

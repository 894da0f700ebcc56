#include "media/codec/vp9.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace media::codec {
namespace {

using Bytes = std::vector<uint8_t>;

// I, L, B, E; 15-bit picture id 0x1234; TID 1, U, SID 2, D; TL0PICIDX 9; one payload byte.
const Bytes kLayered = {0xac, 0x92, 0x34, 0x35, 9, 0xaa};

TEST(Vp9, ReadsLayersOfTheNonFlexibleMode) {
  const auto d = parse_vp9_descriptor(kLayered);
  ASSERT_TRUE(d);
  EXPECT_EQ(d->size, 5U);
  EXPECT_TRUE(d->inter_layer);
  const auto info = parse_vp9(kLayered, true);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->picture_id, 0x1234);
  EXPECT_EQ(info->temporal_id, 1);
  EXPECT_TRUE(info->layer_sync);
  EXPECT_EQ(info->spatial_id, 2);
  EXPECT_EQ(info->tl0picidx, 9);
  EXPECT_TRUE(info->starts_frame);
  EXPECT_TRUE(info->ends_frame);
  // Not predicted from an earlier picture, but the upper layer of it: no place to begin.
  EXPECT_FALSE(info->is_key_frame);
}

TEST(Vp9, AKeyFrameWithItsStructureShowsTheLargestSize) {
  const Bytes p = {0x8a, 0x05,  // I, B, V; 7-bit picture id
                   0x38, 0x01, 0x40, 0x00, 0xb4, 0x02, 0x80, 0x01, 0x68,  // 2 layers, Y, G
                   2,    0x04, 1,    0x08, 1,    2,  // 2 pictures with 1 and 2 references
                   0xaa};
  const auto d = parse_vp9_descriptor(p);
  ASSERT_TRUE(d);
  EXPECT_EQ(d->size, p.size() - 1);
  const auto info = parse_vp9(p, false);
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->is_key_frame);
  EXPECT_EQ(info->width, 640);
  EXPECT_EQ(info->height, 360);
  EXPECT_FALSE(info->ends_frame);
}

TEST(Vp9, InterPredictedIsNoKeyFrame) {
  EXPECT_FALSE(parse_vp9(Bytes{0x48, 0xaa}, true)->is_key_frame);
  EXPECT_TRUE(parse_vp9(Bytes{0x08, 0xaa}, true)->is_key_frame);
  EXPECT_FALSE(parse_vp9(Bytes{0x00, 0xaa}, true)->is_key_frame);  // not the frame's start
}

TEST(Vp9, FlexibleModeHasAtMostThreeReferences) {
  EXPECT_EQ(parse_vp9_descriptor(Bytes{0x50, 0x03, 0x05, 0x06, 0xaa})->size, 4U);
  EXPECT_EQ(parse_vp9_descriptor(Bytes{0x50, 3, 3, 3, 3, 0xaa}).error().code, Errc::Malformed);
}

TEST(Vp9, EveryTruncationIsRefused) {
  for (size_t n = 0; n < kLayered.size(); ++n) {
    EXPECT_EQ(parse_vp9(ByteSpan(kLayered).first(n), false).error().code, Errc::Truncated) << n;
  }
}

TEST(Vp9Rewrite, ReplacesPictureIdAndTl0AndLeavesTheTail) {
  // With references behind the rewritten part.
  const Bytes in = {0xd8, 0x05, 0x02, 0xaa};  // I, P, F, B: 7-bit picture id 5, one reference
  std::array<uint8_t, kMaxVp9Rewrite> out{};
  const auto r = rewrite_vp9(in, {0x1000, 0, 0}, out);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->consumed, 2U);
  EXPECT_EQ(Bytes(out.begin(), out.begin() + static_cast<ptrdiff_t>(r->written)),
            (Bytes{0xd8, 0x90, 0x00}));

  const auto layered = rewrite_vp9(kLayered, {7, 77, 0}, out);
  ASSERT_TRUE(layered);
  EXPECT_EQ(layered->consumed, 5U);
  EXPECT_EQ(Bytes(out.begin(), out.end()), (Bytes{0xac, 0x80, 7, 0x35, 77}));
}

TEST(Vp9Rewrite, SaysWhenThereIsNoRoom) {
  std::array<uint8_t, 4> out{};
  EXPECT_EQ(rewrite_vp9(kLayered, {}, out).error().code, Errc::TooLarge);
}

}  // namespace
}  // namespace media::codec

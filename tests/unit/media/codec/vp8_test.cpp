#include "media/codec/vp8.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace media::codec {
namespace {

using Bytes = std::vector<uint8_t>;

// A 640x360 key frame's first bytes (RFC 6386 section 9.1): frame tag with P=0, start code, sizes
// with scale bits.
const Bytes kKeyFrame = {0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0x68, 0x81, 0xaa};
const Bytes kDeltaFrame = {0x11, 0x02, 0x00, 0xaa};

Bytes payload(Bytes descriptor, const Bytes& frame) {
  descriptor.insert(descriptor.end(), frame.begin(), frame.end());
  return descriptor;
}

// Extended, all fields, 15-bit picture id 0x1234, TL0PICIDX 200, TID 2 with Y, KEYIDX 17.
const Bytes kFull = {0x90, 0xf0, 0x92, 0x34, 200, 0xb1};

TEST(Vp8, ReadsEveryField) {
  const auto info = parse_vp8(payload(kFull, kDeltaFrame), true);
  ASSERT_TRUE(info);
  EXPECT_FALSE(info->is_key_frame);
  EXPECT_TRUE(info->starts_frame);
  EXPECT_TRUE(info->ends_frame);
  EXPECT_FALSE(info->is_discardable);
  EXPECT_EQ(info->picture_id_bits, 15);
  EXPECT_EQ(info->picture_id, 0x1234);
  EXPECT_EQ(info->tl0picidx, 200);
  EXPECT_EQ(info->temporal_id, 2);
  EXPECT_TRUE(info->layer_sync);
  EXPECT_EQ(info->keyidx, 17);
}

TEST(Vp8, ShowsTheSizeOfAKeyFrame) {
  const auto info = parse_vp8(payload({0x10}, kKeyFrame), false);
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->is_key_frame);
  EXPECT_FALSE(info->ends_frame);
  EXPECT_EQ(info->width, 640);
  EXPECT_EQ(info->height, 360);
  EXPECT_EQ(info->picture_id_bits, 0);
  EXPECT_FALSE(info->tl0picidx);
}

TEST(Vp8, OnlyTheFirstPartitionsStartStartsAFrame) {
  // A continuation whose payload happens to look like a key frame; then the start of partition 1.
  for (const uint8_t first : {uint8_t{0x00}, uint8_t{0x11}}) {
    const auto info = parse_vp8(payload({first}, kKeyFrame), false);
    ASSERT_TRUE(info);
    EXPECT_FALSE(info->starts_frame);
    EXPECT_FALSE(info->is_key_frame);
  }
}

TEST(Vp8, SevenBitPictureIdAndNonReference) {
  const auto info = parse_vp8(payload({0xb0, 0x80, 0x7f}, kDeltaFrame), true);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->picture_id_bits, 7);
  EXPECT_EQ(info->picture_id, 127);
  EXPECT_TRUE(info->is_discardable);
}

TEST(Vp8, RefusesTruncatedDescriptorsAndFalseKeyFrames) {
  const Bytes whole = payload(kFull, kDeltaFrame);
  for (size_t n = 0; n <= kFull.size(); ++n) {
    EXPECT_EQ(parse_vp8(ByteSpan(whole).first(n), false).error().code, Errc::Truncated) << n;
  }
  Bytes wrong = payload({0x10}, kKeyFrame);
  wrong[4] ^= 1;
  EXPECT_EQ(parse_vp8(wrong, false).error().code, Errc::Malformed);
  EXPECT_EQ(parse_vp8(payload({0x10}, {0x10, 0, 0}), false).error().code, Errc::Truncated);
}

TEST(Vp8Rewrite, ReplacesWhatIsThereAndKeepsTheRest) {
  std::array<uint8_t, kMaxVp8Descriptor> out{};
  const auto r = rewrite_vp8(payload(kFull, kDeltaFrame), {0x7fff, 3, 30}, out);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->consumed, kFull.size());
  Bytes made(out.begin(), out.begin() + static_cast<ptrdiff_t>(r->written));
  const auto info = parse_vp8(payload(made, kDeltaFrame), true);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->picture_id, 0x7fff);
  EXPECT_EQ(info->tl0picidx, 3);
  EXPECT_EQ(info->keyidx, 30);
  EXPECT_EQ(info->temporal_id, 2);
  EXPECT_TRUE(info->layer_sync);
  EXPECT_TRUE(info->starts_frame);
}

TEST(Vp8Rewrite, WidensASevenBitPictureId) {
  const Bytes in = payload({0x90, 0xc0, 0x05, 9}, kDeltaFrame);
  std::array<uint8_t, kMaxVp8Descriptor> out{};
  const auto r = rewrite_vp8(in, {5, 10, 0}, out);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->consumed, 4U);
  EXPECT_EQ(r->written, 5U);
  EXPECT_EQ(Bytes(out.begin(), out.begin() + 5), (Bytes{0x90, 0xc0, 0x80, 5, 10}));
}

TEST(Vp8Rewrite, AddsNothingThatWasNotThere) {
  std::array<uint8_t, kMaxVp8Descriptor> out{};
  const auto bare = rewrite_vp8(payload({0x10}, kKeyFrame), {1, 2, 3}, out);
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->written, 1U);
  EXPECT_EQ(out[0], 0x10);
  // T without K: the five bits below are reserved and stay.
  const auto temporal = rewrite_vp8(payload({0x90, 0x20, 0x60}, kDeltaFrame), {1, 2, 31}, out);
  ASSERT_TRUE(temporal);
  EXPECT_EQ(Bytes(out.begin(), out.begin() + 3), (Bytes{0x90, 0x20, 0x60}));
}

TEST(Vp8Rewrite, SaysWhenThereIsNoRoom) {
  std::array<uint8_t, 5> out{};
  EXPECT_EQ(rewrite_vp8(payload(kFull, kDeltaFrame), {}, out).error().code, Errc::TooLarge);
}

}  // namespace
}  // namespace media::codec

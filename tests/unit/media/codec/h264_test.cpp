#include "media/codec/h264.h"

#include <gtest/gtest.h>

#include <vector>

namespace media::codec {
namespace {

using Bytes = std::vector<uint8_t>;

// Parameter sets written by x264 (baseline 320x180, cropped from 320x192; high 1920x1080, cropped
// from 1088).
const Bytes kSps180 = {0x67, 0x42, 0xc0, 0x0b, 0xd9, 0x01, 0x41, 0x9f, 0x9f, 0x01, 0x10, 0x00, 0x00,
                       0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x00, 0xa0, 0xf1, 0x42, 0xa4, 0x80};
const Bytes kSps1080 = {0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02,
                        0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00, 0x04,
                        0x00, 0x00, 0x03, 0x00, 0x28, 0x3c, 0x60, 0xc6, 0x58};
const Bytes kPps = {0x68, 0xce, 0x3c, 0x80};

Bytes stap(const std::vector<Bytes>& units) {
  Bytes out = {0x78};
  for (const Bytes& u : units) {
    out.push_back(static_cast<uint8_t>(u.size() >> 8));
    out.push_back(static_cast<uint8_t>(u.size()));
    out.insert(out.end(), u.begin(), u.end());
  }
  return out;
}

TEST(H264, SingleUnits) {
  const auto idr = parse_h264(Bytes{0x65, 0x88, 0x84}, true);
  ASSERT_TRUE(idr);
  EXPECT_TRUE(idr->is_key_frame);
  EXPECT_TRUE(idr->starts_frame);
  EXPECT_TRUE(idr->ends_frame);

  const auto slice = parse_h264(Bytes{0x41, 0x9a}, false);
  ASSERT_TRUE(slice);
  EXPECT_FALSE(slice->is_key_frame);
  EXPECT_TRUE(slice->starts_frame);
  EXPECT_FALSE(slice->is_discardable);

  // first_mb_in_slice is not 0: a later slice of the picture; nal_ref_idc 0: nobody refers to it.
  const auto later = parse_h264(Bytes{0x01, 0x4a}, false);
  ASSERT_TRUE(later);
  EXPECT_FALSE(later->starts_frame);
  EXPECT_TRUE(later->is_discardable);
}

TEST(H264, ParameterSetsBeginAKeyFrameAndShowItsSize) {
  const auto info = parse_h264(stap({kSps180, kPps, {0x65, 0x88}}), false);
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->is_key_frame);
  EXPECT_TRUE(info->starts_frame);
  EXPECT_EQ(info->width, 320);
  EXPECT_EQ(info->height, 180);
  EXPECT_TRUE(parse_h264(kSps180, false)->is_key_frame);
  EXPECT_FALSE(parse_h264(kPps, false)->is_key_frame);
}

TEST(H264, FragmentsTellTheirKindAndOnlyTheFirstStarts) {
  const auto first = parse_h264(Bytes{0x7c, 0x85, 0x88}, false);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->is_key_frame);
  EXPECT_TRUE(first->starts_frame);
  const auto middle = parse_h264(Bytes{0x7c, 0x05, 0x88}, false);
  ASSERT_TRUE(middle);
  EXPECT_TRUE(middle->is_key_frame);
  EXPECT_FALSE(middle->starts_frame);
  EXPECT_FALSE(parse_h264(Bytes{0x5c, 0x81, 0x9a}, false)->is_key_frame);
}

TEST(H264, RefusesWhatModeOneDoesNotAllow) {
  EXPECT_EQ(parse_h264({}, false).error().code, Errc::Truncated);
  EXPECT_EQ(parse_h264(Bytes{0xe5, 1}, false).error().code, Errc::Malformed);
  for (const uint8_t type :
       {uint8_t{0}, uint8_t{25}, uint8_t{26}, uint8_t{27}, uint8_t{29}, uint8_t{30}}) {
    EXPECT_EQ(parse_h264(Bytes{static_cast<uint8_t>(0x60 | type), 1, 2, 3}, false).error().code,
              Errc::Unsupported);
  }
  EXPECT_EQ(parse_h264(Bytes{0x7c, 0x85}, false).error().code, Errc::Truncated);
}

TEST(H264, RefusesBrokenAggregates) {
  EXPECT_EQ(parse_h264(Bytes{0x78}, false).error().code, Errc::Truncated);
  EXPECT_EQ(parse_h264(Bytes{0x78, 0}, false).error().code, Errc::Truncated);
  EXPECT_EQ(parse_h264(Bytes{0x78, 0, 5, 0x65}, false).error().code, Errc::Truncated);
  EXPECT_EQ(parse_h264(Bytes{0x78, 0, 0}, false).error().code, Errc::Malformed);
}

TEST(H264, ReadsCroppedSizesOfBothProfileFamilies) {
  EXPECT_EQ(*parse_sps_size(kSps180), (PictureSize{320, 180}));
  EXPECT_EQ(*parse_sps_size(kSps1080), (PictureSize{1920, 1080}));
  EXPECT_EQ(parse_sps_size(kPps).error().code, Errc::Unsupported);
}

TEST(H264, TruncatedParameterSetsGiveAnErrorOrTheSameSize) {
  for (const Bytes& sps : {kSps180, kSps1080}) {
    const auto whole = parse_sps_size(sps);
    for (size_t n = 0; n < sps.size(); ++n) {
      const auto cut = parse_sps_size(ByteSpan(sps).first(n));
      EXPECT_TRUE(!cut || *cut == *whole) << n;
    }
    EXPECT_FALSE(parse_sps_size(ByteSpan(sps).first(6)));
  }
}

TEST(H264, OnlyTheFirstSliceOfAnIdrPictureStartsOne) {
  EXPECT_TRUE(parse_h264(Bytes{0x65, 0x88}, false)->starts_idr);
  EXPECT_FALSE(parse_h264(Bytes{0x65, 0x48}, false)->starts_idr);        // a later slice
  EXPECT_FALSE(parse_h264(Bytes{0x41, 0x9a}, false)->starts_idr);        // no IDR
  EXPECT_TRUE(parse_h264(Bytes{0x7c, 0x85, 0x88}, false)->starts_idr);   // FU-A, its first piece
  EXPECT_FALSE(parse_h264(Bytes{0x7c, 0x05, 0x88}, false)->starts_idr);  // a later one
  EXPECT_FALSE(parse_h264(kSps180, false)->starts_idr);
  EXPECT_TRUE(parse_h264(kSps180, false)->has_sequence_set);
  EXPECT_TRUE(parse_h264(kPps, false)->has_picture_set);
  EXPECT_FALSE(parse_h264(kPps, false)->has_parameter_sets());
  const auto all = parse_h264(stap({kSps180, kPps, {0x65, 0x88}}), false);
  EXPECT_TRUE(all->starts_idr);
  EXPECT_TRUE(all->has_parameter_sets());
}

TEST(ParameterSets, AreKeptAsTheSenderSentThemLast) {
  ParameterSets sets;
  EXPECT_FALSE(sets.is_complete());
  EXPECT_TRUE(sets.note(stap({kSps180, kPps})));
  ASSERT_TRUE(sets.is_complete());
  EXPECT_EQ(sets.payload(), stap({kSps180, kPps}));
  EXPECT_FALSE(sets.note(stap({kSps180, kPps}))) << "nothing new";
  EXPECT_FALSE(sets.note(Bytes{0x65, 0x88}));
  // Another size: the picture parameter sets of the old one mean nothing now.
  EXPECT_TRUE(sets.note(kSps1080));
  EXPECT_FALSE(sets.is_complete());
  EXPECT_TRUE(sets.note(kPps));
  EXPECT_EQ(sets.payload(), stap({kSps1080, kPps}));
}

TEST(ParameterSets, ThosePicturesHaveAreToldApartByTheirNumberAndBounded) {
  ParameterSets sets;
  sets.note(kSps180);
  const Bytes first = {0x68, 0x80, 1};   // id 0
  const Bytes second = {0x68, 0x40, 1};  // id 1
  EXPECT_TRUE(sets.note(first));
  EXPECT_TRUE(sets.note(second));
  const Bytes changed = {0x68, 0x80, 2};
  EXPECT_TRUE(sets.note(changed));
  EXPECT_EQ(sets.payload(), stap({kSps180, changed, second}));
  for (const uint8_t id : Bytes{0x60, 0x20, 0x28, 0x30, 0x38}) sets.note(Bytes{0x68, id, 1});
  EXPECT_LE(sets.payload().size(), 1 + 2 + kSps180.size() + ParameterSets::kMaxPictureSets * 5);
  Bytes huge(ParameterSets::kMaxUnit + 1, 1);
  huge[0] = 0x67;
  EXPECT_FALSE(sets.note(huge));
}

}  // namespace
}  // namespace media::codec

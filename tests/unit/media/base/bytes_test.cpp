#include "media/base/bytes.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace media {
namespace {

TEST(Bytes, WriterAndReaderAgreeAndAreBigEndian) {
  std::array<uint8_t, 32> buffer{};
  ByteWriter w(buffer);
  w.u8(0x01);
  w.u16(0x0203);
  w.u24(0x040506);
  w.u32(0x0708090a);
  w.u64(0x0b0c0d0e0f101112);
  const std::array<uint8_t, 2> more = {0x13, 0x14};
  w.bytes(more);
  w.zeros(2);
  ASSERT_TRUE(w.ok());
  ASSERT_EQ(w.size(), 22U);
  for (uint8_t i = 0; i < 20; ++i) EXPECT_EQ(buffer[i], i + 1);

  ByteReader r(w.written());
  EXPECT_EQ(r.u8(), 0x01);
  EXPECT_EQ(r.u16(), 0x0203);
  EXPECT_EQ(r.u24(), 0x040506U);
  EXPECT_EQ(r.u32(), 0x0708090aU);
  EXPECT_EQ(r.u64(), 0x0b0c0d0e0f101112U);
  EXPECT_EQ(r.bytes(2)[1], 0x14);
  r.skip(2);
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.remaining(), 0U);
}

TEST(ByteReader, StaysFailedAfterTheEndAndGivesZeros) {
  const std::array<uint8_t, 3> bytes = {0xff, 0xff, 0xff};
  ByteReader r(bytes);
  EXPECT_EQ(r.u32(), 0U);
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.u8(), 0);
  EXPECT_EQ(r.remaining(), 0U);
  EXPECT_TRUE(r.bytes(1).empty());
  EXPECT_TRUE(r.rest().empty());
}

TEST(ByteWriter, DropsWhatDoesNotFitAndStaysFailed) {
  std::array<uint8_t, 3> buffer{};
  ByteWriter w(buffer);
  w.u16(0x0102);
  w.u16(0x0304);
  EXPECT_FALSE(w.ok());
  w.u8(9);
  EXPECT_EQ(w.size(), 2U);
  EXPECT_EQ(buffer[2], 0);
}

TEST(ByteWriter, PatchesALengthWrittenBefore) {
  std::array<uint8_t, 4> buffer{};
  ByteWriter w(buffer);
  w.u16(0);
  w.u16(0xaaaa);
  w.patch_u16(0, 0x1234);
  EXPECT_EQ(load_be32(buffer.data()), 0x1234aaaaU);
}

}  // namespace
}  // namespace media

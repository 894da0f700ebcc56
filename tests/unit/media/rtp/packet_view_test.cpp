#include "media/rtp/packet_view.h"

#include <gtest/gtest.h>

#include <vector>

namespace media::rtp {
namespace {

using Bytes = std::vector<uint8_t>;

// Marker, payload type 96, sequence 0x1234, timestamp 0x01020304, SSRC 0x0a0b0c0d.
Bytes fixed(uint8_t first) {
  return {first, 0xe0, 0x12, 0x34, 1, 2, 3, 4, 0x0a, 0x0b, 0x0c, 0x0d};
}

Bytes with(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(PacketView, ReadsTheFixedHeader) {
  const Bytes bytes = with(fixed(0x80), {7, 8, 9});
  const auto p = PacketView::parse(bytes);
  ASSERT_TRUE(p);
  EXPECT_TRUE(p->marker());
  EXPECT_EQ(p->payload_type(), 96);
  EXPECT_EQ(p->sequence(), 0x1234);
  EXPECT_EQ(p->timestamp(), 0x01020304U);
  EXPECT_EQ(p->ssrc(), Ssrc(0x0a0b0c0d));
  EXPECT_EQ(p->header_size(), 12U);
  EXPECT_EQ(p->csrc_count(), 0U);
  EXPECT_FALSE(p->has_extension());
  EXPECT_TRUE(p->extension().empty());
  EXPECT_EQ(Bytes(p->payload().begin(), p->payload().end()), (Bytes{7, 8, 9}));
}

TEST(PacketView, ReadsCsrcsExtensionAndPaddingTogether) {
  const Bytes bytes = with(fixed(0xb2), {0,    0,    0, 1, 0,    0,    0, 2,  // two CSRCs
                                         0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0,  // one extension word
                                         42,   43,   0, 0, 3});  // payload, 3 of padding
  const auto p = PacketView::parse(bytes);
  ASSERT_TRUE(p);
  EXPECT_EQ(p->csrc_count(), 2U);
  EXPECT_EQ(p->csrc(1), Ssrc(2));
  EXPECT_EQ(p->extension_profile(), 0xbede);
  EXPECT_EQ(Bytes(p->extension().begin(), p->extension().end()), (Bytes{0x10, 0xff, 0, 0}));
  EXPECT_EQ(p->header_size(), 28U);
  EXPECT_EQ(p->padding_size(), 3U);
  EXPECT_EQ(Bytes(p->payload().begin(), p->payload().end()), (Bytes{42, 43}));
}

TEST(PacketView, AcceptsPaddingOnly) {
  const auto bytes = with(fixed(0xa0), {0, 0, 0, 4});
  const auto p = PacketView::parse(bytes);
  ASSERT_TRUE(p);
  EXPECT_TRUE(p->payload().empty());
  EXPECT_EQ(p->padding_size(), 4U);
}

TEST(PacketView, RefusesImpossiblePadding) {
  EXPECT_EQ(PacketView::parse(with(fixed(0xa0), {0, 0, 0})).error().code, Errc::Malformed);
  EXPECT_EQ(PacketView::parse(with(fixed(0xa0), {0, 0, 4})).error().code, Errc::Malformed);
  // No byte behind the header that could be the count.
  EXPECT_EQ(PacketView::parse(fixed(0xa0)).error().code, Errc::Malformed);
}

TEST(PacketView, RefusesOtherVersions) {
  for (const uint8_t first : {uint8_t{0x00}, uint8_t{0x40}, uint8_t{0xc0}}) {
    EXPECT_EQ(PacketView::parse(fixed(first)).error().code, Errc::Malformed);
  }
}

TEST(PacketView, RefusesEveryTruncationOfItsHeader) {
  const Bytes bytes =
      with(fixed(0x92), {0, 0, 0, 1, 0, 0, 0, 2, 0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0});
  ASSERT_TRUE(PacketView::parse(bytes));
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_EQ(PacketView::parse(ByteSpan(bytes).first(n)).error().code, Errc::Truncated) << n;
  }
}

TEST(PacketView, RefusesWhatNoDatagramHolds) {
  Bytes bytes(65536, 0);
  bytes[0] = 0x80;
  EXPECT_EQ(PacketView::parse(bytes).error().code, Errc::TooLarge);
}

}  // namespace
}  // namespace media::rtp

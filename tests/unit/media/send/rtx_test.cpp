#include "media/send/rtx.h"

#include <gtest/gtest.h>

#include <vector>

namespace media::send {
namespace {

TEST(Rtx, ParsesTheOriginalNumberAndRefusesLess) {
  const std::vector<uint8_t> bytes{0x12, 0x34, 0x56};
  EXPECT_EQ(parse_rtx(bytes)->original_sequence, 0x1234);
  EXPECT_EQ(parse_rtx(bytes)->payload.size(), 1U);
  EXPECT_FALSE(parse_rtx(ByteSpan(bytes).first(1)));
  EXPECT_TRUE(parse_rtx(ByteSpan(bytes).first(2))->payload.empty());
}

TEST(Rtx, SpendsAtMostAFifthOfWhatMediaEarned) {
  SplitMix64 rng(9);
  RtxStream rtx(Ssrc(5), rng);
  Departure original;
  original.rewritten.sequence = 65'536 + 7;
  Departure out;
  int64_t spent = 0;
  while (rtx.wrap(original, 1000, 101, out)) spent += 1000;
  EXPECT_EQ(spent, RtxStream::kBurstBytes);
  EXPECT_EQ(out.original_sequence, 7);
  EXPECT_EQ(out.ssrc, Ssrc(5));
  EXPECT_EQ(out.payload_type, 101);
  for (int i = 0; i < 100; ++i) rtx.on_media_sent(1000);
  int again = 0;
  while (rtx.wrap(original, 1000, 101, out)) ++again;
  EXPECT_EQ(again, 20);
}

TEST(Rtx, NumbersItsOwnStreamWithoutAGap) {
  SplitMix64 rng(9);
  RtxStream rtx(Ssrc(5), rng);
  Departure out;
  ASSERT_TRUE(rtx.wrap({}, 10, 101, out));
  const int64_t first = out.rewritten.sequence;
  EXPECT_GE(first, 1);
  EXPECT_LE(first, 32'767);
  ASSERT_TRUE(rtx.wrap({}, 10, 101, out));
  EXPECT_EQ(out.rewritten.sequence, first + 1);
}

}  // namespace
}  // namespace media::send

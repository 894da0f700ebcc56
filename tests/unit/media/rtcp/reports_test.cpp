#include "media/rtcp/reports.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "media/rtcp/compound.h"

namespace media::rtcp {
namespace {

ReportBlock block(uint32_t ssrc, int32_t lost) {
  ReportBlock b;
  b.ssrc = Ssrc(ssrc);
  b.fraction_lost = 200;
  b.cumulative_lost = lost;
  b.highest_sequence = 0x0002fffe;
  b.jitter = 12345;
  b.last_sr = 0xaabbccdd;
  b.delay_since_last_sr = 65536;
  return b;
}

template <class T>
T only_block(ByteSpan packet) {
  CompoundReader reader(packet);
  const auto first = reader.next();
  EXPECT_TRUE(first && std::holds_alternative<T>(*first));
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.malformed());
  return std::get<T>(*first);
}

TEST(SenderReport, ReadsBackWithBlocksAndNegativeLoss) {
  std::array<uint8_t, 256> buffer{};
  ByteWriter w(buffer);
  const SenderInfo info{Ssrc(7), NtpTime{0x0123456789abcdef}, 90000, 11, 22};
  const std::array<ReportBlock, 3> blocks = {block(1, -5), block(2, 0x7fffff), block(3, -0x800000)};
  ASSERT_TRUE(write_sender_report(w, info, blocks));
  EXPECT_EQ(w.size(), 28U + 3 * 24);
  const auto sr = only_block<SenderReport>(w.written());
  EXPECT_EQ(sr.sender, info);
  ASSERT_EQ(sr.blocks.size(), 3U);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(sr.blocks[i], blocks[i]) << i;
}

TEST(SenderReport, LossOutsideOf24BitsIsClamped) {
  std::array<uint8_t, 64> buffer{};
  ByteWriter w(buffer);
  const std::array<ReportBlock, 1> blocks = {block(1, 0x1000000)};
  ASSERT_TRUE(write_receiver_report(w, Ssrc(1), blocks));
  EXPECT_EQ(only_block<ReceiverReport>(w.written()).blocks[0].cumulative_lost, 0x7fffff);
}

TEST(Reports, TakeAtMost31BlocksAndWriteNothingWithoutRoom) {
  std::vector<uint8_t> buffer(2000);
  ByteWriter w(buffer);
  EXPECT_FALSE(write_receiver_report(w, Ssrc(1), std::vector<ReportBlock>(32)));
  EXPECT_TRUE(write_receiver_report(w, Ssrc(1), std::vector<ReportBlock>(31)));
  ByteWriter tight(MutableByteSpan(buffer).first(31));
  EXPECT_FALSE(write_receiver_report(tight, Ssrc(1), std::vector<ReportBlock>(1)));
  EXPECT_FALSE(write_sender_report(tight, SenderInfo{}, std::vector<ReportBlock>(1)));
  EXPECT_EQ(tight.size(), 0U);
}

TEST(Sdes, CnameReadsBackAtEveryLength) {
  for (size_t n = 0; n <= 255; ++n) {
    std::array<uint8_t, 300> buffer{};
    ByteWriter w(buffer);
    const std::string cname(n, 'c');
    ASSERT_TRUE(write_sdes_cname(w, Ssrc(5), cname));
    EXPECT_EQ(w.size() % 4, 0U);
    const auto sdes = only_block<Sdes>(w.written());
    EXPECT_EQ(sdes.cname_of(Ssrc(5)), cname) << n;
    EXPECT_EQ(sdes.cname_of(Ssrc(6)), "");
  }
  std::array<uint8_t, 400> buffer{};
  ByteWriter w(buffer);
  EXPECT_FALSE(write_sdes_cname(w, Ssrc(5), std::string(256, 'c')));
}

TEST(Sdes, FindsTheSecondChunkBehindOtherItems) {
  const std::vector<uint8_t> packet = {0x82, 202, 0, 6, 0, 0, 0,   1, 2, 1,   'n', 0,  // NAME "n"
                                       0,    0,   0, 2, 2, 1, 'x', 1, 2, 'a', 'b', 0,
                                       0,    0,   0, 0};  // NAME, CNAME
  EXPECT_EQ(only_block<Sdes>(packet).cname_of(Ssrc(2)), "ab");
  EXPECT_EQ(only_block<Sdes>(packet).cname_of(Ssrc(1)), "");
}

TEST(Bye, ReadsBackWithAndWithoutReason) {
  for (const std::string& reason : {std::string(), std::string("bye"), std::string(255, 'r')}) {
    std::array<uint8_t, 400> buffer{};
    ByteWriter w(buffer);
    const std::array<Ssrc, 2> ssrcs = {Ssrc(1), Ssrc(0xffffffff)};
    ASSERT_TRUE(write_bye(w, ssrcs, reason));
    const auto bye = only_block<Bye>(w.written());
    ASSERT_EQ(bye.size(), 2U);
    EXPECT_EQ(bye[1], Ssrc(0xffffffff));
    EXPECT_EQ(bye.reason(), reason);
  }
}

TEST(NtpTime, KeepsMicrosecondsOverThisCentury) {
  for (const int64_t us :
       {int64_t{0}, int64_t{1}, int64_t{3'944'678'400'123'457}, int64_t{4'200'000'000'999'999}}) {
    EXPECT_EQ(NtpTime::from_micros(us).as_micros(), us);
  }
  EXPECT_EQ(NtpTime{0x1111222233334444}.middle32(), 0x22223333U);
}

TEST(CompactTime, IsIn65536thsOfASecond) {
  EXPECT_EQ(to_compact(Duration::seconds(1)), 65536U);
  EXPECT_EQ(to_compact(Duration::millis(-5)), 0U);
  EXPECT_EQ(from_compact(65536 / 2).as_millis(), 500);
  EXPECT_NEAR(static_cast<double>(from_compact(to_compact(Duration::micros(123'456))).as_micros()),
              123'456, 16);
}

}  // namespace
}  // namespace media::rtcp

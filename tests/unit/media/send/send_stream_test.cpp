#include "media/send/send_stream.h"

#include <gtest/gtest.h>

namespace media::send {
namespace {

TEST(SendStream, ReportsOnceASecondAndAtOnceWhenHastened) {
  SendStream s(Ssrc(3));
  const Instant t = Instant::from_micros(9'000'000);
  EXPECT_FALSE(s.report_due(t));  // nothing sent yet
  s.on_sent(100);
  ASSERT_TRUE(s.report_due(t));
  const auto info = s.make_report(t, Duration::seconds(2), 1234);
  EXPECT_EQ(info.packet_count, 1U);
  EXPECT_EQ(info.octet_count, 100U);
  EXPECT_EQ(info.ntp.as_micros() - kSessionEpochNtpMicros, 2'000'000);
  EXPECT_FALSE(s.report_due(t + Duration::millis(999)));
  EXPECT_TRUE(s.report_due(t + Duration::seconds(1)));
  s.make_report(t + Duration::seconds(1), Duration::seconds(3), 1234);
  s.hasten_report();
  EXPECT_TRUE(s.report_due(t + Duration::millis(1001)));
}

TEST(SendStream, MeasuresTheRoundTripFromItsOwnReport) {
  SendStream s(Ssrc(3));
  s.on_sent(1);
  const auto info = s.make_report(Instant(), Duration::seconds(100), 0);
  rtcp::ReportBlock block;
  block.ssrc = Ssrc(3);
  block.last_sr = info.ntp.middle32();
  block.delay_since_last_sr = rtcp::to_compact(Duration::millis(400));
  block.fraction_lost = 64;
  s.on_report_block(Duration::millis(100'480), block);
  EXPECT_NEAR(static_cast<double>(s.rtt()->as_micros()), 80'000, 100);
  EXPECT_DOUBLE_EQ(s.loss(), 0.25);
  block.ssrc = Ssrc(4);
  block.fraction_lost = 0;
  s.on_report_block(Duration::seconds(101), block);
  EXPECT_DOUBLE_EQ(s.loss(), 0.25);
}

TEST(SendStream, AnImpossibleRoundTripIsIgnored) {
  SendStream s(Ssrc(3));
  rtcp::ReportBlock block;
  block.ssrc = Ssrc(3);
  block.last_sr = 12345;
  s.on_report_block(Duration::seconds(5000), block);
  EXPECT_FALSE(s.rtt() && *s.rtt() > Duration::seconds(60));
}

}  // namespace
}  // namespace media::send

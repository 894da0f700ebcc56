#include "media/receive/transport_cc_recorder.h"

#include <gtest/gtest.h>

namespace media::receive {
namespace {

Instant at_ms(int64_t ms) {
  return Instant::from_micros(1'000'000 + ms * 1000);
}

TEST(TransportCcRecorder, FeedsBackEvery50MsOnAFastLineAndEvery100OnASlowOne) {
  for (const auto& [size, expected] :
       {std::pair<size_t, int>{1000, 20}, std::pair<size_t, int>{50, 10}}) {
    TransportCcRecorder recorder;
    TransportCcRecorder::Feedback out;
    int count = 0;
    for (int ms = 0; ms < 1010; ms += 5) {
      recorder.on_packet(at_ms(ms), static_cast<uint16_t>(ms / 5), size);
      count += recorder.poll(at_ms(ms), out) ? 1 : 0;
    }
    EXPECT_NEAR(count, expected, 1) << size;
  }
}

TEST(TransportCcRecorder, ReportsEveryPacketOnceAndTheHolesBetweenReports) {
  TransportCcRecorder recorder;
  TransportCcRecorder::Feedback out;
  recorder.on_packet(at_ms(0), 65'534, 100);
  recorder.on_packet(at_ms(1), 0, 100);  // 65535 is missing
  ASSERT_TRUE(recorder.poll(at_ms(120), out));
  EXPECT_EQ(out.base, 65'534);
  ASSERT_EQ(out.arrivals.size(), 2U);
  EXPECT_EQ(out.arrivals[1].sequence, 65'536);
  EXPECT_EQ(out.count, 0);
  recorder.on_packet(at_ms(130), 4, 100);
  recorder.on_packet(at_ms(131), 4, 100);
  ASSERT_TRUE(recorder.poll(at_ms(240), out));
  EXPECT_EQ(out.base, 65'537);  // 1..3 are thereby reported missing
  EXPECT_EQ(out.arrivals.size(), 1U);
  EXPECT_EQ(out.count, 1);
  EXPECT_FALSE(recorder.poll(at_ms(400), out));
}

TEST(TransportCcRecorder, ALatePacketIsReportedAfterAll) {
  TransportCcRecorder recorder;
  TransportCcRecorder::Feedback out;
  recorder.on_packet(at_ms(0), 10, 100);
  recorder.on_packet(at_ms(1), 12, 100);
  ASSERT_TRUE(recorder.poll(at_ms(120), out));
  recorder.on_packet(at_ms(130), 11, 100);
  ASSERT_TRUE(recorder.poll(at_ms(240), out));
  EXPECT_EQ(out.base, 11);
  EXPECT_EQ(out.arrivals[0].sequence, 11);
}

}  // namespace
}  // namespace media::receive

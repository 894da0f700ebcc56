#include "media/receive/sender_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "media/base/rng.h"

namespace media::receive {
namespace {

constexpr Ssrc kVoice{1};
constexpr Ssrc kPicture{2};
constexpr int64_t kNtpBase = 3'900'000'000'000'000;  // the sender's NTP time at session time zero

rtcp::NtpTime ntp_at(int64_t session_us, double drift_ppm = 0) {
  return rtcp::NtpTime::from_micros(
      kNtpBase + session_us +
      static_cast<int64_t>(static_cast<double>(session_us) * drift_ppm / 1e6));
}

TEST(SenderClock, WithoutAReportArrivalStandsInAndSaysSo) {
  SenderClock clock;
  const auto t = clock.capture_time(Duration::millis(700), kVoice, 12345);
  EXPECT_EQ(t.session_time, Duration::millis(700));
  EXPECT_FALSE(t.from_sender_report);
  EXPECT_FALSE(clock.rtp_at(Duration(), kVoice, Duration()));
}

TEST(SenderClock, MapsTimestampsOfAllStreamsOfThePeerToOneTimeLine) {
  SenderClock clock;
  clock.on_sender_report(Duration::millis(1020), kVoice, ntp_at(1'000'000), 48'000, 48'000);
  clock.on_sender_report(Duration::millis(1050), kPicture, ntp_at(1'000'000), 90'000, 90'000);
  const auto voice = clock.capture_time(Duration::millis(1600), kVoice, 48'000 + 24'000);
  const auto picture = clock.capture_time(Duration::millis(1600), kPicture, 90'000 + 45'000);
  EXPECT_TRUE(voice.from_sender_report);
  EXPECT_EQ(voice.session_time, picture.session_time);
  EXPECT_EQ(voice.session_time,
            Duration::millis(1520));  // captured at 1.5 s, and 20 ms of the way are unknowable
  EXPECT_EQ(clock.rtp_at(Duration::millis(1600), kVoice, Duration::millis(1520)), 72'000);
}

TEST(SenderClock, QueueingOnTheUplinkMovesNothing) {
  SenderClock clock;
  SplitMix64 rng(5);
  for (int64_t s = 0; s < 60; ++s) {
    // 20 ms on the way; from second 10 on up to a second of queue.
    const int64_t queue = s < 10 ? 0 : 300'000 + static_cast<int64_t>(rng.below(700'000));
    clock.on_sender_report(Duration::micros(s * 1'000'000 + 20'000 + queue), kVoice,
                           ntp_at(s * 1'000'000), s * 48'000, 48'000);
  }
  const auto t = clock.capture_time(Duration::seconds(61), kVoice, 59 * 48'000);
  EXPECT_EQ(t.session_time, Duration::millis(59'020));
}

TEST(SenderClock, FollowsDriftWithinTheFilterMemory) {
  SenderClock clock;
  for (int64_t s = 0; s < 3600; ++s) {
    clock.on_sender_report(Duration::micros(s * 1'000'000 + 20'000), kVoice,
                           ntp_at(s * 1'000'000, -100), s * 48'000, 48'000);
  }
  // The sender's clock lost 360 ms in the hour; its report still means "20 ms ago".
  const auto t = clock.capture_time(Duration::seconds(3599), kVoice, 3599 * 48'000);
  EXPECT_LT(std::llabs(t.session_time.as_micros() - 3'599'020'000), 15'000);
}

TEST(SenderClock, CaptureTimesNeverRunBackwardsWhileItLearns) {
  SenderClock clock;
  SplitMix64 rng(6);
  Duration before = Duration::seconds(-100);
  for (int64_t ms = 0; ms < 30'000; ms += 20) {
    if (ms % 500 == 0) {
      const int64_t delay = 20'000 + static_cast<int64_t>(rng.below(400'000));
      clock.on_sender_report(Duration::micros(ms * 1000 + delay), kVoice, ntp_at(ms * 1000),
                             ms * 48, 48'000);
    }
    const auto t = clock.capture_time(Duration::millis(ms + 420), kVoice, ms * 48);
    ASSERT_GT(t.session_time, before) << ms;
    before = t.session_time;
  }
}

TEST(SenderClock, AForgedReportIsNotBelievedAndASetClockIs) {
  SenderClock clock;
  clock.on_sender_report(Duration::millis(20), kVoice, ntp_at(0), 0, 48'000);
  clock.on_sender_report(Duration::millis(1020), kVoice, ntp_at(1'000'000), 480'000,
                         48'000);  // ten times too fast
  EXPECT_EQ(clock.capture_time(Duration::seconds(2), kVoice, 48'000).session_time,
            Duration::millis(1020));
  clock.on_sender_report(Duration::millis(2020), kVoice, rtcp::NtpTime{}, 96'000, 48'000);
  EXPECT_EQ(clock.capture_time(Duration::seconds(2), kVoice, 48'000).session_time,
            Duration::millis(1020));
  // The computer's clock is set forward by an hour: the mapping starts afresh with the next report.
  clock.on_sender_report(Duration::millis(3020), kVoice, ntp_at(3'603'000'000), 144'000, 48'000);
  EXPECT_EQ(clock.capture_time(Duration::seconds(4), kVoice, 144'000).session_time,
            Duration::millis(3020));
}

TEST(SenderClock, ACaptureTimeStandsInForAReportUntilOneComes) {
  SenderClock clock;
  EXPECT_FALSE(clock.session_time_of(Duration(), ntp_at(0)));
  // Captured at 1.0 s, 80 ms on its way through the encoder and the line.
  clock.on_capture_time(Duration::millis(1080), kPicture, ntp_at(1'000'000), 90'000, 90'000);
  EXPECT_TRUE(clock.has_report(kPicture));
  EXPECT_EQ(clock.capture_time(Duration::millis(1080), kPicture, 90'000).session_time,
            Duration::millis(1080));
  EXPECT_EQ(clock.session_time_of(Duration::millis(1080), ntp_at(1'500'000)),
            Duration::millis(1580));
  // The report knows the way better; later capture times change nothing.
  clock.on_sender_report(Duration::millis(2020), kPicture, ntp_at(2'000'000), 180'000, 90'000);
  clock.on_capture_time(Duration::millis(2100), kPicture, ntp_at(900'000), 180'000, 90'000);
  EXPECT_EQ(clock.capture_time(Duration::seconds(8), kPicture, 180'000).session_time,
            Duration::millis(2020));
}

}  // namespace
}  // namespace media::receive

#include "media/sfu/policer.h"

#include <gtest/gtest.h>

namespace media::sfu {
namespace {

constexpr int64_t kAgreed = 2'000'000;
constexpr size_t kPacket = 1000;

// Sends `bps` for `span` in packets of kPacket; what was admitted, in bits per second.
int64_t admitted(Policer& policer, Instant& now, int64_t bps, Duration span) {
  const Duration step = Duration::micros(static_cast<int64_t>(kPacket) * 8 * 1'000'000 / bps);
  int64_t bytes = 0;
  for (const Instant end = now + span; now < end; now += step) {
    if (policer.admit(now, kPacket)) bytes += static_cast<int64_t>(kPacket);
  }
  return bytes * 8 * 1'000'000 / span.as_micros();
}

TEST(Policer, WhoKeepsToTheAgreementWithItsHeadersAndRepairsIsNeverRefused) {
  Policer policer(MediaKind::Video, kAgreed);
  Instant now = Instant::from_micros(1'000'000);
  const int64_t sent = kAgreed * 14 / 10;
  EXPECT_NEAR(static_cast<double>(admitted(policer, now, sent, Duration::seconds(60))),
              static_cast<double>(sent), 0.01 * static_cast<double>(sent));
  EXPECT_FALSE(policer.is_refusing(now));
}

TEST(Policer, TenTimesTheAgreementGetsTheAgreementWithItsHeadroom) {
  Policer policer(MediaKind::Video, kAgreed);
  Instant now = Instant::from_micros(1'000'000);
  admitted(policer, now, kAgreed * 10, Duration::seconds(2));
  const int64_t through = admitted(policer, now, kAgreed * 10, Duration::seconds(20));
  EXPECT_LE(through, kAgreed * Policer::kHeadroomPercent / 100 * 105 / 100);
  EXPECT_GE(through, kAgreed);
  EXPECT_TRUE(policer.is_refusing(now));
  EXPECT_LT(policer.refusing_since(), Instant::from_micros(3'000'000));
}

TEST(Policer, APictureThatWasCutStaysCutUntilThereIsRoomForAKeyFrame) {
  Policer policer(MediaKind::Video, kAgreed);
  Instant now = Instant::from_micros(1'000'000);
  while (policer.admit(now, kPacket)) {
  }
  // 3 Mbit/s with the headroom, for a second's burst: half of it takes half a second.
  EXPECT_FALSE(policer.admit(now + Duration::millis(450), kPacket));
  now += Duration::millis(510);
  int in_a_row = 0;
  while (policer.admit(now, kPacket)) ++in_a_row;
  EXPECT_GT(in_a_row, 100);
}

TEST(Policer, AVoiceLosesOnlyWhatIsTooMuch) {
  Policer policer(MediaKind::Audio, 64'000);
  Instant now = Instant::from_micros(1'000'000);
  while (policer.admit(now, 200)) {
  }
  EXPECT_TRUE(policer.admit(now + Duration::millis(20), 200));
}

TEST(Policer, PeaceComesASecondAfterTheLastRefusal) {
  Policer policer(MediaKind::Audio, 64'000);
  Instant now = Instant::from_micros(1'000'000);
  while (policer.admit(now, 200)) {
  }
  EXPECT_TRUE(policer.is_refusing(now + Policer::kPeace));
  EXPECT_FALSE(policer.is_refusing(now + Policer::kPeace + Duration::millis(1)));
  EXPECT_TRUE(policer.admit(now + Duration::seconds(2), 200));
  EXPECT_EQ(policer.refusing_since(), Instant::never());
}

TEST(Policer, WithoutAnAgreementTheCeilingsHold) {
  EXPECT_EQ(Policer(MediaKind::Video, 0).agreed_bps(), Policer::kMaxVideoBps);
  EXPECT_EQ(Policer(MediaKind::Audio, 1'000'000'000).agreed_bps(), Policer::kMaxAudioBps);
  Policer policer(MediaKind::Video, 0);
  Instant now = Instant::from_micros(1'000'000);
  admitted(policer, now, 100'000'000, Duration::seconds(2));
  EXPECT_LE(admitted(policer, now, 100'000'000, Duration::seconds(10)),
            Policer::kMaxVideoBps * 105 / 100);
}

}  // namespace
}  // namespace media::sfu

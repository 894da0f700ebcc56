#include "media/pipelines/track_clock.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace media::pipelines {
namespace {

constexpr int64_t kRate = 90000;
constexpr int64_t kFrame = 3000;  // 30 a second

Duration media_time(int64_t frames) {
  return Duration::micros(frames * kFrame * 1'000'000 / kRate);
}
int64_t off_us(Duration a, Duration b) {
  return std::llabs((a - b).as_micros());
}

TEST(TrackClock, FollowsTheSendersReportExactly) {
  TrackClock clock(kRate);
  EXPECT_FALSE(clock.has_mapping());
  clock.observe(1'000'000, Duration::seconds(7), true);
  EXPECT_TRUE(clock.has_sender_report());
  EXPECT_EQ(clock.session_time(1'000'000), Duration::seconds(7));
  EXPECT_EQ(clock.session_time(1'000'000 + 10 * kRate), Duration::seconds(17));
  ASSERT_EQ(clock.anchors().size(), 1U);
  EXPECT_EQ(clock.anchors_json(), "[[1000000,7000000]]");
}

TEST(TrackClock, AReportReplacesArrivalTimesBeforeTheFirstFrame) {
  TrackClock clock(kRate);
  for (int64_t i = 0; i < 30; ++i)
    clock.observe(i * kFrame, media_time(i) + Duration::millis(200), false);
  clock.observe(30 * kFrame, media_time(30) + Duration::millis(20), true);
  EXPECT_LE(off_us(clock.session_time(0), Duration::millis(20)), 50);
}

TEST(TrackClock, WithoutReportsTheLeastDelayedPacketCounts) {
  TrackClock clock(kRate);
  const int delays[] = {80, 45, 60, 12, 70, 33};
  for (int64_t i = 0; i < 6; ++i)
    clock.observe(i * kFrame, media_time(i) + Duration::millis(delays[i]), false);
  EXPECT_FALSE(clock.has_sender_report());
  EXPECT_LE(off_us(clock.session_time(0), Duration::millis(12)), 50);
}

TEST(TrackClock, JitterBelowTheToleranceMovesNothing) {
  TrackClock clock(kRate);
  for (int64_t i = 0; i < 3000; ++i) {
    const Duration jitter = Duration::millis((i * 7) % 19);
    clock.observe(i * kFrame, media_time(i) + jitter, true);
    if (i == 0) continue;
    clock.session_time(i * kFrame);
  }
  EXPECT_EQ(clock.anchors().size(), 1U);
}

// A sender whose clock runs 200 ppm slow for an hour: 720 ms off without correction.
TEST(TrackClock, DriftIsFollowedWithinTheToleranceAndWithoutSteps) {
  TrackClock clock(kRate);
  Duration last;
  for (int64_t i = 0; i < 108'000; ++i) {
    const Duration truth = Duration::micros(media_time(i).as_micros() * 1'000'200 / 1'000'000);
    clock.observe(i * kFrame, truth, true);
    const Duration at = clock.session_time(i * kFrame);
    ASSERT_LE(off_us(at, truth), 22'000) << "frame " << i;
    if (i > 0) {
      ASSERT_LE(off_us(at - last, media_time(1)), 400) << "one percent of a frame, and rounding";
    }
    last = at;
  }
  EXPECT_GT(clock.anchors().size(), 10U);
  EXPECT_LT(clock.anchors().size(), 300U);
}

TEST(TrackClock, AnchorsReproduceEveryTimeByInterpolation) {
  TrackClock clock(kRate);
  std::vector<std::pair<int64_t, Duration>> given;
  for (int64_t i = 0; i < 6000; ++i) {
    const Duration truth = media_time(i) + (i < 2000 ? Duration() : Duration::millis(90));
    clock.observe(i * kFrame, truth, true);
    given.emplace_back(i * kFrame, clock.session_time(i * kFrame));
  }
  const auto& anchors = clock.anchors();
  ASSERT_EQ(anchors.size(), 3U) << "the first, and both ends of the correction";
  for (const auto& [rtp, at] : given) {
    size_t k = 0;
    while (k + 1 < anchors.size() && anchors[k + 1].rtp <= rtp) ++k;
    const auto& from = anchors[k];
    Duration expected = from.session + Duration::micros((rtp - from.rtp) * 1'000'000 / kRate);
    if (k + 1 < anchors.size()) {
      const auto& to = anchors[k + 1];
      expected = from.session + Duration::micros((to.session - from.session).as_micros() *
                                                 (rtp - from.rtp) / (to.rtp - from.rtp));
    }
    ASSERT_LE(off_us(at, expected), 1500) << "rtp " << rtp;
  }
  EXPECT_LE(off_us(given.back().second, media_time(5999) + Duration::millis(90)), 2000);
}

TEST(TrackClock, AForwardJumpIsTakenAtOnce) {
  TrackClock clock(kRate);
  clock.observe(0, Duration(), true);
  clock.session_time(0);
  // The computer slept a minute; its capture clock did not count it.
  clock.observe(kFrame, media_time(1) + Duration::seconds(60), true);
  EXPECT_LE(off_us(clock.session_time(kFrame), media_time(1) + Duration::seconds(60)), 50);
}

TEST(TrackClock, NeverRunsBackwards) {
  TrackClock clock(kRate);
  Duration last;
  for (int64_t i = 0; i < 3000; ++i) {
    clock.observe(i * kFrame, media_time(i) - (i > 100 ? Duration::seconds(5) : Duration()), true);
    const Duration at = clock.session_time(i * kFrame);
    ASSERT_GE(at, last);
    last = at;
  }
  EXPECT_LE(off_us(last, media_time(2999) - Duration::seconds(5)), 100'000) << "but it gets there";
}

}  // namespace
}  // namespace media::pipelines

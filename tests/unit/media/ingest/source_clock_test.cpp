#include "media/ingest/source_clock.h"

#include <gtest/gtest.h>

namespace media::ingest {
namespace {

Instant at(int64_t ms) {
  return Instant::from_micros(ms * 1000);
}

TEST(SourceClock, JitterDoesNotMoveTheClock) {
  SourceClock clock;
  EXPECT_EQ(clock.captured(at(1000), Duration::millis(0)), at(1000));
  EXPECT_EQ(clock.captured(at(1090), Duration::millis(40)), at(1040));  // 50 ms late
  EXPECT_EQ(clock.captured(at(1085), Duration::millis(80)), at(1080));
}

TEST(SourceClock, AStoredStartNeverLiesInTheFuture) {
  SourceClock clock;  // two seconds come at once, then live
  Instant last;
  for (int64_t stamp = 0; stamp <= 2000; stamp += 40) {
    const Instant captured = clock.captured(at(5000), Duration::millis(stamp));
    EXPECT_LE(captured, at(5000));
    EXPECT_GE(captured, last);
    last = captured;
  }
  EXPECT_EQ(clock.captured(at(5040), Duration::millis(2040)), at(5040));
}

TEST(SourceClock, ASlowSourceIsFollowedWithinTheWindow) {
  SourceClock clock;
  Instant captured;
  int64_t now = 0;
  for (int64_t stamp = 0; stamp < 60'000; stamp += 40) {
    now = stamp + stamp / 1000;  // its clock loses a millisecond a second
    captured = clock.captured(at(now), Duration::millis(stamp));
  }
  EXPECT_GE(captured, at(now - 12));
  EXPECT_EQ(clock.jumps(), 0U);
}

TEST(SourceClock, AJumpBackStartsAgain) {
  SourceClock clock;
  clock.captured(at(1000), Duration::seconds(500));
  EXPECT_EQ(clock.captured(at(1040), Duration()), at(1040));
  EXPECT_EQ(clock.jumps(), 1U);
  EXPECT_EQ(clock.captured(at(1080), Duration::millis(40)), at(1080));
  EXPECT_EQ(clock.captured(at(1120), Duration::seconds(9000)), at(1120));  // and forward
}

}  // namespace
}  // namespace media::ingest

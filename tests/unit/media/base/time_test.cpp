#include "media/base/time.h"

#include <gtest/gtest.h>

namespace media {
namespace {

TEST(Duration, UnitsAndArithmeticAgree) {
  EXPECT_EQ(Duration::seconds(2), Duration::millis(2'000));
  EXPECT_EQ(Duration::millis(3), Duration::micros(3'000));
  EXPECT_EQ((Duration::millis(10) * 3 - Duration::millis(5)) / 5, Duration::millis(5));
  EXPECT_EQ((-Duration::micros(1'500)).as_millis(), -1);
  EXPECT_DOUBLE_EQ(Duration::millis(250).as_seconds(), 0.25);
  EXPECT_LT(-Duration::micros(1), Duration());
}

TEST(Instant, DistancesAddUp) {
  const Instant a = Instant::from_micros(1'000);
  Instant b = a + Duration::millis(2);
  EXPECT_EQ(b - a, Duration::millis(2));
  EXPECT_EQ(b - Duration::millis(2), a);
  b += Duration::micros(1);
  EXPECT_EQ(b.as_micros(), 3'001);
}

TEST(Instant, NeverIsLaterThanAnything) {
  EXPECT_GT(Instant::never(), Instant::from_micros(INT64_MAX - 1));
}

}  // namespace
}  // namespace media

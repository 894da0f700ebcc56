#include "tests/line/capacity_trace.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace line {
namespace {

using media::Duration;
using media::Errc;

TEST(CapacityTrace, ReadsMahimahisFormat) {
  const auto trace = CapacityTrace::parse("0\n3\r\n3\n\n10");
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->size(), 4U);
  EXPECT_EQ(trace->period(), Duration::millis(10));
  EXPECT_EQ(trace->mean_bits_per_second(), 4 * 1500 * 8 * 100);
  EXPECT_EQ(trace->to_text(), "0\n3\n3\n10\n");
}

TEST(CapacityTrace, RefusesWhatIsNoTrace) {
  EXPECT_EQ(CapacityTrace::parse("").error().code, Errc::Truncated);
  EXPECT_EQ(CapacityTrace::parse("5\n4\n").error().code, Errc::Malformed);
  EXPECT_EQ(CapacityTrace::parse("5 ms\n").error().code, Errc::Malformed);
  EXPECT_EQ(CapacityTrace::parse("-1\n").error().code, Errc::Malformed);
  EXPECT_EQ(CapacityTrace::parse("0\n0\n").error().code, Errc::Malformed);
  EXPECT_EQ(CapacityTrace::parse("9223372036854775807\n").error().code, Errc::Malformed);
  EXPECT_EQ(CapacityTrace::parse("99999999999999999999\n").error().code, Errc::Malformed);
}

TEST(CapacityTrace, GoesOnRoundAfterRound) {
  const auto trace = CapacityTrace::parse("0\n3\n10\n");
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->time_of(2), Duration::millis(10));
  EXPECT_EQ(trace->time_of(3), Duration::millis(10));
  EXPECT_EQ(trace->time_of(4), Duration::millis(13));
  EXPECT_EQ(trace->first_from(Duration()), 0U);
  EXPECT_EQ(trace->first_from(Duration::micros(1)), 1U);
  EXPECT_EQ(trace->first_from(Duration::millis(10)), 2U);
  EXPECT_EQ(trace->first_from(Duration::micros(10'001)), 4U);
  EXPECT_EQ(trace->first_from(Duration::millis(20)), 5U);
}

TEST(CapacityTrace, FirstFromIsNeverBeforeAndNeverSkipsOne) {
  const auto trace = CapacityTrace::parse("2\n2\n7\n9\n9\n");
  ASSERT_TRUE(trace);
  for (int64_t at = 0; at < 60'000; at += 250) {
    const uint64_t index = trace->first_from(Duration::micros(at));
    EXPECT_GE(trace->time_of(index), Duration::micros(at));
    if (index > 0) {
      EXPECT_LT(trace->time_of(index - 1), Duration::micros(at)) << at;
    }
  }
}

TEST(MobileTrace, HasTheMeanAskedForAndSwings) {
  MobileTraceParams params;
  params.seed = 9;
  params.mean_bits_per_second = 4e6;
  const CapacityTrace trace = make_mobile_trace(params);
  EXPECT_NEAR(static_cast<double>(trace.mean_bits_per_second()), 4e6, 0.05e6);
  EXPECT_EQ(trace.period(), Duration::seconds(60));
  int slow = 0;
  int fast = 0;
  for (int second = 0; second < 60; ++second) {
    const uint64_t count = trace.first_from(Duration::seconds(second + 1)) -
                           trace.first_from(Duration::seconds(second));
    const double rate = static_cast<double>(count) * 1500 * 8;
    slow += rate < 2e6 ? 1 : 0;
    fast += rate > 6e6 ? 1 : 0;
  }
  EXPECT_GE(slow, 3);
  EXPECT_GE(fast, 3);
}

TEST(MobileTrace, IsMadeBySeedAlone) {
  MobileTraceParams params;
  EXPECT_EQ(make_mobile_trace(params).to_text(), make_mobile_trace(params).to_text());
  const std::string first = make_mobile_trace(params).to_text();
  params.seed = 2;
  EXPECT_NE(make_mobile_trace(params).to_text(), first);
}

}  // namespace
}  // namespace line

#include "signaling/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "media/base/rng.h"

namespace signaling::load {
namespace {

TEST(Histogram, PercentilesAreWithinOnePercentOfTheSortedSamples) {
  constexpr uint64_t kSeed = 7;
  SCOPED_TRACE(kSeed);
  media::SplitMix64 rng(kSeed);
  Histogram histogram;
  std::vector<uint32_t> samples;
  for (int i = 0; i < 50'000; ++i) {
    // From a microsecond to over an hour, as many small as large.
    const auto sample = static_cast<uint32_t>(rng.next_u32() >> rng.below(31));
    samples.push_back(sample);
    histogram.record(sample);
  }
  std::sort(samples.begin(), samples.end());
  for (const double share : {0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(samples.size())));
    const uint32_t exact = samples[std::max<size_t>(rank, 1) - 1];
    const uint32_t told = histogram.percentile(share);
    EXPECT_GE(told, exact) << share;
    EXPECT_LE(told, static_cast<double>(exact) * 1.01) << share;
  }
  EXPECT_EQ(histogram.largest(), samples.back());
  EXPECT_EQ(histogram.count(), samples.size());
}

TEST(Histogram, EveryValueHasABucketUpToTheLargestOfAll) {
  for (const uint32_t value : {0U, 1U, 255U, 256U, 257U, 511U, 512U, 1U << 31, UINT32_MAX}) {
    Histogram histogram;
    histogram.record(value);
    EXPECT_EQ(histogram.percentile(0.5), value);
  }
}

TEST(Histogram, SumsAndForgets) {
  Histogram one;
  Histogram other;
  one.record(10);
  other.record(20);
  other.record(20);
  one += other;
  EXPECT_EQ(one.count(), 3U);
  EXPECT_EQ(one.percentile(0.5), 20U);
  EXPECT_EQ(one.percentile(0.3), 10U);
  one.clear();
  EXPECT_EQ(one.count(), 0U);
  EXPECT_EQ(one.percentile(0.5), 0U);
}

}  // namespace
}  // namespace signaling::load

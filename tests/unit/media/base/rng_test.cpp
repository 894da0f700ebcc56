#include "media/base/rng.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace media {
namespace {

TEST(SplitMix64, GivesTheValuesOfItsReference) {
  // First outputs of the authors' C code for seed 1234567.
  SplitMix64 rng(1234567);
  EXPECT_EQ(rng.next(), 6457827717110365317ULL);
  EXPECT_EQ(rng.next(), 3203168211198807973ULL);
  EXPECT_EQ(rng.next(), 9817491932198370423ULL);
}

TEST(Rng, BelowStaysBelowAndReachesAll) {
  SplitMix64 rng(1);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(rng.below(7));
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_EQ(*seen.rbegin(), 6U);
}

TEST(Rng, FillsEveryByte) {
  SplitMix64 rng(2);
  std::array<uint8_t, 64> or_ed{};
  for (int i = 0; i < 20; ++i) {
    std::array<uint8_t, 64> bytes{};
    rng.fill(bytes);
    for (size_t k = 0; k < bytes.size(); ++k) or_ed[k] |= bytes[k];
  }
  for (const uint8_t b : or_ed) EXPECT_NE(b, 0);
}

}  // namespace
}  // namespace media

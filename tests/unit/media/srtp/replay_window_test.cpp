#include "media/srtp/replay_window.h"

#include <gtest/gtest.h>

#include <set>

#include "media/base/rng.h"

namespace media::srtp {
namespace {

TEST(ReplayWindow, takes_each_index_once_within_1024_and_none_behind) {
  ReplayWindow window;
  window.mark(5000);
  EXPECT_FALSE(window.is_fresh(5000));
  EXPECT_TRUE(window.is_fresh(5000 - 1023));
  EXPECT_FALSE(window.is_fresh(5000 - 1024));
  window.mark(5000 - 1023);
  EXPECT_FALSE(window.is_fresh(5000 - 1023));
}

TEST(ReplayWindow, agrees_with_a_set_under_random_jumps) {
  SplitMix64 rng(11);
  ReplayWindow window;
  std::set<int64_t> seen;
  int64_t highest = -1;
  for (int i = 0; i < 200000; ++i) {
    const int64_t base = highest < 0 ? 0 : highest;
    int64_t index = base + static_cast<int64_t>(rng.below(2200)) - 1200;
    if (rng.below(1000) == 0) index = base + 3000;
    if (index < 0) continue;
    const bool fresh =
        index > highest || (index + kReplayWindow > highest && !seen.contains(index));
    ASSERT_EQ(window.is_fresh(index), fresh) << index << " after " << highest;
    if (fresh && rng.below(2) == 0) {
      window.mark(index);
      seen.insert(index);
      highest = std::max(highest, index);
    }
  }
}

}  // namespace
}  // namespace media::srtp

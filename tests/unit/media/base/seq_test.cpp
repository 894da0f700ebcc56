#include "media/base/seq.h"

#include <gtest/gtest.h>

#include "media/base/rng.h"

namespace media {
namespace {

TEST(SeqUnwrapper, GrowsOverManyWraps) {
  SeqUnwrapper u;
  for (int64_t i = 65'000; i < 400'000; i += 977) EXPECT_EQ(u.unwrap(static_cast<uint16_t>(i)), i);
}

TEST(SeqUnwrapper, PutsReorderedNumbersBehindWithoutMovingBack) {
  SeqUnwrapper u;
  EXPECT_EQ(u.unwrap(65'535), 65'535);
  EXPECT_EQ(u.unwrap(1), 65'537);
  EXPECT_EQ(u.unwrap(65'534), 65'534);
  EXPECT_EQ(u.unwrap(0), 65'536);
  EXPECT_EQ(u.highest(), 65'537);
}

TEST(SeqUnwrapper, NumbersBeforeTheFirstAreNegative) {
  SeqUnwrapper u;
  EXPECT_EQ(u.unwrap(2), 2);
  EXPECT_EQ(u.unwrap(65'535), -1);
}

TEST(SeqUnwrapper, PeekRemembersNothing) {
  SeqUnwrapper u;
  EXPECT_EQ(u.peek(7), 7);
  EXPECT_FALSE(u.highest());
  u.unwrap(10);
  EXPECT_EQ(u.peek(500), 500);
  EXPECT_EQ(u.highest(), 10);
  u.reset();
  EXPECT_FALSE(u.highest());
}

TEST(TimestampUnwrapper, FollowsAWalkThatNeverStraysHalfTheRange) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    SplitMix64 rng(seed);
    TimestampUnwrapper u;
    auto truth = static_cast<int64_t>(rng.next_u32());
    for (int i = 0; i < 500; ++i) {
      EXPECT_EQ(u.unwrap(static_cast<uint32_t>(truth)), truth);
      truth += static_cast<int64_t>(rng.below(2'000'000'000));
    }
  }
}

}  // namespace
}  // namespace media

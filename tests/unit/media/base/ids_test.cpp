#include "media/base/ids.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <unordered_set>

namespace media {
namespace {

TEST(StrongId, KindsDoNotMix) {
  static_assert(!std::is_convertible_v<PeerId, TrackId>);
  static_assert(!std::is_constructible_v<PeerId, TrackId>);
  static_assert(!std::is_convertible_v<uint32_t, Ssrc>);
  EXPECT_NE(PeerId(1), PeerId(2));
}

TEST(StrongId, ZeroIsNone) {
  EXPECT_FALSE(RoomId().is_valid());
  EXPECT_TRUE(RoomId(1).is_valid());
}

TEST(StrongId, WorksAsAKey) {
  const std::unordered_set<Ssrc> set = {Ssrc(1), Ssrc(2), Ssrc(1)};
  EXPECT_EQ(set.size(), 2U);
}

}  // namespace
}  // namespace media

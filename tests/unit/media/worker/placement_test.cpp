#include "media/worker/placement.h"

#include <gtest/gtest.h>

namespace media::worker {
namespace {

constexpr Instant at(int64_t seconds) {
  return Instant::from_micros(1'000'000 + seconds * 1'000'000);
}

LoadEstimate measured(uint64_t packets_per_second, uint64_t lag_us = 0, double busy = 0,
                      bool is_full = false) {
  LoadEstimate load;
  load.on_reading(at(0), {1000, lag_us, busy, is_full});
  load.on_reading(at(10), {1000 + 10 * packets_per_second, lag_us, busy, is_full});
  return load;
}

TEST(Placement, LoadIsWhatWasMeasuredAndWhatThoseWhoCameSinceWillBring) {
  LoadEstimate load = measured(5000);
  EXPECT_EQ(load.load(), 5000);
  load.count_peer(1);
  load.count_peer(1);
  EXPECT_EQ(load.load(), 5000 + 2 * LoadEstimate::kFreshPeer);
  // Too soon to tell.
  load.on_reading(at(10) + Duration::millis(10), {51'500});
  EXPECT_EQ(load.load(), 5000 + 2 * LoadEstimate::kFreshPeer);
  // They have come in the middle of the measured second: half of what they bring is in it.
  load.on_reading(at(11), {51'000 + 5250});
  EXPECT_EQ(load.load(), 5250 + 2 * LoadEstimate::kFreshPeer);
  load.on_reading(at(12), {51'000 + 5250 + 5500});
  EXPECT_EQ(load.load(), 5500);
  load.count_peer(-1);
  EXPECT_EQ(load.load(), 5500);
  EXPECT_EQ(load.peers(), 1);
}

TEST(Placement, ANewRoomGoesToTheWorkerThatForwardsLeastNotToTheOneWithFewestPeers) {
  LoadEstimate few_but_busy = measured(40'000);
  few_but_busy.count_peer(1);
  LoadEstimate many_but_idle = measured(100);
  for (int i = 0; i < 50; ++i) many_but_idle.count_peer(1);
  many_but_idle.on_reading(at(12), {1000 + 1200});
  EXPECT_EQ(choose_worker({few_but_busy, many_but_idle}, {}, 60'000), 1U);
  // Among the idle: fewest peers, then fewest rooms, then the first.
  LoadEstimate with_room;
  with_room.count_room(1);
  EXPECT_EQ(choose_worker({with_room, LoadEstimate(), LoadEstimate()}, {}, 60'000), 1U);
}

TEST(Placement, ARoomStaysTogetherUntilItsWorkerIsLoadedAndAnotherIsMuchLess) {
  EXPECT_EQ(choose_worker({measured(59'000), measured(0)}, {0}, 60'000), 0U);
  EXPECT_EQ(choose_worker({measured(61'000), measured(0)}, {0}, 60'000), 1U);
  EXPECT_EQ(choose_worker({measured(61'000), measured(50'000)}, {0}, 60'000), 0U);
  // Of the workers that it has already, the lighter one.
  EXPECT_EQ(choose_worker({measured(30'000), measured(20'000), measured(0)}, {0, 1}, 60'000), 1U);
}

TEST(Placement, AWorkerThatRunsLateIsFullWhateverItCounts) {
  EXPECT_EQ(choose_worker({measured(100, 20'000), measured(30'000)}, {0}, 60'000), 1U);
  EXPECT_EQ(choose_worker({measured(100, 20'000), measured(30'000)}, {}, 60'000), 1U);
  EXPECT_EQ(choose_worker({measured(100, 2'000), measured(30'000)}, {0}, 60'000), 0U);
}

TEST(Placement, TimeInUseCountsWherePacketsAreFewButDear) {
  // Handshakes, repair and a slow machine are not in the packet count.
  const LoadEstimate dear = measured(2'000, 0, 0.5);
  EXPECT_EQ(dear.load(), LoadEstimate::kWhole / 2);
  EXPECT_EQ(choose_worker({dear, measured(30'000, 0, 0.06)}, {}, 60'000), 1U);
  EXPECT_EQ(choose_worker({dear, measured(30'000, 0, 0.06)}, {0}, 60'000), 1U);
  // Where packets are cheap the count stands: a room is spread when it was promised to be.
  EXPECT_EQ(measured(30'000, 0, 0.01).load(), 30'000);
}

TEST(Placement, AWorkerThatIsFullGetsNobodyWhileAnotherHasRoom) {
  const LoadEstimate full = measured(1'000, 0, 0.1, true);
  EXPECT_EQ(choose_worker({full, measured(200'000, 0, 0.4)}, {0}, 60'000), 1U);
  EXPECT_EQ(choose_worker({full, measured(200'000, 0, 0.4)}, {}, 60'000), 1U);
  LoadEstimate again = full;
  again.on_reading(at(20), {1000 + 10'000 + 10'000, 0, 0.1, false});
  EXPECT_EQ(choose_worker({again, measured(200'000, 0, 0.4)}, {}, 60'000), 0U)
      << "it recovers as soon as it says so";
}

}  // namespace
}  // namespace media::worker

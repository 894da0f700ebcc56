#include "media/worker/worker_pool.h"

#include <gtest/gtest.h>

#include "media/dtls/certificate.h"

namespace media::worker {
namespace {

TEST(WorkerPool, TheLeastLoadedIsChosenByPeersThenRooms) {
  EXPECT_EQ(least_loaded({{5, 1}, {3, 9}, {4, 0}}), 1U);
  EXPECT_EQ(least_loaded({{3, 2}, {3, 1}, {3, 1}}), 1U);
}

TEST(WorkerPool, RoomsSpreadOverWorkersAndStayWhereTheyAre) {
  const auto certificate = dtls::Certificate::make();
  ASSERT_TRUE(certificate);
  auto pool = WorkerPool::start({2, "127.0.0.1", 0}, *certificate, [] {});
  ASSERT_TRUE(pool) << pool.error().message;
  Worker& first = pool->place(RoomId(1));
  pool->count_peer(RoomId(1), 3);
  Worker& second = pool->place(RoomId(2));
  EXPECT_NE(&first, &second);
  EXPECT_NE(first.local_address().port, second.local_address().port);
  EXPECT_EQ(&pool->place(RoomId(1)), &first);
  EXPECT_EQ(&pool->place(RoomId(3)), &second);
  pool->forget(RoomId(1));
  EXPECT_EQ(pool->worker_of(RoomId(1)), nullptr);
  EXPECT_EQ(&pool->place(RoomId(4)), &first);
}

TEST(WorkerPool, AnAddressThatCannotBeBoundIsExplained) {
  const auto certificate = dtls::Certificate::make();
  ASSERT_TRUE(certificate);
  EXPECT_FALSE(WorkerPool::start({1, "203.0.113.7", 0}, *certificate, [] {}));
  EXPECT_FALSE(WorkerPool::start({1, "nonsense", 0}, *certificate, [] {}));
  EXPECT_FALSE(WorkerPool::start({9, "127.0.0.1", 65'530}, *certificate, [] {}));
}

}  // namespace
}  // namespace media::worker

#include "media/worker/worker_pool.h"

#include <gtest/gtest.h>

#include "media/dtls/certificate.h"

namespace media::worker {
namespace {

TEST(WorkerPool, NewRoomsSpreadOverWorkersByWhatTheyCarry) {
  const auto certificate = dtls::Certificate::make();
  ASSERT_TRUE(certificate);
  auto pool = WorkerPool::start({2, "127.0.0.1", 0}, *certificate, [] {});
  ASSERT_TRUE(pool) << pool.error().message;
  constexpr int64_t kSpread = 60'000;
  const size_t first = pool->place({}, kSpread);
  for (int i = 0; i < 3; ++i) pool->count_peer(first, 1);
  const size_t second = pool->place({}, kSpread);
  EXPECT_NE(first, second);
  EXPECT_NE(pool->worker(first).local_address().port, pool->worker(second).local_address().port);
  // A room that is on the first one stays there.
  EXPECT_EQ(pool->place({first}, kSpread), first);
  EXPECT_EQ(pool->place({first}, 0), second);
}

TEST(WorkerPool, WorkersThatSharePipesStopInAnyOrder) {
  const auto certificate = dtls::Certificate::make();
  ASSERT_TRUE(certificate);
  auto pool = WorkerPool::start({3, "127.0.0.1", 0}, *certificate, [] {});
  ASSERT_TRUE(pool) << pool.error().message;
  for (const auto& [a, b] : {std::pair(0, 1), std::pair(1, 2), std::pair(0, 2), std::pair(2, 0)})
    pool->connect(static_cast<size_t>(a), static_cast<size_t>(b));
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

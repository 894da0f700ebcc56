#include "media/base/packet_pool.h"

#include <gtest/gtest.h>

#include <vector>

namespace media {
namespace {

struct Facts {
  int64_t number = 0;
};

TEST(PacketPool, APacketLivesAsLongAsItsLastReference) {
  PacketPool pool;
  const std::vector<uint8_t> bytes{1, 2, 3};
  PacketRef a = pool.copy(bytes);
  a.set_facts(Facts{42});
  PacketRef b = a;
  PacketRef c = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): moved-from is empty by contract
  EXPECT_EQ(pool.in_use(), 1U);
  b.reset();
  EXPECT_EQ(pool.in_use(), 1U);
  EXPECT_EQ(c.bytes()[2], 3);
  EXPECT_EQ(c.facts<Facts>().number, 42);
  c = PacketRef();
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(PacketPool, RefusesWhatIsTooLargeAndWhatIsOverItsLimit) {
  PacketPool pool(PacketPool::kSlabPackets);
  EXPECT_FALSE(pool.copy(std::vector<uint8_t>(kPoolPacketSize + 1)));
  std::vector<PacketRef> held;
  for (size_t i = 0; i < PacketPool::kSlabPackets; ++i) {
    held.push_back(pool.copy(std::vector<uint8_t>(kPoolPacketSize)));
    ASSERT_TRUE(held.back());
  }
  EXPECT_FALSE(pool.copy(std::vector<uint8_t>(1)));
  held.pop_back();
  EXPECT_TRUE(pool.copy(std::vector<uint8_t>(1)));
}

TEST(PacketPool, ReusesItsMemory) {
  PacketPool pool;
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(pool.copy(std::vector<uint8_t>(100)));
  EXPECT_EQ(pool.capacity(), PacketPool::kSlabPackets);
}

}  // namespace
}  // namespace media

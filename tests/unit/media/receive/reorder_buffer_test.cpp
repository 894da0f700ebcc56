#include "media/receive/reorder_buffer.h"

#include <gtest/gtest.h>

#include <vector>

namespace media::receive {
namespace {

using Buffer = ReorderBuffer<int>;

class ReorderBufferTest : public ::testing::Test {
 protected:
  std::vector<int> pop_all() {
    std::vector<int> out;
    while (auto r = buffer.pop(now)) {
      out.push_back(r->item);
      missing += r->missing_before;
    }
    return out;
  }
  Buffer buffer{Buffer::Params{Duration::millis(500), 8}};
  Instant now = Instant::from_micros(1'000'000);
  int64_t missing = 0;
};

TEST_F(ReorderBufferTest, ReleasesInOrderAndAtOnceWhenNothingIsMissing) {
  buffer.push(now, 2, 20);
  buffer.push(now, 1, 10);
  EXPECT_TRUE(pop_all().empty());  // the first may have been overtaken
  now += Duration::millis(50);
  EXPECT_EQ(pop_all(), (std::vector<int>{10, 20}));
  buffer.push(now, 3, 30);
  EXPECT_EQ(pop_all(), (std::vector<int>{30}));
}

TEST_F(ReorderBufferTest, WaitsForAHoleAndThenCountsItAsMissing) {
  buffer.push(now, 1, 10);
  now += Duration::millis(50);
  pop_all();
  buffer.push(now, 4, 40);
  EXPECT_EQ(buffer.next_timeout(), now + Duration::millis(500));
  now += Duration::millis(499);
  EXPECT_TRUE(pop_all().empty());
  now += Duration::millis(1);
  EXPECT_EQ(pop_all(), (std::vector<int>{40}));
  EXPECT_EQ(missing, 2);
  EXPECT_EQ(buffer.push(now, 3, 30), Buffer::Verdict::TooLate);
}

TEST_F(ReorderBufferTest, ALatecomerInFrontDoesNotMakeOthersWaitLonger) {
  buffer.push(now, 1, 10);
  now += Duration::millis(50);
  pop_all();
  buffer.push(now, 5, 50);
  now += Duration::millis(400);
  buffer.push(now, 4, 40);
  now += Duration::millis(100);
  EXPECT_EQ(pop_all(), (std::vector<int>{40, 50}));
}

TEST_F(ReorderBufferTest, DuplicatesAreTold) {
  EXPECT_EQ(buffer.push(now, 1, 10), Buffer::Verdict::Kept);
  EXPECT_EQ(buffer.push(now, 1, 11), Buffer::Verdict::Duplicate);
}

TEST_F(ReorderBufferTest, HoldsNoMoreThanItsLimit) {
  buffer.push(now, 1, 1);
  now += Duration::millis(50);
  pop_all();
  for (int i = 3; i < 12; ++i) buffer.push(now, i, i);
  EXPECT_EQ(pop_all().size(), 9U);
}

}  // namespace
}  // namespace media::receive

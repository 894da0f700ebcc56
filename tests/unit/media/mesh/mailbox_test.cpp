#include "media/mesh/mailbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace media::mesh {
namespace {

TEST(Mailbox, KeepsOrderWhenItOverflowsAndTellsTheReceiver) {
  Mailbox<std::unique_ptr<int>, 4> box;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(box.post(std::make_unique<int>(i)), i < 4) << i;
  EXPECT_TRUE(box.has_spilled());
  for (int i = 0; i < 10; ++i) {
    auto m = box.take();
    if (!m) {
      box.flush();
      m = box.take();
    }
    ASSERT_TRUE(m);
    EXPECT_EQ(**m, i);
  }
  EXPECT_FALSE(box.take());
  EXPECT_TRUE(box.flush());
  EXPECT_FALSE(box.has_spilled());
}

TEST(Mailbox, NothingIsLostOrReorderedBetweenThreads) {
  constexpr int kMessages = 200'000;
  Mailbox<int, 64> box;
  std::thread sender([&] {
    for (int i = 0; i < kMessages; ++i) box.post(i);
    while (!box.flush()) std::this_thread::yield();
  });
  int expected = 0;
  while (expected < kMessages) {
    if (const auto m = box.take()) {
      ASSERT_EQ(*m, expected);
      ++expected;
    }
  }
  sender.join();
  EXPECT_FALSE(box.take());
}

}  // namespace
}  // namespace media::mesh

#include "media/net/poller.h"

#include <gtest/gtest.h>

#include <thread>

#include "net_fixture.h"

namespace media::net {
namespace {

TEST(Poller, returns_at_its_deadline) {
  auto poller = Poller::make();
  const Instant start = monotonic_now();
  const auto ready = poller->wait(start, start + Duration::micros(2500));
  EXPECT_TRUE(ready.tokens.empty());
  EXPECT_FALSE(ready.woken);
  EXPECT_GE(monotonic_now() - start, Duration::micros(2500));
}

TEST(Poller, does_not_wait_for_a_deadline_that_has_passed) {
  auto poller = Poller::make();
  const Instant start = monotonic_now();
  poller->wait(start, start - Duration::seconds(1));
  EXPECT_LT(monotonic_now() - start, Duration::seconds(1));
}

TEST(Poller, is_woken_by_another_thread_and_once_only) {
  auto poller = Poller::make();
  std::thread other([&poller] { poller->wake(); });
  EXPECT_TRUE(poller->wait(monotonic_now(), Instant::never()).woken);
  other.join();
  const Instant now = monotonic_now();
  EXPECT_FALSE(poller->wait(now, now).woken);
}

TEST(Poller, names_the_socket_that_has_something_and_forgets_removed_ones) {
  auto poller = Poller::make();
  const UdpSocket a = open_socket();
  const UdpSocket b = open_socket();
  ASSERT_TRUE(poller->add(a.fd(), 10));
  ASSERT_TRUE(poller->add(b.fd(), 20));
  ASSERT_TRUE(a.send(b.local_address(), Bytes{1}));
  const Instant now = monotonic_now();
  const auto ready = poller->wait(now, now + Duration::seconds(2));
  ASSERT_EQ(ready.tokens.size(), 1u);
  EXPECT_EQ(ready.tokens[0], 20u);
  poller->remove(b.fd());
  const Instant later = monotonic_now();
  EXPECT_TRUE(poller->wait(later, later).tokens.empty());
}

TEST(Poller, tells_of_room_to_write_only_while_asked_to) {
  auto poller = Poller::make();
  const UdpSocket socket = open_socket();
  ASSERT_TRUE(poller->add(socket.fd(), 7));
  const Instant now = monotonic_now();
  EXPECT_TRUE(poller->wait(now, now).tokens.empty());
  poller->watch_writable(socket.fd(), 7, true);
  const auto ready = poller->wait(now, now);
  ASSERT_EQ(ready.tokens.size(), 1u);
  EXPECT_EQ(ready.tokens[0], 7u);
  poller->watch_writable(socket.fd(), 7, false);
  EXPECT_TRUE(poller->wait(now, now).tokens.empty());
}

}  // namespace
}  // namespace media::net

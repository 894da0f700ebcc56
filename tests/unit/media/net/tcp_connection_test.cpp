#include "media/net/tcp_connection.h"

#include "tcp_fixture.h"

namespace media::net {
namespace {

TEST(TcpConnection, queues_while_it_connects) {
  TcpServer server;
  auto connection = TcpConnection::connect(server.address);
  ASSERT_TRUE(connection);
  ASSERT_TRUE(connection->push(monotonic_now(), Bytes{1, 2}, Urgency::Control));
  EXPECT_TRUE(
      server.run_until([&] { return server.received.size() == 1; }, [&] { connection->flush(); }));
  EXPECT_TRUE(connection->backlog().empty());
}

TEST(TcpConnection, finds_out_that_nobody_listens) {
  Address nobody;
  {
    const TcpServer server;
    nobody = server.address;
  }
  auto connection = TcpConnection::connect(nobody);
  if (!connection) return;  // refused at once
  ASSERT_TRUE(connection->push(monotonic_now(), Bytes{1}, Urgency::Control));
  auto poller = Poller::make();
  ASSERT_TRUE(poller->add(connection->fd(), 1));
  poller->wait(monotonic_now(), monotonic_now() + Duration::seconds(5));
  EXPECT_EQ(connection->flush(), TcpConnection::Output::Broken);
}

TEST(TcpConnection, is_blocked_by_a_peer_that_does_not_read_and_goes_on_when_it_does) {
  TcpServer server;
  auto connection = TcpConnection::connect(server.address);
  ASSERT_TRUE(connection);
  ASSERT_TRUE(connection->push(monotonic_now(), Bytes{1}, Urgency::Control));
  ASSERT_TRUE(
      server.run_until([&] { return server.received.size() == 1; }, [&] { connection->flush(); }));
  size_t pushed = 1;
  // Nobody serves meanwhile.
  TcpConnection::Output output = TcpConnection::Output::Drained;
  for (int i = 0; i < 100'000 && output == TcpConnection::Output::Drained; ++i) {
    pushed += connection->push(monotonic_now(), Bytes(1000, 2), Urgency::Picture) ? 1U : 0U;
    output = connection->flush();
  }
  ASSERT_EQ(output, TcpConnection::Output::Blocked);
  EXPECT_TRUE(server.run_until([&] { return server.received.size() == pushed; },
                               [&] { output = connection->flush(); }));
  EXPECT_EQ(output, TcpConnection::Output::Drained);
}

}  // namespace
}  // namespace media::net

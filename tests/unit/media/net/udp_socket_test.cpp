#include "media/net/udp_socket.h"

#include <gtest/gtest.h>

#include "net_fixture.h"

namespace media::net {
namespace {

TEST(UdpSocket, takes_a_free_port_and_says_which) {
  const UdpSocket socket = open_socket();
  EXPECT_NE(socket.local_address().port, 0);
  EXPECT_EQ(socket.local_address().ip_string(), "127.0.0.1");
}

TEST(UdpSocket, says_what_to_do_when_the_port_is_taken) {
  const UdpSocket first = open_socket();
  const auto second = UdpSocket::bind(first.local_address());
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("choose another media port"), std::string::npos)
      << second.error().message;
}

TEST(UdpSocket, an_ipv6_wildcard_also_talks_ipv4) {
  auto server = UdpSocket::bind(*Address::parse("::", 0));
  if (!server) GTEST_SKIP() << "no IPv6 here: " << server.error().message;
  const UdpSocket client = open_socket();
  const Address to = *Address::parse("127.0.0.1", server->local_address().port);
  ASSERT_TRUE(client.send(to, Bytes{1, 2, 3}));
  const auto got = read_all(*server, 1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].first, client.local_address()) << "an IPv4 peer has its IPv4 address";
  ASSERT_TRUE(server->send(got[0].first, Bytes{4}));
  EXPECT_EQ(read_all(client, 1).size(), 1u);
}

// An operator compares it with what was asked for, so that it must be in the same unit.
TEST(UdpSocket, says_how_much_buffer_the_kernel_granted) {
  SocketOptions options;
  options.receive_buffer = 64 * 1024;
  options.send_buffer = 48 * 1024;
  const auto socket = UdpSocket::bind(*Address::parse("127.0.0.1", 0), options);
  ASSERT_TRUE(socket);
  EXPECT_EQ(socket->receive_buffer(), 64 * 1024);
  EXPECT_EQ(socket->send_buffer(), 48 * 1024);
}

TEST(ReceiveBatch, keeps_datagrams_and_their_order) {
  for (const bool gro : {false, true}) {
    const UdpSocket server = open_socket("127.0.0.1", gro);
    const UdpSocket client = open_socket();
    for (uint8_t i = 0; i < 200; ++i)
      ASSERT_TRUE(client.send(server.local_address(), Bytes(100 + i % 3, i)));
    const auto got = read_all(server, 200);
    ASSERT_EQ(got.size(), 200u);
    for (uint8_t i = 0; i < 200; ++i) {
      EXPECT_EQ(got[i].second, Bytes(100 + i % 3, i));
      EXPECT_EQ(got[i].first, client.local_address());
    }
  }
}

TEST(ReceiveBatch, is_empty_when_nothing_waits) {
  const UdpSocket server = open_socket();
  ReceiveBatch batch;
  EXPECT_TRUE(batch.receive(server).empty());
  EXPECT_FALSE(batch.was_full());
}

TEST(ReceiveBatch, leaves_out_empty_datagrams) {
  const UdpSocket server = open_socket();
  const UdpSocket client = open_socket();
  EXPECT_TRUE(client.send(server.local_address(), {}));
  EXPECT_TRUE(client.send(server.local_address(), Bytes{9}));
  const auto got = read_all(server, 1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].second, Bytes{9});
}

}  // namespace
}  // namespace media::net

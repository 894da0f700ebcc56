#include "media/net/udp_socket.h"

#include <gtest/gtest.h>

#include "media/net/send_batch.h"
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
  EXPECT_EQ(got[0].first.to_string(), client.local_address().to_string())
      << "an IPv4 peer has its IPv4 address";
  ASSERT_TRUE(server->send(got[0].first, Bytes{4}));
  EXPECT_EQ(read_all(client, 1).size(), 1u);
}

// A peer that sent to one of our addresses takes no answer from another: its firewall and its ICE
// know the first alone.
struct Answers : testing::TestWithParam<const char*> {};

TEST_P(Answers, leave_from_the_address_that_the_peer_sent_to) {
  const auto server = UdpSocket::bind(*Address::parse(GetParam(), 0), {.keep_local = true});
  if (!server) GTEST_SKIP() << "no such address here: " << server.error().message;
  const uint16_t port = server->local_address().port;
  const UdpSocket client = open_socket("127.0.0.1");
  std::vector<Address> paths;
  // All of 127.0.0.0/8 is this machine.
  for (const char* ours : {"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.2"}) {
    ASSERT_TRUE(client.send(*Address::parse(ours, port), Bytes{1}));
    const auto got = read_all(*server, 1);
    ASSERT_EQ(got.size(), 1u);
    paths.push_back(got[0].first);
    ASSERT_TRUE(server->send(paths.back(), Bytes{2}));
    const auto answer = read_all(client, 1);
    ASSERT_EQ(answer.size(), 1u);
    EXPECT_EQ(answer[0].first, *Address::parse(ours, port));
  }
  EXPECT_NE(paths[0], paths[1]) << "another address of ours is another path";
  EXPECT_EQ(paths[1], paths[3]);
}

TEST_P(Answers, leave_from_there_in_joined_and_in_single_sends) {
  for (const bool gso : {true, false}) {
    auto server = UdpSocket::bind(*Address::parse(GetParam(), 0), {.keep_local = true});
    if (!server) GTEST_SKIP() << "no such address here: " << server.error().message;
    const uint16_t port = server->local_address().port;
    const UdpSocket client = open_socket("127.0.0.1", false);
    for (const char* ours : {"127.0.0.2", "127.0.0.3"})
      ASSERT_TRUE(client.send(*Address::parse(ours, port), Bytes{1}));
    const auto paths = read_all(*server, 2);
    ASSERT_EQ(paths.size(), 2u);
    SendBatch batch(*server, gso);
    for (int i = 0; i < 10; ++i) {
      for (const auto& [path, bytes] : paths) {
        batch.slot()[0] = path.local;
        batch.commit(path, 300);
      }
    }
    batch.flush();
    const auto got = read_all(client, 20);
    ASSERT_EQ(got.size(), 20u);
    for (const auto& [from, bytes] : got) {
      const char* const expected = bytes[0] == paths[0].first.local ? "127.0.0.2" : "127.0.0.3";
      EXPECT_EQ(from, *Address::parse(expected, port));
    }
    EXPECT_EQ(batch.stats().gso_messages, batch.uses_gso() ? 2u : 0u) << "one for each path";
  }
}

TEST_P(Answers, keep_the_path_of_datagrams_that_came_joined) {
  const auto server = UdpSocket::bind(*Address::parse(GetParam(), 0), {.keep_local = true});
  if (!server) GTEST_SKIP() << "no such address here: " << server.error().message;
  UdpSocket client = open_socket("127.0.0.1");
  SendBatch batch(client);
  const Address to = *Address::parse("127.0.0.7", server->local_address().port);
  for (int i = 0; i < 8; ++i) {
    batch.slot();
    batch.commit(to, 400);
  }
  batch.flush();
  const auto got = read_all(*server, 8);
  ASSERT_EQ(got.size(), 8u);
  for (const auto& [from, bytes] : got) {
    EXPECT_EQ(bytes.size(), 400u);
    EXPECT_EQ(from, got[0].first);
    EXPECT_NE(from.local, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Wildcards, Answers, testing::Values("0.0.0.0", "::"),
                         [](const auto& wildcard) {
                           return std::string(wildcard.param) == "::" ? "IPv6" : "IPv4";
                         });

TEST(UdpSocket, that_is_bound_to_one_address_asks_for_no_more) {
  const auto server = *UdpSocket::bind(*Address::parse("127.0.0.1", 0), {.keep_local = true});
  EXPECT_EQ(server.locals(), nullptr);
  const UdpSocket client = open_socket();
  ASSERT_TRUE(client.send(server.local_address(), Bytes{1}));
  const auto got = read_all(server, 1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].first, client.local_address());
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

#include "media/net/tcp_peers.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "media/base/bytes.h"
#include "tcp_fixture.h"

namespace media::net {
namespace {

TcpConnection dial(const TcpServer& server) {
  auto connection = TcpConnection::connect(server.address);
  EXPECT_TRUE(connection) << connection.error().message;
  return std::move(*connection);
}

void say(TcpServer& server, TcpConnection& connection, const Bytes& datagram) {
  const size_t before = server.received.size();
  ASSERT_TRUE(connection.push(monotonic_now(), datagram, Urgency::Control));
  ASSERT_TRUE(server.run_until([&] { return server.received.size() > before; },
                               [&] { connection.flush(); }));
}

bool is_closed(TcpServer& server, TcpConnection& connection) {
  bool closed = false;
  server.run_until([&] { return closed; }, [&] { read_datagrams(connection, &closed); });
  return closed;
}

TEST(TcpListener, says_what_to_do_when_the_port_is_taken) {
  const TcpServer server;
  const auto second = TcpListener::bind(server.address);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("media.tcp"), std::string::npos) << second.error().message;
}

TEST(TcpPeers, carries_datagrams_both_ways) {
  TcpServer server;
  TcpConnection peer = dial(server);
  say(server, peer, Bytes(700, 5));
  EXPECT_EQ(server.received[0].second, Bytes(700, 5));
  const Address from = server.received[0].first;
  EXPECT_EQ(from.transport, Transport::Tcp);
  server.peers->send(server.clock(), from, Bytes(900, 6), Urgency::Picture);
  server.peers->send(server.clock(), from, Bytes(90, 7), Urgency::Voice);
  std::vector<Bytes> got;
  EXPECT_TRUE(server.run_until([&] { return got.size() == 2; },
                               [&] {
                                 for (Bytes& d : read_datagrams(peer)) got.push_back(std::move(d));
                               }));
  EXPECT_EQ(got, (std::vector<Bytes>{Bytes(90, 7), Bytes(900, 6)}));
  EXPECT_EQ(server.peers->stats().connections, 1u);
  EXPECT_EQ(server.peers->stats().datagrams_out, 2u);
}

TEST(TcpPeers, drops_and_counts_what_is_for_nobody) {
  TcpServer server;
  Address gone = *Address::parse("127.0.0.1", 9);
  gone.transport = Transport::Tcp;
  server.peers->send(server.clock(), gone, Bytes(10, 1), Urgency::Control);
  EXPECT_EQ(server.peers->drops().of(Drop::SendFailed), 1u);
}

TEST(TcpPeers, closes_whoever_lies_about_a_length) {
  TcpServer server;
  TcpConnection liar = dial(server);
  say(server, liar, Bytes{1});
  const Bytes lie = {0xff, 0xff, 1, 2, 3};
  ASSERT_EQ(::send(liar.fd(), lie.data(), lie.size(), MSG_NOSIGNAL), 5);
  EXPECT_TRUE(is_closed(server, liar));
  EXPECT_EQ(server.peers->drops().of(Drop::TcpFraming), 1u);
  EXPECT_EQ(server.peers->stats().connections, 0u);
}

TEST(TcpPeers, closes_connections_that_belong_to_nobody_after_ten_seconds_and_no_others) {
  TcpServer server;
  TcpConnection silent = dial(server);
  TcpConnection talker = dial(server);
  TcpConnection member = dial(server);
  ASSERT_TRUE(server.run_until([&] { return server.peers->stats().connections == 3; }));
  say(server, talker, Bytes{1});
  say(server, member, Bytes{2});
  server.friends.insert(server.received.back().first);
  server.skipped = Duration::millis(9'000);
  server.peers->sweep(server.clock());
  EXPECT_EQ(server.peers->stats().connections, 3u);
  say(server, talker, Bytes{3});  // talking alone does not help
  server.skipped = Duration::millis(10'100);
  server.peers->sweep(server.clock());
  EXPECT_TRUE(is_closed(server, silent));
  EXPECT_TRUE(is_closed(server, talker));
  EXPECT_EQ(server.peers->stats().connections, 1u);
  // Its session ends: the same patience again, counted from then.
  server.friends.clear();
  server.peers->sweep(server.clock());
  EXPECT_EQ(server.peers->stats().connections, 1u);
  server.skipped += Duration::millis(10'100);
  server.peers->sweep(server.clock());
  EXPECT_TRUE(is_closed(server, member));
}

TEST(TcpPeers, gives_the_place_of_the_oldest_stranger_to_a_newcomer) {
  TcpLimits limits;
  limits.strangers = 3;
  TcpServer server(limits);
  TcpConnection member = dial(server);
  ASSERT_TRUE(server.run_until([&] { return server.peers->stats().connections == 1; }));
  say(server, member, Bytes{1});
  server.friends.insert(server.received[0].first);
  say(server, member, Bytes{2});
  std::vector<TcpConnection> flood;
  for (uint64_t i = 0; i < 5; ++i) {
    flood.push_back(dial(server));
    ASSERT_TRUE(server.run_until([&] { return server.peers->stats().accepted == i + 2; }));
  }
  EXPECT_EQ(server.peers->stats().connections, 4u);
  EXPECT_TRUE(is_closed(server, flood[0]));
  EXPECT_TRUE(is_closed(server, flood[1]));
  EXPECT_EQ(server.peers->drops().of(Drop::TcpLimit), 2u);
  say(server, member, Bytes{3});
  say(server, flood[4], Bytes{4});
}

TEST(TcpPeers, refuses_connections_over_the_limit_when_all_are_in_use) {
  TcpLimits limits;
  limits.connections = 1;
  TcpServer server(limits);
  TcpConnection member = dial(server);
  ASSERT_TRUE(server.run_until([&] { return server.peers->stats().connections == 1; }));
  say(server, member, Bytes{1});
  server.friends.insert(server.received[0].first);
  say(server, member, Bytes{2});
  TcpConnection late = dial(server);
  EXPECT_TRUE(is_closed(server, late));
  say(server, member, Bytes{3});
}

// A peer that reads nothing costs bounded memory and is told nothing stale; another notices
// nothing.
TEST(TcpPeers, a_peer_that_does_not_read_holds_up_nobody) {
  TcpServer server;
  TcpConnection slow = dial(server);
  TcpConnection quick = dial(server);
  say(server, slow, Bytes{1});
  say(server, quick, Bytes{2});
  const Address to_slow = server.received[0].first;
  const Address to_quick = server.received[1].first;
  const Bytes picture(1100, 9);
  const Bytes voice(120, 8);
  size_t got = 0;
  // A minute of a 1.5-Mbit/s picture, at once for the slow one.
  for (int i = 0; i < 10'000; ++i) {
    server.peers->send(server.clock(), to_slow, picture, Urgency::Picture);
    if (i % 100 != 0) continue;
    server.peers->send(server.clock(), to_slow, voice, Urgency::Voice);
    server.peers->send(server.clock(), to_quick, picture, Urgency::Picture);
    server.peers->flush();
    ASSERT_TRUE(server.run_until([&] { return got == static_cast<size_t>(i / 100 + 1); },
                                 [&] { got += read_datagrams(quick).size(); }));
  }
  const uint64_t dropped = server.peers->drops().of(Drop::TcpBacklog);
  EXPECT_GT(dropped, 1000u);
  // It wakes up: what waited comes whole, with all of its voice, and then the connection lives on.
  size_t voices = 0;
  size_t pictures = 0;
  const uint64_t sent = 10'000 + 100 - dropped;
  ASSERT_TRUE(server.run_until([&] { return voices + pictures == sent; },
                               [&] {
                                 for (const Bytes& d : read_datagrams(slow))
                                   ++(d == voice ? voices : pictures);
                               }))
      << voices << " " << pictures << " of " << sent;
  EXPECT_EQ(voices, 100u);
  server.peers->send(server.clock(), to_slow, picture, Urgency::Picture);
  EXPECT_TRUE(server.run_until([&] { return pictures == sent - 100 + 1; },
                               [&] { pictures += read_datagrams(slow).size(); }));
}

TEST(TcpPeers, forgets_a_connection_that_its_peer_closed) {
  TcpServer server;
  {
    TcpConnection peer = dial(server);
    say(server, peer, Bytes{1});
  }
  EXPECT_TRUE(server.run_until([&] { return server.peers->stats().connections == 0; }));
  server.peers->send(server.clock(), server.received[0].first, Bytes{1}, Urgency::Control);
  EXPECT_EQ(server.peers->drops().of(Drop::SendFailed), 1u);
}

// Out of file descriptors, the listener must not spin; the next sweep takes who waits.
TEST(TcpPeers, accepts_again_after_the_process_ran_out_of_files) {
  TcpServer server;
  TcpConnection peer = dial(server);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{3, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const bool refused =
      server.run_until([&] { return server.peers->drops().of(Drop::TcpLimit) == 1; });
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(refused);
  server.run_until([] { return true; });
  EXPECT_EQ(server.peers->drops().of(Drop::TcpLimit), 1u);
  server.peers->sweep(server.clock());
  say(server, peer, Bytes{1});
}

TEST(TcpPeers, takes_no_more_than_its_share_of_one_connection_in_a_turn) {
  TcpServer server;
  TcpConnection peer = dial(server);
  say(server, peer, Bytes{1});
  // No queue of the sender's kernel in the way.
  const int off = 0;
  ASSERT_EQ(setsockopt(peer.fd(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &off, sizeof(off)), 0);
  Bytes frame(1002, 7);
  store_be16(frame.data(), 1000);
  Bytes burst;
  for (int i = 0; i < 120; ++i) burst.insert(burst.end(), frame.begin(), frame.end());
  ASSERT_EQ(::send(peer.fd(), burst.data(), burst.size(), MSG_DONTWAIT | MSG_NOSIGNAL),
            static_cast<ssize_t>(burst.size()));
  server.peers->on_ready(server.clock(), kFirstToken + 1);
  EXPECT_LE((server.received.size() - 1) * frame.size(), TcpPeers::kReadPerTurn);
  EXPECT_TRUE(server.run_until([&] { return server.received.size() == 121; }));
}

}  // namespace
}  // namespace media::net

#include "media/worker/outgoing.h"

#include <gtest/gtest.h>

#include "tests/unit/media/net/net_fixture.h"
#include "tests/unit/media/net/tcp_fixture.h"

namespace media::worker {
namespace {

using net::Bytes;

void put(Outgoing& out, const Address& to, const Bytes& bytes, Urgency urgency = Urgency::Control) {
  const MutableByteSpan slot = out.slot();
  ASSERT_GE(slot.size(), net::kMaxDatagram);
  std::copy(bytes.begin(), bytes.end(), slot.begin());
  out.commit(to, bytes.size(), urgency);
}

TEST(Outgoing, sends_each_datagram_by_the_transport_of_its_address) {
  net::TcpServer server;
  auto by_tcp = net::TcpConnection::connect(server.address);
  ASSERT_TRUE(by_tcp);
  ASSERT_TRUE(by_tcp->push(net::monotonic_now(), Bytes{1}, Urgency::Control));
  ASSERT_TRUE(server.run_until([&] { return !server.received.empty(); }, [&] { by_tcp->flush(); }));
  const Address tcp_address = server.received[0].first;
  const net::UdpSocket by_udp = net::open_socket();
  net::UdpSocket socket = net::open_socket();
  net::SendBatch batch(socket);
  Outgoing out(batch, server.peers.get());
  out.set_now(net::monotonic_now());
  // In turn, so that a slot given to one must not reach the other.
  for (uint8_t i = 0; i < 20; ++i) {
    put(out, by_udp.local_address(), Bytes(100, i));
    put(out, tcp_address, Bytes(200, i), Urgency::Picture);
  }
  out.flush();
  const auto udp = net::read_all(by_udp, 20);
  ASSERT_EQ(udp.size(), 20u);
  std::vector<Bytes> tcp;
  ASSERT_TRUE(server.run_until([&] { return tcp.size() == 20; },
                               [&] {
                                 for (Bytes& d : net::read_datagrams(*by_tcp))
                                   tcp.push_back(std::move(d));
                               }));
  for (uint8_t i = 0; i < 20; ++i) {
    EXPECT_EQ(udp[i].second, Bytes(100, i));
    EXPECT_EQ(tcp[i], Bytes(200, i));
  }
}

TEST(Outgoing, drops_what_is_for_tcp_where_there_is_none) {
  net::UdpSocket socket = net::open_socket();
  net::SendBatch batch(socket);
  Outgoing out(batch, nullptr);
  Address nobody = socket.local_address();
  nobody.transport = Transport::Tcp;
  put(out, nobody, Bytes(10, 1));
  out.flush();
  EXPECT_EQ(batch.stats().datagrams, 0u);
}

}  // namespace
}  // namespace media::worker

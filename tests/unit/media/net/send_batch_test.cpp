#include "media/net/send_batch.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "media/base/rng.h"
#include "net_fixture.h"

namespace media::net {
namespace {

// The same promises with and without UDP GSO.
class Contract : public testing::TestWithParam<bool> {
 protected:
  void put(const Address& to, const Bytes& bytes) {
    const MutableByteSpan slot = batch_.slot();
    ASSERT_GE(slot.size(), kMaxDatagram);
    std::copy(bytes.begin(), bytes.end(), slot.begin());
    batch_.commit(to, bytes.size());
  }

  UdpSocket socket_ = open_socket();
  SendBatch batch_{socket_, GetParam()};
};

TEST_P(Contract, sends_nothing_before_flush_and_everything_then) {
  const UdpSocket peer = open_socket();
  put(peer.local_address(), Bytes(500, 1));
  EXPECT_EQ(batch_.stats().datagrams, 0u);
  batch_.flush();
  EXPECT_EQ(batch_.stats().datagrams, 1u);
  EXPECT_EQ(batch_.stats().bytes, 500u);
  const auto got = read_all(peer, 1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].first, socket_.local_address());
  EXPECT_EQ(got[0].second, Bytes(500, 1));
}

TEST_P(Contract, delivers_mixed_sizes_to_many_peers_in_order_whatever_the_mix) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  SplitMix64 rng(seed);
  std::vector<UdpSocket> peers;
  for (int i = 0; i < 12; ++i) peers.push_back(open_socket("127.0.0.1", i % 2 == 0));
  for (int round = 0; round < 20; ++round) {
    std::map<size_t, std::vector<Bytes>> expected;
    const size_t common = 200 + rng.below(1000);
    for (int i = 0; i < 300; ++i) {
      const size_t peer = rng.below(peers.size());
      // Mostly equal, some shorter, some longer: every way in which a run can end.
      const uint64_t dice = rng.below(10);
      size_t size = common;
      if (dice == 0) size = 1 + rng.below(common);
      if (dice == 1) size = common + 1 + rng.below(kMaxDatagram - common);
      Bytes bytes(size);
      rng.fill(bytes);
      put(peers[peer].local_address(), bytes);
      expected[peer].push_back(std::move(bytes));
    }
    batch_.flush();
    for (auto& [peer, list] : expected) {
      const auto got = read_all(peers[peer], list.size());
      ASSERT_EQ(got.size(), list.size());
      for (size_t i = 0; i < list.size(); ++i) ASSERT_EQ(got[i].second, list[i]) << i;
    }
  }
  EXPECT_EQ(batch_.stats().datagrams, 6000u);
}

TEST_P(Contract, flushes_by_itself_when_the_arena_is_full) {
  const UdpSocket peer = open_socket();
  for (int i = 0; i < 1500; ++i) put(peer.local_address(), Bytes(kMaxDatagram, 7));
  EXPECT_GT(batch_.stats().datagrams, 0u);
  batch_.flush();
  EXPECT_EQ(batch_.stats().datagrams, 1500u);
}

TEST_P(Contract, takes_any_number_of_small_datagrams) {
  const UdpSocket peer = open_socket();
  for (int i = 0; i < 20000; ++i) put(peer.local_address(), Bytes(20, 7));
  batch_.flush();
  EXPECT_EQ(batch_.stats().datagrams + batch_.drops().of(Drop::SendWouldBlock), 20000u);
}

TEST_P(Contract, counts_what_cannot_be_sent_and_sends_the_rest) {
  const UdpSocket peer = open_socket();
  put(*Address::parse("127.0.0.1", 0), Bytes(100, 1));  // port 0 is refused
  put(*Address::parse("127.0.0.1", 0), Bytes(100, 2));
  put(peer.local_address(), Bytes(100, 3));
  batch_.flush();
  EXPECT_EQ(batch_.drops().of(Drop::SendFailed), 2u);
  EXPECT_EQ(read_all(peer, 1).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Gso, Contract, testing::Bool(),
                         [](const auto& test) { return test.param ? "On" : "Off"; });

TEST(SendBatch, gathers_one_peers_packets_from_between_those_of_others) {
  UdpSocket socket = open_socket();
  SendBatch batch(socket);
  if (!batch.uses_gso()) GTEST_SKIP() << "this kernel has no UDP_SEGMENT";
  std::vector<UdpSocket> peers;
  for (int i = 0; i < 10; ++i) peers.push_back(open_socket());
  for (int packet = 0; packet < 6; ++packet) {
    for (const UdpSocket& peer : peers) {
      std::fill_n(batch.slot().begin(), 1000, static_cast<uint8_t>(packet));
      batch.commit(peer.local_address(), 1000);
    }
  }
  batch.flush();
  EXPECT_EQ(batch.stats().gso_messages, 10u);
  EXPECT_EQ(batch.stats().calls, 1u);
  for (const UdpSocket& peer : peers) {
    const auto got = read_all(peer, 6);
    ASSERT_EQ(got.size(), 6u);
    for (size_t i = 0; i < 6; ++i) EXPECT_EQ(got[i].second, Bytes(1000, static_cast<uint8_t>(i)));
  }
}

}  // namespace
}  // namespace media::net

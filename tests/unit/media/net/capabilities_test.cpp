#include "media/net/capabilities.h"

#include <gtest/gtest.h>

#include "media/net/send_batch.h"
#include "net_fixture.h"

namespace media::net {
namespace {

// One more fact than the sockets themselves tell would be a wrong one.
TEST(Capabilities, finds_what_the_sockets_offer) {
  const Capabilities found = probe_capabilities();
  UdpSocket socket = open_socket();
  EXPECT_EQ(found.gso, SendBatch(socket).uses_gso());
  EXPECT_EQ(found.gro, socket.has_gro());
}

TEST(Capabilities, an_operator_can_only_take_away) {
  for (const bool gso : {false, true}) {
    for (const bool gro : {false, true}) {
      const Capabilities both = Capabilities{gso, gro} & Capabilities{true, false};
      EXPECT_EQ(both.gso, gso);
      EXPECT_FALSE(both.gro);
    }
  }
}

TEST(Capabilities, say_what_they_are) {
  EXPECT_EQ(to_string({true, false}), "UDP GSO on, GRO off");
}

// The same packets, whatever the kernel of either side can do.
TEST(Capabilities, every_mixture_delivers_the_same) {
  for (const bool gso : {false, true}) {
    for (const bool gro : {false, true}) {
      UdpSocket sender = open_socket();
      const UdpSocket receiver = open_socket("127.0.0.1", gro);
      EXPECT_EQ(receiver.has_gro(), gro && probe_capabilities().gro);
      SendBatch batch(sender, gso);
      for (uint8_t i = 0; i < 40; ++i) {
        std::fill_n(batch.slot().begin(), 1000, i);
        batch.commit(receiver.local_address(), i == 39 ? 500 : 1000);
      }
      batch.flush();
      EXPECT_EQ(batch.stats().gso_messages > 0, gso && probe_capabilities().gso);
      const auto got = read_all(receiver, 40);
      ASSERT_EQ(got.size(), 40u);
      for (uint8_t i = 0; i < 40; ++i) EXPECT_EQ(got[i].second, Bytes(i == 39 ? 500 : 1000, i));
    }
  }
}

}  // namespace
}  // namespace media::net

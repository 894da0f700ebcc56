#include "media/base/address.h"

#include <gtest/gtest.h>

#include <unordered_set>

namespace media {
namespace {

TEST(Address, TextReadsBack) {
  EXPECT_EQ(Address::parse("192.0.2.1", 4000)->to_string(), "192.0.2.1:4000");
  EXPECT_EQ(Address::parse("2001:db8::1", 65535)->to_string(), "[2001:db8::1]:65535");
  EXPECT_EQ(Address::parse("2001:db8::1", 1)->ip_string(), "2001:db8::1");
}

TEST(Address, MappedIpv4IsTheSameAsIpv4) {
  const auto plain = Address::parse("192.0.2.1", 9);
  const auto mapped = Address::parse("::ffff:192.0.2.1", 9);
  ASSERT_TRUE(plain && mapped);
  EXPECT_EQ(*plain, *mapped);
  EXPECT_EQ(std::hash<Address>{}(*plain), std::hash<Address>{}(*mapped));
  EXPECT_TRUE(mapped->is_v4());
  EXPECT_FALSE(Address::parse("::1", 9)->is_v4());
}

TEST(Address, NamesAndHalfAddressesAreRefused) {
  for (const char* text : {"", "localhost", "192.0.2", "192.0.2.1:80", "[::1]", "fe80::1%eth0"}) {
    EXPECT_FALSE(Address::parse(text, 1)) << text;
  }
}

TEST(Address, PortsAndNeighboursHashApart) {
  std::unordered_set<size_t> hashes;
  for (uint16_t port = 0; port < 2000; ++port)
    hashes.insert(std::hash<Address>{}(*Address::parse("10.0.0.1", port)));
  for (int i = 2; i < 200; ++i) {
    hashes.insert(std::hash<Address>{}(*Address::parse("10.0.0." + std::to_string(i), 1)));
  }
  EXPECT_EQ(hashes.size(), 2000U + 198);
}

// A browser may use one port number for both: they are two peers to us.
TEST(Address, TcpAndUdpAreTwoAddresses) {
  const Address udp = *Address::parse("192.0.2.1", 4000);
  Address tcp = udp;
  tcp.transport = Transport::Tcp;
  EXPECT_NE(udp, tcp);
  EXPECT_NE(std::hash<Address>{}(udp), std::hash<Address>{}(tcp));
  EXPECT_EQ(udp.to_string(), "192.0.2.1:4000");
  EXPECT_EQ(tcp.to_string(), "192.0.2.1:4000/tcp");
}

}  // namespace
}  // namespace media

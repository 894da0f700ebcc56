#include "signaling/web/address_counter.h"

#include <gtest/gtest.h>

namespace signaling::web {
namespace {

TEST(AddressCounter, HoldsEachAddressToTheLimit) {
  AddressCounter counter;
  EXPECT_TRUE(counter.try_add("192.0.2.1", 2));
  EXPECT_TRUE(counter.try_add("192.0.2.1", 2));
  EXPECT_FALSE(counter.try_add("192.0.2.1", 2));
  EXPECT_TRUE(counter.try_add("192.0.2.2", 2)) << "a neighbour pays for nobody";
  EXPECT_EQ(counter.count("192.0.2.1"), 2U) << "the refused one is not counted";
}

TEST(AddressCounter, WhoLeavesMakesRoom) {
  AddressCounter counter;
  EXPECT_TRUE(counter.try_add("192.0.2.1", 1));
  counter.remove("192.0.2.1");
  EXPECT_EQ(counter.count("192.0.2.1"), 0U);
  EXPECT_TRUE(counter.try_add("192.0.2.1", 1));
}

TEST(AddressCounter, RemovingAStrangerChangesNothing) {
  AddressCounter counter;
  counter.remove("192.0.2.1");
  EXPECT_EQ(counter.count("192.0.2.1"), 0U);
  EXPECT_TRUE(counter.try_add("192.0.2.1", 1));
  EXPECT_FALSE(counter.try_add("192.0.2.1", 1));
}

TEST(AddressCounter, ALimitOfNoneAdmitsNobody) {
  AddressCounter counter;
  EXPECT_FALSE(counter.try_add("192.0.2.1", 0));
  EXPECT_EQ(counter.count("192.0.2.1"), 0U);
}

TEST(AddressCounter, OneIpv6NetworkCountsAsOne) {
  AddressCounter counter;
  EXPECT_TRUE(counter.try_add("2001:db8:1:2::1", 1));
  EXPECT_FALSE(counter.try_add("2001:db8:1:2:ffff:ffff:ffff:ffff", 1));
  EXPECT_TRUE(counter.try_add("2001:db8:1:3::1", 1));
  counter.remove("2001:db8:1:2::7");
  EXPECT_EQ(counter.count("2001:db8:1:2::1"), 0U);
}

TEST(AddressCounter, AMappedAddressIsItsIpv4Address) {
  AddressCounter counter;
  EXPECT_TRUE(counter.try_add("::ffff:192.0.2.1", 1));
  EXPECT_FALSE(counter.try_add("192.0.2.1", 1));
}

TEST(AddressKey, KeepsTheFirstHalfOfAnIpv6Address) {
  EXPECT_EQ(address_key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(address_key("::1"), "::/64");
  EXPECT_EQ(address_key("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(address_key("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(address_key(""), "");
}

TEST(PlainAddress, TakesOnlyTheMappedPrefixAway) {
  EXPECT_EQ(plain_address("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(plain_address("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(plain_address("::ffff:1"), "::ffff:1");
  EXPECT_EQ(plain_address("2001:db8::1"), "2001:db8::1");
}

TEST(IsLoopback, OnlyThisMachine) {
  for (const char* address : {"127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback(address)) << address;
  }
  for (const char* address :
       {"", "128.0.0.1", "12.7.0.1", "::", "::2", "10.0.0.1", "::ffff:192.0.2.1", "1270.0.0.1"}) {
    EXPECT_FALSE(is_loopback(address)) << address;
  }
}

}  // namespace
}  // namespace signaling::web

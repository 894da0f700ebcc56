#include "signaling/ingest/address_policy.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace signaling::ingest {
namespace {

TEST(AddressPolicy, DeniesWhatItsNetworksContain) {
  const auto policy = AddressPolicy::make({"169.254.0.0/16", "127.0.0.0/8", "fe80::/10", "::1"});
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_FALSE(policy->permits("169.254.169.254", 554));
  EXPECT_FALSE(policy->permits("127.0.0.1", 554));
  EXPECT_FALSE(policy->permits("::ffff:127.0.0.1", 554)) << "the same host in IPv6's clothes";
  EXPECT_FALSE(policy->permits("fe80::1", 554));
  EXPECT_FALSE(policy->permits("::1", 554));
  EXPECT_TRUE(policy->permits("192.168.1.64", 554));
  EXPECT_TRUE(policy->permits("2001:db8::1", 554));
  EXPECT_FALSE(policy->permits("camera.local", 554)) << "names must be looked up first";
}

TEST(AddressPolicy, NamesTheNetworkItCannotRead) {
  for (const char* bad : {"10.0.0.0/33", "10.0.0/8", "x", "::/129", "10.0.0.0/", "10.0.0.0/8x"}) {
    const auto policy = AddressPolicy::make({bad});
    ASSERT_FALSE(policy) << bad;
    EXPECT_NE(policy.error().message.find(bad), std::string::npos);
  }
}

TEST(AddressPolicy, ANameIsOnlyAsGoodAsItsAddresses) {
  const auto closed = AddressPolicy::make({"127.0.0.0/8", "::1/128"});
  const auto open = AddressPolicy::make({});
  ASSERT_TRUE(closed);
  ASSERT_TRUE(open);
  EXPECT_FALSE(resolve_permitted("localhost", 554, *closed));
  EXPECT_TRUE(resolve_permitted("localhost", 554, *open));
  const auto numeric = resolve_permitted("127.0.0.1", 554, *open);
  ASSERT_TRUE(numeric);
  EXPECT_EQ(*numeric, "127.0.0.1");
}

TEST(AddressPolicy, ByDefaultKeepsToWhatIsReachedFromOutside) {
  const auto policy = AddressPolicy::make(default_deny());
  ASSERT_TRUE(policy) << policy.error().message;
  for (const char* bad :
       {"127.0.0.1", "127.8.8.8", "::1", "0.0.0.0", "::", "169.254.169.254", "fe80::1",
        "::ffff:169.254.169.254", "224.0.0.1", "ff02::1", "255.255.255.255"}) {
    EXPECT_FALSE(policy->permits(bad, 554)) << bad;
  }
  for (const char* good : {"10.1.2.3", "172.16.4.5", "192.168.1.64", "203.0.113.9", "fd00::8"})
    EXPECT_TRUE(policy->permits(good, 554)) << good;
}

TEST(AddressPolicy, TheOperatorMayAllowWhatIsDenied) {
  const auto policy = AddressPolicy::make(default_deny(), {"127.0.0.2/32"});
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_TRUE(policy->permits("127.0.0.2", 554));
  EXPECT_FALSE(policy->permits("127.0.0.1", 554));
  EXPECT_FALSE(AddressPolicy::make({}, {"127.0.0"}));
}

TEST(AddressPolicy, TheServersOwnDoorsAreNeverASource) {
  const auto policy =
      AddressPolicy::make({}, {"0.0.0.0/0"}, {{"192.168.1.2", "127.0.0.1"}, {8443, 1935}});
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_FALSE(policy->permits("192.168.1.2", 8443));
  EXPECT_FALSE(policy->permits("::ffff:192.168.1.2", 1935));
  EXPECT_TRUE(policy->permits("192.168.1.2", 554)) << "a recorder on the same machine";
  EXPECT_TRUE(policy->permits("192.168.1.3", 1935)) << "another machine's port";
}

TEST(AddressPolicy, KnowsThisMachine) {
  const auto addresses = addresses_of_this_machine();
  EXPECT_NE(std::find(addresses.begin(), addresses.end(), "127.0.0.1"), addresses.end());
}

}  // namespace
}  // namespace signaling::ingest

#include "signaling/ingest/address_policy.h"

#include <gtest/gtest.h>

namespace signaling::ingest {
namespace {

TEST(AddressPolicy, DeniesWhatItsNetworksContain) {
  const auto policy = AddressPolicy::make({"169.254.0.0/16", "127.0.0.0/8", "fe80::/10", "::1"});
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_FALSE(policy->permits("169.254.169.254"));
  EXPECT_FALSE(policy->permits("127.0.0.1"));
  EXPECT_FALSE(policy->permits("::ffff:127.0.0.1")) << "the same host in IPv6's clothes";
  EXPECT_FALSE(policy->permits("fe80::1"));
  EXPECT_FALSE(policy->permits("::1"));
  EXPECT_TRUE(policy->permits("192.168.1.64"));
  EXPECT_TRUE(policy->permits("2001:db8::1"));
  EXPECT_FALSE(policy->permits("camera.local")) << "names must be looked up first";
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
  EXPECT_FALSE(resolve_permitted("localhost", *closed));
  EXPECT_TRUE(resolve_permitted("localhost", *open));
  const auto numeric = resolve_permitted("127.0.0.1", *open);
  ASSERT_TRUE(numeric);
  EXPECT_EQ(*numeric, "127.0.0.1");
}

}  // namespace
}  // namespace signaling::ingest

#include "media/ice/credentials.h"

#include <gtest/gtest.h>

#include <set>

#include "media/base/rng.h"

namespace media::ice {
namespace {

TEST(Credentials, are_long_enough_of_the_ice_alphabet_and_never_alike) {
  SplitMix64 rng(1);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const IceCredentials made = make_credentials(rng);
    EXPECT_GE(made.ufrag.size() * 6, 48u);
    EXPECT_GE(made.password.size() * 6, 128u);
    for (const char c : made.ufrag + made.password) {
      EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/') << c;
    }
    seen.insert(made.ufrag);
    seen.insert(made.password);
  }
  EXPECT_EQ(seen.size(), 2000u);
}

}  // namespace
}  // namespace media::ice

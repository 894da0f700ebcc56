#include "signaling/auth/secrets.h"

#include <gtest/gtest.h>

#include <set>

namespace signaling::auth {
namespace {

TEST(Secrets, AreLongAndNeverRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::string secret = new_secret();
    ASSERT_TRUE(looks_like_secret(secret)) << secret;
    ASSERT_TRUE(seen.insert(secret).second);
  }
}

TEST(Secrets, AreStoredAsSha256) {
  EXPECT_EQ(hash_secret("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Secrets, WhatIsNotOursIsRefusedByItsShape) {
  const std::string good = new_secret();
  EXPECT_FALSE(looks_like_secret(""));
  EXPECT_FALSE(looks_like_secret(good + "A"));
  EXPECT_FALSE(looks_like_secret(good.substr(1)));
  std::string bad = good;
  bad[5] = '+';
  EXPECT_FALSE(looks_like_secret(bad));
  EXPECT_FALSE(looks_like_secret("eyJhbGciOiJub25lIn0.eyJyb2xlIjoidGVhY2hlciJ9."));
}

TEST(Secrets, CompareWhole) {
  EXPECT_TRUE(equal_secrets("same", "same"));
  EXPECT_FALSE(equal_secrets("same", "sama"));
  EXPECT_FALSE(equal_secrets("same", "same "));
  EXPECT_TRUE(equal_secrets("", ""));
}

TEST(Bearer, IsTakenFromItsHeaderAlone) {
  EXPECT_EQ(bearer_of("Bearer abc"), "abc");
  EXPECT_EQ(bearer_of("bEARER  abc "), "abc");
  EXPECT_EQ(bearer_of("Bearer"), "");
  EXPECT_EQ(bearer_of("Bearer "), "");
  EXPECT_EQ(bearer_of("Basic abc"), "");
  EXPECT_EQ(bearer_of("Bearer a b"), "");
  EXPECT_EQ(bearer_of("Bearer " + std::string(5'000, 'x')), "");
}

}  // namespace
}  // namespace signaling::auth

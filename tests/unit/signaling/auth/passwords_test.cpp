#include "signaling/auth/passwords.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <array>

namespace signaling::auth {
namespace {

TEST(Passwords, OnlyTheRightOneVerifies) {
  const auto hash = hash_password("正确的密码123");
  ASSERT_TRUE(hash.has_value()) << hash.error().message;
  EXPECT_EQ(hash->rfind("$argon2id$v=19$m=65536,t=2,p=1$", 0), 0U) << *hash;
  EXPECT_TRUE(verify_password("正确的密码123", *hash));
  EXPECT_FALSE(verify_password("正确的密码124", *hash));
  EXPECT_FALSE(verify_password("", *hash));
  EXPECT_NE(hash_password("正确的密码123").value(), *hash) << "the salt is new each time";
  EXPECT_FALSE(needs_rehash(*hash));
}

TEST(Passwords, AnEmptyOrBrokenHashVerifiesNothing) {
  EXPECT_FALSE(verify_password("no account", "")) << "the stand-in hash lets nobody in";
  EXPECT_FALSE(verify_password("x", "$argon2id$v=19$garbage"));
  EXPECT_FALSE(verify_password("x", std::string(5'000, '$')));
}

TEST(Passwords, LengthIsBounded) {
  EXPECT_FALSE(hash_password("1234567").has_value());
  EXPECT_TRUE(hash_password("12345678").has_value());
  EXPECT_FALSE(hash_password(std::string(kMaxPasswordBytes + 1, 'x')).has_value());
}

TEST(Passwords, AWeakerHashStillVerifiesAndAsksForRenewal) {
  ASSERT_GE(sodium_init(), 0);
  std::array<char, crypto_pwhash_STRBYTES> weak{};
  const std::string password = "old password";
  ASSERT_EQ(crypto_pwhash_str(weak.data(), password.data(), password.size(), 1,
                              crypto_pwhash_MEMLIMIT_MIN),
            0);
  EXPECT_TRUE(verify_password(password, weak.data()));
  EXPECT_TRUE(needs_rehash(weak.data()));
}

}  // namespace
}  // namespace signaling::auth

#include "signaling/auth/rate_limit.h"

#include <gtest/gtest.h>

namespace signaling::auth {
namespace {

using media::Duration;
using media::Instant;

constexpr Instant kStart = Instant::from_micros(1'000'000'000);

TEST(TokenBucket, AllowsTheBurstThenTheRate) {
  TokenBucket bucket(50, 100, kStart);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(bucket.take(kStart));
  EXPECT_FALSE(bucket.take(kStart));
  EXPECT_TRUE(bucket.take(kStart + Duration::millis(20)));
  EXPECT_FALSE(bucket.take(kStart + Duration::millis(20)));
  int taken = 0;
  for (int ms = 20; ms <= 1'020; ++ms) taken += bucket.take(kStart + Duration::millis(ms)) ? 1 : 0;
  EXPECT_EQ(taken, 50);
}

TEST(TokenBucket, NeverHoldsMoreThanTheBurstNorFearsAClockThatGoesBack) {
  TokenBucket bucket(50, 100, kStart);
  const Instant later = kStart + Duration::seconds(3'600);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(bucket.take(later));
  EXPECT_FALSE(bucket.take(later));
  EXPECT_FALSE(bucket.take(kStart));
}

TEST(KeyedBuckets, EachKeyHasItsOwnAndSaysWhenThereIsMore) {
  KeyedBuckets buckets(2, 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(buckets.take("a", kStart), Duration());
  EXPECT_EQ(buckets.take("a", kStart), Duration::millis(500));
  EXPECT_EQ(buckets.take("b", kStart), Duration());
  EXPECT_EQ(buckets.take("a", kStart + Duration::millis(400)), Duration::millis(100));
  EXPECT_EQ(buckets.take("a", kStart + Duration::millis(500)), Duration());
}

TEST(KeyedBuckets, ForgetWhoWasUsedLongestAgoAndNobodyElse) {
  KeyedBuckets buckets(0.001, 1);
  EXPECT_EQ(buckets.take("kept", kStart), Duration());
  EXPECT_EQ(buckets.take("old", kStart), Duration());
  EXPECT_GT(buckets.take("kept", kStart), Duration());
  for (size_t i = 0; i < kMaxRememberedKeys - 1; ++i) buckets.take(std::to_string(i), kStart);
  EXPECT_EQ(buckets.remembered(), kMaxRememberedKeys);
  EXPECT_GT(buckets.take("kept", kStart), Duration());
  EXPECT_EQ(buckets.take("old", kStart), Duration());
}

// What the doors' limit of an address must let pass: a school at the bell, for as long as it takes.
TEST(KeyedBuckets, LetASteadyRateBelowTheirsPassForEver) {
  KeyedBuckets buckets(100, 1000);
  Instant now = kStart;
  for (int i = 0; i < 20 * 600; ++i, now += Duration::millis(50))
    ASSERT_EQ(buckets.take("school", now), Duration());
}

TEST(AddressKey, OfIpv6IsItsNetwork) {
  EXPECT_EQ(address_key("2001:db8:1:2::1"), address_key("2001:db8:1:2:ffff::9"));
  EXPECT_NE(address_key("2001:db8:1:2::1"), address_key("2001:db8:1:3::1"));
  EXPECT_NE(address_key("192.0.2.1"), address_key("192.0.2.2"));
}

TEST(WrongPasswords, FiveForOneLoginFromManyAddresses) {
  WrongPasswordLimiter limiter;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(limiter.allows("lin", "192.0.2.9", kStart));
    limiter.record_wrong("lin", "198.51.100." + std::to_string(i), kStart + Duration::seconds(i));
  }
  EXPECT_FALSE(limiter.allows("lin", "192.0.2.9", kStart + Duration::seconds(5)));
  EXPECT_EQ(limiter.retry_after("lin", "192.0.2.9", kStart + Duration::seconds(5)),
            Duration::seconds(295));
  EXPECT_TRUE(limiter.allows("zheng", "192.0.2.9", kStart + Duration::seconds(5)));
  EXPECT_TRUE(limiter.allows("lin", "192.0.2.9", kStart + Duration::seconds(300)))
      << "the first is out of the window";
}

TEST(WrongPasswords, FiveForOneAddressWithManyLogins) {
  WrongPasswordLimiter limiter;
  for (int i = 0; i < 5; ++i)
    limiter.record_wrong("login" + std::to_string(i), "192.0.2.9", kStart);
  EXPECT_FALSE(limiter.allows("another", "192.0.2.9", kStart));
  EXPECT_TRUE(limiter.allows("another", "192.0.2.8", kStart));
}

TEST(WrongPasswords, AnIpv6AddressCountsByItsNetwork) {
  WrongPasswordLimiter limiter;
  for (int i = 0; i < 5; ++i)
    limiter.record_wrong("l" + std::to_string(i), "2001:db8:1:2::" + std::to_string(i), kStart);
  EXPECT_FALSE(limiter.allows("x", "2001:db8:1:2:ffff::1", kStart));
  EXPECT_TRUE(limiter.allows("x", "2001:db8:1:3::1", kStart));
}

TEST(WrongPasswords, ARightOneForgivesTheLoginNotTheAddress) {
  WrongPasswordLimiter limiter;
  for (int i = 0; i < 5; ++i) limiter.record_wrong("lin", "192.0.2.9", kStart);
  limiter.record_right("lin");
  EXPECT_TRUE(limiter.allows("lin", "192.0.2.8", kStart));
  EXPECT_FALSE(limiter.allows("lin", "192.0.2.9", kStart));
}

TEST(WrongPasswords, MemoryIsBoundedUnderAFlood) {
  WrongPasswordLimiter limiter;
  for (int i = 0; i < 30'000; ++i)
    limiter.record_wrong(std::string(1'000, 'x') + std::to_string(i), "192.0.2.1", kStart);
  EXPECT_LE(limiter.remembered(), kMaxRememberedKeys);
  for (int i = 0; i < 30'000; ++i)
    limiter.record_wrong("u" + std::to_string(i), "192.0.2.1", kStart);
  EXPECT_EQ(limiter.remembered(), kMaxRememberedKeys);
  EXPECT_FALSE(limiter.allows("new", "192.0.2.1", kStart))
      << "the address that floods stays remembered";
}

}  // namespace
}  // namespace signaling::auth

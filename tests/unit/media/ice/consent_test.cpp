#include "media/ice/consent.h"

#include <gtest/gtest.h>

#include <vector>

namespace media::ice {
namespace {

TEST(Consent, hurries_until_the_first_answer_and_takes_its_time_afterwards) {
  SplitMix64 rng(2);
  Consent consent;
  Instant now = Instant::from_micros(5'000'000);
  EXPECT_EQ(consent.next_check(), Instant::never());
  consent.start(now);
  EXPECT_EQ(consent.next_check(), now);
  stun::TransactionId id{};
  Duration last = Duration::millis(50);
  for (int i = 0; i < 4; ++i) {
    id = consent.begin_check(now, rng);
    EXPECT_EQ(consent.next_check() - now, last * 2);
    last = consent.next_check() - now;
    now = consent.next_check();
  }
  EXPECT_TRUE(consent.on_answer(now, id, rng));
  EXPECT_TRUE(consent.is_confirmed());
  EXPECT_GE(consent.next_check() - now, Duration::seconds(4));
  EXPECT_EQ(consent.expiry() - now, kConsentExpiry);
}

TEST(Consent, takes_answers_to_the_last_four_checks_once_each) {
  SplitMix64 rng(3);
  Consent consent;
  const Instant now = Instant::from_micros(5'000'000);
  consent.start(now);
  std::vector<stun::TransactionId> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(consent.begin_check(now, rng));
  EXPECT_FALSE(consent.on_answer(now, ids[0], rng));
  EXPECT_FALSE(consent.on_answer(now, ids[1], rng));
  EXPECT_TRUE(consent.on_answer(now, ids[2], rng));
  EXPECT_FALSE(consent.on_answer(now, ids[2], rng));
  EXPECT_TRUE(consent.on_answer(now, ids[5], rng));
}

}  // namespace
}  // namespace media::ice

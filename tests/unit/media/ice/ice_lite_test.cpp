#include "media/ice/ice_lite.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ice_fixture.h"
#include "media/base/rng.h"

namespace media::ice {
namespace {

class Lite : public testing::Test {
 protected:
  IceLite::Handled receive(const Address& from, const Bytes& datagram) {
    reply_.assign(kMaxMessage, 0);
    const auto handled = agent_.on_datagram(now_, from, datagram, reply_);
    reply_.resize(handled.reply_size);
    return handled;
  }
  // All checks due now, by destination.
  std::vector<std::pair<Address, Bytes>> due() {
    std::vector<std::pair<Address, Bytes>> all;
    Bytes out(kMaxMessage);
    while (const auto transmit = agent_.poll(now_, out)) {
      all.emplace_back(
          transmit->to,
          Bytes(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(transmit->size)));
    }
    return all;
  }
  // Answers every check that is due, as a browser at those addresses would.
  void answer_due() {
    for (const auto& [to, request] : due()) receive(to, answer(request, at(1), peer_));
  }
  // Nominated, proven, in use.
  void use(const Address& address) {
    receive(address, check(peer_, own_, 1));
    answer_due();
    agent_.confirm_selected(now_);
  }

  SplitMix64 rng_{5};
  Instant now_ = Instant::from_micros(1'000'000);
  IceCredentials own_ = credentials("own");
  IceCredentials peer_ = credentials("peer");
  IceLite agent_{own_, peer_, rng_};
  Bytes reply_;
};

TEST_F(Lite, answers_an_authenticated_check_with_the_address_it_saw) {
  const auto handled = receive(at(7, 777), check(peer_, own_, 42));
  EXPECT_FALSE(handled.drop);
  const auto view = stun::MessageView::parse(reply_);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->message_class(), stun::Class::Success);
  EXPECT_EQ(view->transaction_id(), stun::TransactionId{42});
  EXPECT_EQ(view->xor_mapped_address(), at(7, 777));
  EXPECT_TRUE(view->verify_integrity(hmac_sha1, as_bytes(own_.password)));
}

TEST_F(Lite, never_answers_with_more_than_it_got) {
  const Bytes request = check(peer_, own_, 1);
  receive(at(7), request);
  EXPECT_LE(reply_.size(), request.size());
  // A short ufrag and nothing optional: an IPv6 answer would be longer than this request.
  Bytes small(kMaxMessage);
  IceLite terse({"a", own_.password}, {"b", peer_.password}, rng_);
  stun::MessageBuilder builder(small, stun::Class::Request, stun::TransactionId{});
  builder.username("a:b");
  small.resize(builder.finish(hmac_sha1, as_bytes(own_.password)));
  Bytes out(kMaxMessage);
  const auto handled = terse.on_datagram(now_, *Address::parse("2001:db8::1", 1), small, out);
  EXPECT_LE(handled.reply_size, small.size());
}

TEST_F(Lite, is_silent_to_wrong_names_and_passwords_and_learns_nothing_from_them) {
  const IceCredentials stranger = credentials("stranger");
  IceCredentials guess = own_;
  guess.password[5] = '?';
  EXPECT_EQ(receive(at(7), check(stranger, own_, 1)).drop, Drop::UnknownUfrag);
  EXPECT_EQ(receive(at(7), check(peer_, stranger, 1)).drop, Drop::UnknownUfrag);
  EXPECT_EQ(receive(at(7), check(peer_, guess, 1)).drop, Drop::StunIntegrity);
  Bytes cut = check(peer_, own_, 1);
  cut.resize(cut.size() - 9);
  EXPECT_EQ(receive(at(7), cut).drop, Drop::StunMalformed);
  EXPECT_EQ(receive(at(7), check(peer_, own_, 1, {.controlled = true})).drop,
            Drop::StunUnsupported);
  EXPECT_TRUE(reply_.empty());
  EXPECT_TRUE(agent_.known_addresses().empty());
  EXPECT_EQ(agent_.selected(), nullptr);
}

TEST_F(Lite, accepts_none_of_many_random_guesses) {
  for (int i = 0; i < 20000; ++i) {
    IceCredentials guess = own_;
    for (char& c : guess.password) c = static_cast<char>('a' + rng_.below(26));
    ASSERT_TRUE(receive(at(7), check(peer_, guess, 1)).drop);
  }
  EXPECT_TRUE(agent_.known_addresses().empty());
}

TEST_F(Lite, selects_what_the_peer_nominates_only) {
  receive(at(7), check(peer_, own_, 1, {.nominate = false}));
  EXPECT_EQ(agent_.selected(), nullptr);
  receive(at(8), check(peer_, own_, 2));
  ASSERT_NE(agent_.selected(), nullptr);
  EXPECT_EQ(*agent_.selected(), at(8));
}

TEST_F(Lite, checks_a_nominated_address_at_once_and_believes_only_its_own_answer) {
  receive(at(7), check(peer_, own_, 1));
  EXPECT_FALSE(agent_.is_confirmed());
  const auto sent = due();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].first, at(7));
  IceCredentials guess = peer_;
  guess.password = "another-password-entirely";
  EXPECT_EQ(receive(at(7), answer(sent[0].second, at(1), guess)).drop, Drop::StunIntegrity);
  EXPECT_EQ(receive(at(8), answer(sent[0].second, at(1), peer_)).drop, Drop::UnknownAddress);
  EXPECT_FALSE(agent_.is_confirmed());
  now_ += Duration::millis(30);
  EXPECT_FALSE(receive(at(7), answer(sent[0].second, at(1), peer_)).drop);
  EXPECT_TRUE(agent_.is_confirmed());
  EXPECT_EQ(agent_.rtt(), Duration::millis(30));
  EXPECT_TRUE(receive(at(7), answer(sent[0].second, at(1), peer_)).drop) << "an answer counts once";
}

TEST_F(Lite, an_unproven_address_gets_at_most_three_times_what_it_sent) {
  const Bytes request = check(peer_, own_, 1);
  receive(at(7), request);
  size_t sent = reply_.size();
  for (int i = 0; i < 300; ++i) {
    for (const auto& [to, bytes] : due()) sent += bytes.size();
    if (agent_.spend(60)) sent += 60;
    now_ += Duration::millis(100);
  }
  EXPECT_LE(sent, 3 * request.size());
  EXPECT_FALSE(agent_.spend(60));
}

TEST_F(Lite, a_proven_address_may_get_anything) {
  use(at(7));
  EXPECT_TRUE(agent_.spend(1'000'000));
}

TEST_F(Lite, repeats_consent_checks_every_four_to_six_seconds) {
  use(at(7));
  Instant last = now_;
  for (int i = 0; i < 50; ++i) {
    now_ = agent_.next_timeout();
    const auto sent = due();
    ASSERT_EQ(sent.size(), 1u);
    if (i > 0) {
      EXPECT_GE(now_ - last, Duration::seconds(4));
      EXPECT_LE(now_ - last, Duration::seconds(6));
    }
    last = now_;
    receive(at(7), answer(sent[0].second, at(1), peer_));
  }
  EXPECT_FALSE(agent_.is_expired(now_));
}

TEST_F(Lite, consent_ends_after_30_seconds_even_when_the_peer_keeps_asking) {
  use(at(7));
  const Instant start = now_;
  while (now_ - start < Duration::seconds(29)) {
    now_ += Duration::seconds(1);
    receive(at(7), check(peer_, own_, 1));
    due();
  }
  EXPECT_FALSE(agent_.is_expired(now_));
  now_ += Duration::seconds(2);
  EXPECT_TRUE(agent_.is_expired(now_));
}

TEST_F(Lite, moves_to_a_new_address_only_when_that_has_answered) {
  use(at(7));
  receive(at(9), check(peer_, own_, 2));
  EXPECT_EQ(*agent_.selected(), at(7));
  answer_due();
  EXPECT_EQ(*agent_.selected(), at(9));
  EXPECT_TRUE(agent_.is_confirmed());
}

TEST_F(Lite, a_replayed_nomination_from_elsewhere_moves_nothing) {
  const Bytes captured = check(peer_, own_, 1);
  use(at(7));
  for (int i = 0; i < 20; ++i) {
    receive(at(66), captured);
    due();
    now_ += Duration::millis(300);
    agent_.on_traffic(now_, at(7), 100);
  }
  EXPECT_EQ(*agent_.selected(), at(7));
}

TEST_F(Lite, a_lesser_pair_wins_only_when_the_present_one_is_quiet) {
  receive(at(7), check(peer_, own_, 1, {.priority = 2000}));
  answer_due();
  agent_.confirm_selected(now_);
  receive(at(9), check(peer_, own_, 2, {.priority = 1000}));
  answer_due();
  EXPECT_EQ(*agent_.selected(), at(7));
  now_ += kSilentTuple + Duration::millis(1);
  receive(at(9), check(peer_, own_, 3, {.priority = 1000}));
  answer_due();
  EXPECT_EQ(*agent_.selected(), at(9));
}

TEST_F(Lite, before_the_handshake_the_peers_choice_among_proven_addresses_counts) {
  receive(at(7), check(peer_, own_, 1, {.priority = 2000}));
  receive(at(9), check(peer_, own_, 2, {.priority = 1000}));
  EXPECT_FALSE(agent_.prefer(at(9))) << "not proven yet";
  answer_due();
  EXPECT_TRUE(agent_.prefer(at(9)));
  EXPECT_EQ(*agent_.selected(), at(9));
  agent_.confirm_selected(now_);
  EXPECT_FALSE(agent_.prefer(at(7))) << "from now on nominations alone count";
}

TEST_F(Lite, an_address_that_was_never_nominated_may_be_preferred_once_it_is_proven) {
  receive(at(7), check(peer_, own_, 1, {.nominate = false}));
  EXPECT_FALSE(agent_.prefer(at(7)));
  answer_due();
  EXPECT_TRUE(agent_.prefer(at(7)));
  EXPECT_TRUE(agent_.is_confirmed());
  EXPECT_FALSE(agent_.prefer(at(8)));
}

TEST_F(Lite, knows_at_most_eight_addresses_and_keeps_the_one_in_use) {
  use(at(7));
  for (uint8_t host = 10; host < 60; ++host) {
    now_ += Duration::millis(1);
    receive(at(host), check(peer_, own_, host, {.nominate = false}));
  }
  EXPECT_EQ(agent_.known_addresses().size(), kMaxTuples);
  EXPECT_EQ(*agent_.selected(), at(7));
  EXPECT_TRUE(agent_.on_traffic(now_, at(7), 1));
  EXPECT_TRUE(agent_.on_traffic(now_, at(59), 1));
  EXPECT_FALSE(agent_.on_traffic(now_, at(10), 1));
}

TEST_F(Lite, forgets_addresses_that_were_never_chosen) {
  use(at(7));
  receive(at(8), check(peer_, own_, 2, {.nominate = false}));
  const Instant start = now_;
  while (now_ - start < Duration::seconds(40)) {
    now_ = agent_.next_timeout();
    answer_due();
  }
  ASSERT_EQ(agent_.known_addresses().size(), 1u);
  EXPECT_EQ(agent_.known_addresses()[0], at(7));
}

TEST_F(Lite, a_restart_keeps_the_old_credentials_until_the_new_ones_nominate) {
  use(at(7));
  const IceCredentials new_own = credentials("own2");
  const IceCredentials new_peer = credentials("peer2");
  agent_.restart(new_own, new_peer);
  EXPECT_FALSE(receive(at(7), check(peer_, own_, 1)).drop);
  EXPECT_FALSE(receive(at(7), check(new_peer, new_own, 2, {.nominate = false})).drop);
  EXPECT_EQ(agent_.local_ufrags().size(), 2u);
  EXPECT_EQ(receive(at(7), check(peer_, new_own, 3)).drop, Drop::UnknownUfrag)
      << "halves of different starts";
  receive(at(7), check(new_peer, new_own, 4));
  ASSERT_EQ(agent_.local_ufrags().size(), 1u);
  EXPECT_EQ(agent_.local_ufrags()[0], new_own.ufrag);
  EXPECT_EQ(receive(at(7), check(peer_, own_, 5)).drop, Drop::UnknownUfrag) << "the old ones died";
}

TEST_F(Lite, a_second_restart_replaces_one_that_came_to_nothing) {
  use(at(7));
  agent_.restart(credentials("lost"), credentials("peer2"));
  agent_.restart(credentials("own3"), credentials("peer3"));
  ASSERT_EQ(agent_.local_ufrags().size(), 2u);
  EXPECT_EQ(agent_.local_ufrags()[0], own_.ufrag);
  EXPECT_EQ(agent_.local_ufrags()[1], "ufrag-own3");
}

}  // namespace
}  // namespace media::ice

#include "media/ice/ice_controlling.h"

#include <gtest/gtest.h>

#include "ice_fixture.h"
#include "media/base/rng.h"

namespace media::ice {
namespace {

class Controlling : public testing::Test {
 protected:
  Bytes due() {
    Bytes out(kMaxMessage);
    const auto transmit = agent_.poll(now_, out);
    out.resize(transmit ? transmit->size : 0);
    return out;
  }
  std::optional<Drop> receive(const Address& from, const Bytes& datagram) {
    reply_.assign(kMaxMessage, 0);
    const auto handled = agent_.on_datagram(now_, from, datagram, reply_);
    reply_.resize(handled.reply_size);
    return handled.drop;
  }

  SplitMix64 rng_{6};
  Instant now_ = Instant::from_micros(1'000'000);
  IceCredentials own_ = credentials("own");
  IceCredentials server_ = credentials("server");
  IceControlling agent_{own_, server_, at(1), rng_};
  Bytes reply_;
};

TEST_F(Controlling, nominates_with_its_first_check) {
  EXPECT_EQ(agent_.next_timeout(), Instant::never());
  agent_.start(now_);
  const Bytes request = due();
  const auto view = stun::MessageView::parse(request);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->use_candidate());
  EXPECT_TRUE(view->ice_controlling());
  EXPECT_EQ(view->username(), server_.ufrag + ":" + own_.ufrag);
  EXPECT_TRUE(view->verify_integrity(hmac_sha1, as_bytes(server_.password)));
}

TEST_F(Controlling, repeats_a_lost_check_soon_and_connects_by_the_answer) {
  agent_.start(now_);
  due();
  EXPECT_LE(agent_.next_timeout() - now_, Duration::millis(100));
  now_ = agent_.next_timeout();
  const Bytes second = due();
  ASSERT_FALSE(second.empty());
  EXPECT_FALSE(agent_.is_connected());
  EXPECT_FALSE(receive(at(1), answer(second, at(2), server_)));
  EXPECT_TRUE(agent_.is_connected());
  EXPECT_GE(agent_.next_timeout() - now_, Duration::seconds(4));
}

TEST_F(Controlling, believes_no_answer_of_another_address_or_password) {
  agent_.start(now_);
  const Bytes request = due();
  EXPECT_EQ(receive(at(3), answer(request, at(2), server_)), Drop::UnknownAddress);
  EXPECT_EQ(receive(at(1), answer(request, at(2), own_)), Drop::StunIntegrity);
  EXPECT_FALSE(agent_.is_connected());
}

TEST_F(Controlling, answers_the_servers_consent_checks) {
  agent_.start(now_);
  EXPECT_FALSE(receive(at(1), check(server_, own_, 9, {.controlled = true})));
  const auto view = stun::MessageView::parse(reply_);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->verify_integrity(hmac_sha1, as_bytes(own_.password)));
  EXPECT_EQ(receive(at(1), check(own_, server_, 9)), Drop::UnknownUfrag);
}

TEST_F(Controlling, gives_up_after_30_seconds_without_an_answer) {
  agent_.start(now_);
  EXPECT_FALSE(agent_.is_expired(now_ + Duration::seconds(29)));
  EXPECT_TRUE(agent_.is_expired(now_ + Duration::seconds(30)));
}

}  // namespace
}  // namespace media::ice

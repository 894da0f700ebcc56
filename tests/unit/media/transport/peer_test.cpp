#include "media/transport/peer.h"

#include <gtest/gtest.h>

#include "media/ice/binding.h"
#include "media/ice/hmac.h"
#include "media/ice/ice_lite.h"
#include "media/stun/message.h"
#include "wire.h"

namespace media::transport {
namespace {

using State = Peer::State;

uint64_t total(const DropCounters& drops) {
  uint64_t sum = 0;
  for (const uint64_t n : drops.counts) sum += n;
  return sum;
}

// AES-GCM or AES-CM; and who starts DTLS.
class BothProfiles : public testing::TestWithParam<std::tuple<bool, bool>> {
 protected:
  static Wire make() {
    Wire::Options options;
    options.aes_cm_only = std::get<0>(GetParam());
    options.dtls_reversed = std::get<1>(GetParam());
    return Wire(options);
  }
};

TEST_P(BothProfiles, connects_and_carries_media_both_ways) {
  Wire wire = make();
  wire.connect();
  ASSERT_EQ(wire.server->state(), State::Connected);
  ASSERT_EQ(wire.client->state(), State::Connected);
  ASSERT_TRUE(wire.server->can_send());
  EXPECT_EQ(wire.server->remote(), wire.client_address);
  Bytes up = wire.seal(*wire.client, 1);
  const auto at_server = wire.server->on_datagram(wire.now, wire.client_address, up,
                                                  wire.from_server, wire.server_drops);
  EXPECT_EQ(at_server.kind, Peer::Kind::Rtp);
  ASSERT_EQ(at_server.plain.size(), 100u);
  EXPECT_EQ(at_server.plain[50], 0x5a);
  Bytes down = wire.seal(*wire.server, 1);
  EXPECT_EQ(
      wire.client
          ->on_datagram(wire.now, wire.server_address, down, wire.from_client, wire.client_drops)
          .kind,
      Peer::Kind::Rtp);
  EXPECT_EQ(total(wire.server_drops) + total(wire.client_drops), 0u);
}

TEST_P(BothProfiles, carries_reports_both_ways) {
  Wire wire = make();
  wire.connect();
  for (Peer* from : {&*wire.client, &*wire.server}) {
    Bytes slot(32 + kSealOverhead);
    slot[0] = 0x80;
    slot[1] = 201;
    slot[3] = 7;
    slot.resize(from->seal_rtcp(slot, 32));
    Peer& to = from == &*wire.client ? *wire.server : *wire.client;
    const Address source = from == &*wire.client ? wire.client_address : wire.server_address;
    const auto inbound =
        to.on_datagram(wire.now, source, slot, wire.from_server, wire.server_drops);
    EXPECT_EQ(inbound.kind, Peer::Kind::Rtcp);
    EXPECT_EQ(inbound.plain.size(), 32u);
  }
}

INSTANTIATE_TEST_SUITE_P(All, BothProfiles, testing::Combine(testing::Bool(), testing::Bool()),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param) ? "AesCmSha1" : "AesGcm") +
                                  (std::get<1>(test.param) ? "ServerStarts" : "ClientStarts");
                         });

// RFC 8842 section 5: of a peer that offered to be the DTLS server.
TEST(Peer, sends_its_client_hello_only_to_an_address_that_was_proven) {
  Wire::Options options;
  options.dtls_reversed = true;
  Wire wire(options);
  bool client_spoke = false;
  bool hello_before_check = false;
  wire.lose = [&](bool from_client, const Bytes& bytes) {
    if (from_client) client_spoke = true;
    hello_before_check = hello_before_check || (!from_client && bytes[0] == 22 && !client_spoke);
    EXPECT_FALSE(from_client && bytes[0] == 22 && bytes.size() > 13 && bytes[13] == 1)
        << "the client waits for ours";
    return false;
  };
  wire.server->on_timeout(wire.now, wire.from_server);
  EXPECT_TRUE(wire.from_server.sent.empty());
  wire.connect();
  EXPECT_EQ(wire.server->state(), State::Connected);
  EXPECT_EQ(wire.client->state(), State::Connected);
  EXPECT_TRUE(wire.server->can_send());
  EXPECT_FALSE(hello_before_check);
}

TEST(Peer, checks_the_fingerprint_of_a_dtls_server_too) {
  Wire::Options options;
  options.dtls_reversed = true;
  options.client_certificate = 2;
  Wire wire(options);
  wire.connect();
  EXPECT_EQ(wire.server->state(), State::Failed);
  EXPECT_EQ(wire.seal(*wire.server, 1).size(), 0u);
}

class ThroughLoss : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Starts, ThroughLoss, testing::Bool(),
                         [](const auto& test) { return test.param ? "Server" : "Client"; });

TEST_P(ThroughLoss, a_peer_connects_within_ten_seconds) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Wire::Options options;
    options.dtls_reversed = GetParam();
    Wire wire(options);
    SplitMix64 dice(seed);
    wire.lose = [&dice](bool, const Bytes&) { return dice.below(100) < 25; };
    wire.connect();
    wire.pass(Duration::seconds(8));
    EXPECT_EQ(wire.server->state(), State::Connected);
    EXPECT_EQ(wire.client->state(), State::Connected);
  }
}

TEST(Peer, repeats_its_last_flight_when_that_was_lost) {
  Wire wire;
  int finals = 0;
  // The server's last flight starts with ChangeCipherSpec (20).
  wire.lose = [&finals](bool from_client, const Bytes& bytes) {
    return !from_client && bytes[0] == 20 && ++finals <= 2;
  };
  wire.connect();
  EXPECT_EQ(wire.client->state(), State::Connected);
  EXPECT_GE(finals, 3);
}

TEST(Peer, exports_no_keys_to_a_certificate_with_another_fingerprint) {
  Wire::Options options;
  options.client_certificate = 2;
  Wire wire(options);
  wire.connect();
  EXPECT_EQ(wire.server->state(), State::Failed);
  EXPECT_FALSE(wire.server->can_send());
  EXPECT_EQ(wire.seal(*wire.server, 1).size(), 0u);
  EXPECT_NE(wire.client->state(), State::Connected);
}

TEST(Peer, answers_no_dtls_before_an_authenticated_check) {
  Wire donor;
  Bytes hello;
  donor.lose = [&hello](bool from_client, const Bytes& bytes) {
    if (from_client && bytes[0] == 22 && hello.empty()) hello = bytes;
    return false;
  };
  donor.connect();
  ASSERT_FALSE(hello.empty());
  Wire wire;
  wire.server->on_datagram(wire.now, at(66, 1), hello, wire.from_server, wire.server_drops);
  EXPECT_TRUE(wire.from_server.sent.empty());
  EXPECT_EQ(wire.server_drops.of(Drop::DtlsUnexpected), 1u);
  wire.connect();
  EXPECT_EQ(wire.server->state(), State::Connected);
}

Bytes unnominated_check(const Wire& wire) {
  Bytes check(ice::kMaxMessage);
  stun::MessageBuilder builder(check, stun::Class::Request, stun::TransactionId{1});
  builder.username(wire.server_side.ufrag + ":" + wire.client_side.ufrag)
      .priority(1)
      .ice_controlling(1);
  check.resize(builder.finish(ice::hmac_sha1, ice::as_bytes(wire.server_side.password)));
  return check;
}

// Chrome nominates towards a lite server only after its first answer, and starts DTLS at the same
// moment.
TEST(Peer, lets_a_client_hello_wait_for_the_proof_of_its_address) {
  Wire donor;
  Bytes hello;
  donor.lose = [&hello](bool from_client, const Bytes& bytes) {
    if (from_client && bytes[0] == 22 && hello.empty()) hello = bytes;
    return false;
  };
  donor.connect();
  Wire wire;
  Bytes check = unnominated_check(wire);
  wire.server->on_datagram(wire.now, wire.client_address, check, wire.from_server,
                           wire.server_drops);
  ASSERT_EQ(wire.from_server.sent.size(), 2u) << "its own check, then the answer";
  const Bytes own_check = wire.from_server.sent.front().second;
  wire.from_server.sent.clear();
  wire.server->on_datagram(wire.now, wire.client_address, hello, wire.from_server,
                           wire.server_drops);
  EXPECT_TRUE(wire.from_server.sent.empty());
  EXPECT_EQ(wire.server->state(), State::New);

  const auto view = stun::MessageView::parse(own_check);
  ASSERT_TRUE(view);
  Bytes proof(ice::kMaxMessage);
  proof.resize(
      ice::write_answer(proof, *view, own_check.size(), wire.server_address, wire.client_side));
  wire.server->on_datagram(wire.now, wire.client_address, proof, wire.from_server,
                           wire.server_drops);
  EXPECT_EQ(wire.server->state(), State::Handshaking);
  ASSERT_FALSE(wire.from_server.sent.empty());
  EXPECT_EQ(wire.from_server.sent.front().second[0], 22);
  EXPECT_EQ(total(wire.server_drops), 0u);
}

TEST(Peer, a_captured_check_opens_no_way_for_a_strangers_hello) {
  Wire donor;
  Bytes hello;
  donor.lose = [&hello](bool from_client, const Bytes& bytes) {
    if (from_client && bytes[0] == 22 && hello.empty()) hello = bytes;
    return false;
  };
  donor.connect();
  Wire wire;
  const Address stranger = at(66, 1);
  Bytes check = unnominated_check(wire);
  wire.server->on_datagram(wire.now, stranger, check, wire.from_server, wire.server_drops);
  wire.from_server.sent.clear();
  for (int i = 0; i < 20; ++i) {
    Bytes copy = hello;
    wire.server->on_datagram(wire.now, stranger, copy, wire.from_server, wire.server_drops);
  }
  EXPECT_TRUE(wire.from_server.sent.empty());
  EXPECT_EQ(wire.server->state(), State::New);
  wire.connect();
  EXPECT_EQ(wire.server->state(), State::Connected);
  EXPECT_EQ(wire.server->remote(), wire.client_address);
}

TEST(Peer, hellos_of_strangers_during_the_handshake_change_nothing) {
  Wire donor;
  Bytes hello;
  donor.lose = [&hello](bool from_client, const Bytes& bytes) {
    if (from_client && bytes[0] == 22 && hello.empty()) hello = bytes;
    return false;
  };
  donor.connect();
  Wire wire;
  wire.lose = [&](bool, const Bytes&) {
    Bytes copy = hello;
    wire.server->on_datagram(wire.now, at(66, 1), copy, wire.from_server, wire.server_drops);
    return false;
  };
  wire.connect();
  EXPECT_EQ(wire.server->state(), State::Connected);
  EXPECT_TRUE(wire.strays.empty());
}

TEST(Peer, noise_and_plain_alerts_with_a_forged_source_do_not_end_a_handshake) {
  Wire wire;
  SplitMix64 rng(5);
  const Bytes alert = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40};
  const Bytes broken_hello = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 14, 1,
                              0,  0,    2,    0, 0, 0, 0, 0, 0, 0, 2, 9, 9};
  wire.lose = [&](bool from_client, const Bytes& bytes) {
    if (!from_client || bytes[0] < 20 || bytes[0] > 63) return false;
    if (wire.server->state() == State::Connected) return false;
    Bytes copy = alert;
    wire.server->on_datagram(wire.now, wire.client_address, copy, wire.from_server,
                             wire.server_drops);
    if (wire.server->state() != State::Handshaking) {
      copy = broken_hello;
      wire.server->on_datagram(wire.now, wire.client_address, copy, wire.from_server,
                               wire.server_drops);
    }
    Bytes noise(40);
    rng.fill(noise);
    noise[0] = 22;
    wire.server->on_datagram(wire.now, wire.client_address, noise, wire.from_server,
                             wire.server_drops);
    return false;
  };
  wire.connect();
  EXPECT_EQ(wire.server->state(), State::Connected);
}

TEST(Peer, drops_media_of_unknown_addresses_before_decrypting) {
  Wire wire;
  wire.connect();
  const Bytes packet = wire.seal(*wire.client, 1);
  Bytes copy = packet;
  const auto inbound =
      wire.server->on_datagram(wire.now, at(66, 1), copy, wire.from_server, wire.server_drops);
  EXPECT_EQ(inbound.kind, Peer::Kind::Nothing);
  EXPECT_EQ(wire.server_drops.of(Drop::UnknownAddress), 1u);
  EXPECT_EQ(copy, packet) << "bytes were touched";
  EXPECT_EQ(
      wire.server
          ->on_datagram(wire.now, wire.client_address, copy, wire.from_server, wire.server_drops)
          .kind,
      Peer::Kind::Rtp);
}

TEST(Peer, follows_a_client_to_a_new_address_and_loses_no_keys) {
  Wire wire;
  wire.connect();
  wire.client_address = at(3, 6000);
  wire.client->check_now(wire.now);
  wire.client->on_timeout(wire.now, wire.from_client);
  wire.pass(Duration::millis(10));
  EXPECT_EQ(wire.server->remote(), at(3, 6000));
  Bytes packet = wire.seal(*wire.client, 1);
  EXPECT_EQ(
      wire.server->on_datagram(wire.now, at(3, 6000), packet, wire.from_server, wire.server_drops)
          .kind,
      Peer::Kind::Rtp);
}

TEST(Peer, sends_little_to_an_address_that_does_not_answer_and_keeps_the_old_one) {
  Wire wire;
  wire.connect();
  // The client's own check, but its source is somebody else, who stays silent.
  wire.client->check_now(wire.now);
  wire.client->on_timeout(wire.now, wire.from_client);
  ASSERT_EQ(wire.from_client.sent.size(), 1u);
  Bytes check = wire.from_client.sent.front().second;
  wire.from_client.sent.clear();
  const size_t received = check.size();
  const Address victim = at(77, 7);
  wire.server->on_datagram(wire.now, victim, check, wire.from_server, wire.server_drops);
  wire.pass(Duration::seconds(25));
  size_t sent = 0;
  for (const auto& [to, bytes] : wire.strays) {
    if (to == victim) sent += bytes.size();
  }
  EXPECT_GT(sent, 0u);
  EXPECT_LE(sent, 3 * received);
  EXPECT_EQ(wire.server->remote(), wire.client_address);
  EXPECT_TRUE(wire.server->can_send());
}

TEST(Peer, fails_30_seconds_after_consent_was_last_given) {
  Wire wire;
  wire.connect();
  wire.pass(Duration::seconds(120));
  EXPECT_EQ(wire.server->state(), State::Connected);
  wire.lose = [](bool, const Bytes&) { return true; };
  wire.pass(Duration::seconds(23));
  EXPECT_EQ(wire.server->state(), State::Connected);
  wire.pass(Duration::seconds(8));
  EXPECT_EQ(wire.server->state(), State::Failed);
  EXPECT_EQ(wire.server->next_timeout(), Instant::never());
}

TEST(Peer, gives_up_a_handshake_that_does_not_end) {
  Wire wire;
  wire.lose = [](bool from_client, const Bytes& bytes) {
    return from_client && bytes[0] >= 20 && bytes[0] < 64;
  };
  wire.connect();
  wire.pass(Duration::seconds(30));
  EXPECT_EQ(wire.server->state(), State::Failed);
  EXPECT_EQ(wire.client->state(), State::Failed);
}

TEST(Peer, accepts_old_and_new_credentials_until_the_new_ones_are_used) {
  Wire wire;
  wire.connect();
  const IceCredentials server_side = ice::make_credentials(wire.rng_);
  const IceCredentials client_side = ice::make_credentials(wire.rng_);
  wire.server->restart_ice(server_side, client_side);
  EXPECT_EQ(wire.server->local_ufrags().size(), 2u);
  wire.client->check_now(wire.now);
  wire.client->on_timeout(wire.now, wire.from_client);
  wire.pass(Duration::millis(10));
  EXPECT_EQ(wire.server->local_ufrags().size(), 2u) << "an old check is still good";
  wire.client->restart_ice(client_side, server_side);
  wire.client_address = at(9, 9);
  wire.pass(Duration::millis(10));
  ASSERT_EQ(wire.server->local_ufrags().size(), 1u);
  EXPECT_EQ(wire.server->local_ufrags()[0], server_side.ufrag);
  EXPECT_EQ(wire.server->remote(), at(9, 9));
  EXPECT_EQ(wire.server->state(), State::Connected);
}

TEST(Peer, tells_the_other_side_when_it_closes) {
  Wire wire;
  wire.connect();
  wire.client->close(wire.from_client);
  wire.deliver();
  EXPECT_EQ(wire.server->state(), State::Closed);
  EXPECT_FALSE(wire.server->can_send());
}

TEST(Peer, survives_thousands_of_bad_tags_and_replays) {
  Wire wire;
  wire.connect();
  const Bytes good = wire.seal(*wire.client, 100);
  for (int i = 0; i < 5000; ++i) {
    Bytes bad = good;
    bad[20] = static_cast<uint8_t>(bad[20] ^ 1);
    store_be16(bad.data() + 2, static_cast<uint16_t>(i));
    wire.server->on_datagram(wire.now, wire.client_address, bad, wire.from_server,
                             wire.server_drops);
  }
  EXPECT_EQ(wire.server_drops.of(Drop::SrtpAuth), 5000u);
  Bytes first = good;
  Bytes second = good;
  EXPECT_EQ(
      wire.server
          ->on_datagram(wire.now, wire.client_address, first, wire.from_server, wire.server_drops)
          .kind,
      Peer::Kind::Rtp);
  EXPECT_EQ(
      wire.server
          ->on_datagram(wire.now, wire.client_address, second, wire.from_server, wire.server_drops)
          .kind,
      Peer::Kind::Nothing);
  EXPECT_EQ(wire.server_drops.of(Drop::SrtpReplay), 1u);
  EXPECT_EQ(wire.server->state(), State::Connected);
}

TEST(Peer, measures_the_round_trip_of_its_own_checks) {
  Wire wire;
  wire.connect();
  wire.lose = [&wire](bool from_client, const Bytes&) {
    if (!from_client) wire.now += Duration::millis(40);
    return false;
  };
  wire.pass(Duration::seconds(200));
  EXPECT_GT(wire.server->rtt(), Duration::millis(30));
  EXPECT_LT(wire.server->rtt(), Duration::millis(100));
}

}  // namespace
}  // namespace media::transport

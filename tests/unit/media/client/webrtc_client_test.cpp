#include "media/client/webrtc_client.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

#include "media/dtls/certificate.h"
#include "media/ice/credentials.h"

namespace media::client {
namespace {

using Bytes = std::vector<uint8_t>;

class Queue final : public transport::DatagramSink {
 public:
  void send(const Address& to, ByteSpan datagram) override {
    sent.emplace_back(to, Bytes(datagram.begin(), datagram.end()));
  }
  std::vector<std::pair<Address, Bytes>> sent;
};

class Events final : public ClientEvents {
 public:
  void on_connected(Instant) override { ++connected; }
  void on_lost(Instant, transport::Peer::State why) override {
    ++lost;
    reason = why;
  }
  void on_rtp(Instant, ByteSpan packet) override { rtp.emplace_back(packet.begin(), packet.end()); }
  int connected = 0;
  int lost = 0;
  transport::Peer::State reason = transport::Peer::State::New;
  std::vector<Bytes> rtp;
};

class Client : public testing::Test {
 protected:
  Client() {
    transport::Peer::Params server;
    server.local = ice::make_credentials(rng_);
    server.remote = ice::make_credentials(rng_);
    server.remote_fingerprint = certificate_.fingerprint();
    WebRtcClient::Params params;
    params.local = server.remote;
    params.remote = server.local;
    params.remote_fingerprint = certificate_.fingerprint();
    params.candidate = server_address_;
    server_ = std::make_unique<transport::Peer>(server, certificate_, rng_);
    client_ = std::make_unique<WebRtcClient>(params, certificate_, rng_, events_);
  }

  void deliver() {
    while (!up_.sent.empty() || !down_.sent.empty()) {
      for (auto& [to, bytes] : std::exchange(up_.sent, {})) {
        const auto inbound = server_->on_datagram(now_, client_address_, bytes, down_, drops_);
        if (inbound.kind == transport::Peer::Kind::Rtp)
          received_.emplace_back(inbound.plain.begin(), inbound.plain.end());
      }
      for (auto& [to, bytes] : std::exchange(down_.sent, {}))
        client_->on_datagram(now_, server_address_, bytes, up_);
    }
  }
  void connect() {
    client_->start(now_, up_);
    deliver();
    ASSERT_TRUE(client_->connected());
  }
  static Bytes rtp(uint16_t sequence, size_t size = 100) {
    Bytes packet(size, 1);
    packet[0] = 0x80;
    packet[1] = 96;
    store_be16(packet.data() + 2, sequence);
    return packet;
  }

  SplitMix64 rng_{8};
  Instant now_ = Instant::from_micros(1'000'000);
  Address server_address_ = *Address::parse("192.0.2.1", 1000);
  Address client_address_ = *Address::parse("192.0.2.2", 2000);
  dtls::Certificate certificate_ = std::move(*dtls::Certificate::make());
  Events events_;
  Queue up_;
  Queue down_;
  DropCounters drops_;
  std::unique_ptr<transport::Peer> server_;
  std::unique_ptr<WebRtcClient> client_;
  std::vector<Bytes> received_;
};

TEST_F(Client, says_once_that_it_is_connected) {
  EXPECT_FALSE(client_->send_rtp(rtp(1), up_));
  connect();
  EXPECT_EQ(events_.connected, 1);
  EXPECT_EQ(server_->state(), transport::Peer::State::Connected);
}

TEST_F(Client, sends_across_the_wrap_and_again_from_before_it) {
  connect();
  const Bytes late = rtp(65533);
  constexpr std::array<uint16_t, 4> kSequences = {65530, 65535, 0, 5};
  for (const uint16_t sequence : kSequences) ASSERT_TRUE(client_->send_rtp(rtp(sequence), up_));
  ASSERT_TRUE(client_->send_rtp(late, up_));
  deliver();
  ASSERT_EQ(received_.size(), 5u);
  EXPECT_EQ(received_.back(), late);
}

TEST_F(Client, refuses_what_is_no_packet) {
  connect();
  EXPECT_FALSE(client_->send_rtp(Bytes(5, 0x80), up_));
  EXPECT_FALSE(client_->send_rtp(rtp(1, kMaxPlainPacket + 1), up_));
  EXPECT_FALSE(client_->send_rtcp(Bytes(4, 0x80), up_));
  EXPECT_TRUE(up_.sent.empty());
}

TEST_F(Client, says_once_that_the_server_is_gone) {
  connect();
  for (int i = 0; i < 60; ++i) {
    now_ += Duration::seconds(1);
    client_->on_timeout(now_, up_);
    up_.sent.clear();
  }
  EXPECT_EQ(events_.lost, 1);
  EXPECT_EQ(events_.reason, transport::Peer::State::Failed);
}

TEST_F(Client, keeps_its_keys_through_an_ice_restart) {
  connect();
  const IceCredentials own = ice::make_credentials(rng_);
  const IceCredentials theirs = ice::make_credentials(rng_);
  server_->restart_ice(theirs, own);
  client_address_ = *Address::parse("192.0.2.9", 9);
  client_->restart_ice(now_, own, theirs, up_);
  deliver();
  EXPECT_EQ(server_->remote(), client_address_);
  ASSERT_TRUE(client_->send_rtp(rtp(1), up_));
  deliver();
  EXPECT_EQ(received_.size(), 1u);
  EXPECT_EQ(events_.connected, 1);
}

}  // namespace
}  // namespace media::client

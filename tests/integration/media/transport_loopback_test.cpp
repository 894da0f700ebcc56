// Our client against transport::Peer over real UDP sockets on loopback: handshake, media, a client
// that moves, and strangers who inject.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "media/base/bytes.h"
#include "media/client/client_loop.h"
#include "media/dtls/certificate.h"
#include "media/ice/binding.h"
#include "media/ice/credentials.h"
#include "media/net/clock.h"
#include "media/net/os_rng.h"
#include "media/net/send_batch.h"
#include "media/net/udp_socket.h"
#include "media/transport/peer.h"

namespace media {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint32_t kUpSsrc = 11;
constexpr uint32_t kDownSsrc = 22;

Bytes make_rtp(uint32_t ssrc, uint16_t sequence, size_t size) {
  Bytes packet(size, static_cast<uint8_t>(sequence));
  packet[0] = 0x80;
  packet[1] = 96;
  store_be16(packet.data() + 2, sequence);
  store_be32(packet.data() + 8, ssrc);
  return packet;
}

// One socket with one peer behind it, as a worker would run it.
class Server final : public transport::DatagramSink {
 public:
  Server()
      : socket_(std::move(*net::UdpSocket::bind(*Address::parse("127.0.0.1", 0)))),
        batch_(socket_) {}

  void expect(const IceCredentials& local, const IceCredentials& remote,
              const Fingerprint& fingerprint) {
    transport::Peer::Params params;
    params.local = local;
    params.remote = remote;
    params.remote_fingerprint = fingerprint;
    peer_ = std::make_unique<transport::Peer>(params, certificate_, rng_);
  }

  void send(const Address& to, ByteSpan datagram) override {
    const MutableByteSpan slot = batch_.slot();
    std::ranges::copy(datagram, slot.begin());
    batch_.commit(to, datagram.size());
  }

  void step() {
    const Instant now = net::monotonic_now();
    for (const net::Received& r : received_.receive(socket_)) {
      const auto inbound = peer_->on_datagram(now, r.from, r.bytes, *this, drops);
      if (inbound.kind == transport::Peer::Kind::Rtp)
        rtp.emplace_back(inbound.plain.begin(), inbound.plain.end());
      if (inbound.kind == transport::Peer::Kind::Rtcp)
        rtcp.emplace_back(inbound.plain.begin(), inbound.plain.end());
    }
    if (peer_->next_timeout() <= now) peer_->on_timeout(now, *this);
    batch_.flush();
  }

  void send_rtp(int64_t index, size_t size) {
    const MutableByteSpan slot = batch_.slot();
    const Bytes packet = make_rtp(kDownSsrc, static_cast<uint16_t>(index), size);
    std::ranges::copy(packet, slot.begin());
    batch_.commit(peer_->remote(), peer_->seal_rtp(slot, 12, size, index));
  }

  void send_rtcp() {
    const MutableByteSpan slot = batch_.slot();
    Bytes report(8);
    report[0] = 0x80;
    report[1] = 201;
    report[3] = 1;
    std::ranges::copy(report, slot.begin());
    batch_.commit(peer_->remote(), peer_->seal_rtcp(slot, report.size()));
  }

  [[nodiscard]] transport::Peer& peer() { return *peer_; }
  [[nodiscard]] const Address& address() const { return socket_.local_address(); }
  [[nodiscard]] const Fingerprint& fingerprint() const { return certificate_.fingerprint(); }

  std::vector<Bytes> rtp;
  std::vector<Bytes> rtcp;
  DropCounters drops;

 private:
  dtls::Certificate certificate_ = std::move(*dtls::Certificate::make());
  net::OsRng rng_;
  net::UdpSocket socket_;
  net::SendBatch batch_;
  net::ReceiveBatch received_;
  std::unique_ptr<transport::Peer> peer_;
};

class Events final : public client::ClientEvents {
 public:
  void on_connected(Instant) override { ++connected; }
  void on_lost(Instant, transport::Peer::State) override { ++lost; }
  void on_rtp(Instant, ByteSpan packet) override { rtp.emplace_back(packet.begin(), packet.end()); }
  void on_rtcp(Instant, ByteSpan packet) override {
    rtcp.emplace_back(packet.begin(), packet.end());
  }

  int connected = 0;
  int lost = 0;
  std::vector<Bytes> rtp;
  std::vector<Bytes> rtcp;
};

class TransportLoopback : public testing::Test {
 protected:
  void SetUp() override {
    auto loop = client::ClientLoop::make();
    ASSERT_TRUE(loop) << loop.error().message;
    loop_ = std::move(*loop);
    server_side_ = ice::make_credentials(loop_->rng());
    client_side_ = ice::make_credentials(loop_->rng());
    server_.expect(server_side_, client_side_, loop_->certificate().fingerprint());
  }

  void start(bool aes_cm_only = false) {
    client::WebRtcClient::Params params;
    params.local = client_side_;
    params.remote = server_side_;
    params.remote_fingerprint = server_.fingerprint();
    params.candidate = server_.address();
    params.aes_cm_only = aes_cm_only;
    const auto id = loop_->add(params, events_);
    ASSERT_TRUE(id) << id.error().message;
    client_ = *id;
  }

  // Runs both sides until `done` or five seconds have passed.
  bool until(const std::function<bool()>& done) {
    const Instant end = net::monotonic_now() + Duration::seconds(5);
    for (Instant now = net::monotonic_now(); now < end;) {
      if (done()) return true;
      server_.step();
      now = loop_->run_once(now + Duration::micros(200));
    }
    return done();
  }

  bool connect(bool aes_cm_only = false) {
    start(aes_cm_only);
    return until([this] { return events_.connected == 1 && server_.peer().can_send(); });
  }

  // Lets everything that is on the way arrive: the server hears a marker sent last.
  void settle() {
    const size_t before = server_.rtp.size();
    const uint16_t marker = ++marker_;
    ASSERT_TRUE(loop_->send_rtp(client_, make_rtp(99, marker, 50)));
    ASSERT_TRUE(until([&] {
      return server_.rtp.size() > before && load_be32(server_.rtp.back().data() + 8) == 99;
    }));
  }

  Server server_;
  std::unique_ptr<client::ClientLoop> loop_;
  Events events_;
  IceCredentials server_side_;
  IceCredentials client_side_;
  client::ClientLoop::ClientId client_ = 0;
  uint16_t marker_ = 0;
};

class Profiles : public TransportLoopback, public testing::WithParamInterface<bool> {};

TEST_P(Profiles, carry_rtp_and_rtcp_both_ways) {
  ASSERT_TRUE(connect(GetParam()));
  for (uint16_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(
        loop_->send_rtp(client_, make_rtp(kUpSsrc, static_cast<uint16_t>(65500 + i), 200 + i)));
    server_.send_rtp(65500 + i, 1000);
  }
  ASSERT_TRUE(loop_->send_rtcp(client_, Bytes{0x80, 201, 0, 1, 0, 0, 0, kUpSsrc}));
  server_.send_rtcp();
  ASSERT_TRUE(until([this] {
    return server_.rtp.size() == 100 && events_.rtp.size() == 100 && server_.rtcp.size() == 1 &&
           events_.rtcp.size() == 1;
  }));
  for (uint16_t i = 0; i < 100; ++i) {
    const auto sequence = static_cast<uint16_t>(65500 + i);
    EXPECT_EQ(server_.rtp[i], make_rtp(kUpSsrc, sequence, size_t{200} + i));
    EXPECT_EQ(events_.rtp[i], make_rtp(kDownSsrc, sequence, 1000));
  }
}

INSTANTIATE_TEST_SUITE_P(Both, Profiles, testing::Bool(),
                         [](const auto& test) { return test.param ? "AesCmSha1" : "AesGcm"; });

TEST_F(TransportLoopback, follows_a_client_whose_port_changes) {
  ASSERT_TRUE(connect());
  const Address before = server_.peer().remote();
  ASSERT_TRUE(loop_->rebind(client_));
  ASSERT_TRUE(until([&] { return server_.peer().remote() != before; }));
  server_.send_rtp(1, 500);
  ASSERT_TRUE(loop_->send_rtp(client_, make_rtp(kUpSsrc, 1, 500)));
  EXPECT_TRUE(until([this] { return events_.rtp.size() == 1 && server_.rtp.size() == 1; }));
  EXPECT_EQ(events_.connected, 1) << "no second handshake";
}

TEST_F(TransportLoopback, drops_packets_that_a_third_socket_injects) {
  ASSERT_TRUE(connect());
  const auto stranger = net::UdpSocket::bind(*Address::parse("127.0.0.1", 0));
  ASSERT_TRUE(stranger);
  const Bytes packet = make_rtp(kUpSsrc, 5, 300);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(stranger->send(server_.address(), packet));
  ASSERT_TRUE(until([this] { return server_.drops.of(Drop::UnknownAddress) == 50; }));
  EXPECT_TRUE(server_.rtp.empty());
  EXPECT_NE(server_.peer().remote(), stranger->local_address());
  settle();
}

TEST_F(TransportLoopback, ignores_the_client_hello_of_a_stranger) {
  const auto stranger = net::UdpSocket::bind(*Address::parse("127.0.0.1", 0));
  ASSERT_TRUE(stranger);
  // A record of a handshake message; what it says does not matter, it must not even be looked at.
  const Bytes hello = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 12,
                       1,  0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0};
  start();
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(stranger->send(server_.address(), hello));
  ASSERT_TRUE(until(
      [this] { return events_.connected == 1 && server_.drops.of(Drop::DtlsUnexpected) == 200; }));
  net::ReceiveBatch batch;
  EXPECT_TRUE(batch.receive(*stranger).empty());
}

TEST_F(TransportLoopback, answers_no_forged_check) {
  ASSERT_TRUE(connect());
  const auto stranger = net::UdpSocket::bind(*Address::parse("127.0.0.1", 0));
  ASSERT_TRUE(stranger);
  IceCredentials guessed = server_side_;
  guessed.password = ice::make_credentials(loop_->rng()).password;
  IceCredentials foreign = ice::make_credentials(loop_->rng());
  Bytes check(256);
  for (int i = 0; i < 50; ++i) {
    stun::TransactionId id{};
    loop_->rng().fill(id);
    size_t size =
        ice::write_request(check, id, client_side_, guessed, ice::AgentRole::Controlling, 1);
    ASSERT_TRUE(stranger->send(server_.address(), ByteSpan(check).first(size)));
    size = ice::write_request(check, id, foreign, server_side_, ice::AgentRole::Controlling, 1);
    ASSERT_TRUE(stranger->send(server_.address(), ByteSpan(check).first(size)));
  }
  ASSERT_TRUE(until([this] {
    return server_.drops.of(Drop::StunIntegrity) == 50 &&
           server_.drops.of(Drop::UnknownUfrag) == 50;
  }));
  net::ReceiveBatch batch;
  EXPECT_TRUE(batch.receive(*stranger).empty());
  EXPECT_EQ(server_.peer().known_addresses().size(), 1u);
}

TEST_F(TransportLoopback, the_client_hears_that_the_server_closes) {
  ASSERT_TRUE(connect());
  server_.peer().close(server_);
  EXPECT_TRUE(until([this] { return events_.lost == 1; }));
}

}  // namespace
}  // namespace media

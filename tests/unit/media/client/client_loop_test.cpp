#include "media/client/client_loop.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "media/dtls/certificate.h"
#include "media/ice/credentials.h"
#include "media/net/clock.h"
#include "media/net/os_rng.h"
#include "media/net/udp_socket.h"
#include "media/stun/message.h"
#include "tests/support/sanitizers.h"

namespace media::client {
namespace {

// Many peers behind one socket, found by ufrag and then by address, as the engine does it.
class ManyPeers final : public transport::DatagramSink {
 public:
  void send(const Address& to, ByteSpan datagram) override {
    EXPECT_TRUE(socket_.send(to, datagram));
  }

  void add(const IceCredentials& local, const IceCredentials& remote,
           const Fingerprint& fingerprint) {
    transport::Peer::Params params;
    params.local = local;
    params.remote = remote;
    params.remote_fingerprint = fingerprint;
    peers_[local.ufrag] = std::make_unique<transport::Peer>(params, certificate_, rng_);
  }

  void step() {
    const Instant now = net::monotonic_now();
    for (const net::Received& r : batch_.receive(socket_)) {
      const std::string_view username = stun::peek_username(r.bytes);
      if (!username.empty())
        by_address_[r.from] = std::string(username.substr(0, username.find(':')));
      const auto peer = peers_.find(by_address_[r.from]);
      if (peer == peers_.end()) continue;
      const auto inbound = peer->second->on_datagram(now, r.from, r.bytes, *this, drops_);
      if (inbound.kind == transport::Peer::Kind::Rtp) ++received;
    }
    for (auto& [name, peer] : peers_) {
      if (peer->next_timeout() <= now) peer->on_timeout(now, *this);
    }
  }

  [[nodiscard]] const Address& address() const { return socket_.local_address(); }
  [[nodiscard]] const Fingerprint& fingerprint() const { return certificate_.fingerprint(); }
  [[nodiscard]] size_t closed() const {
    size_t n = 0;
    for (const auto& [name, peer] : peers_)
      n += peer->state() == transport::Peer::State::Closed ? size_t{1} : size_t{0};
    return n;
  }

  size_t received = 0;

 private:
  dtls::Certificate certificate_ = std::move(*dtls::Certificate::make());
  net::OsRng rng_;
  net::UdpSocket socket_ = std::move(*net::UdpSocket::bind(*Address::parse("127.0.0.1", 0)));
  net::ReceiveBatch batch_;
  std::map<std::string, std::unique_ptr<transport::Peer>> peers_;
  std::unordered_map<Address, std::string> by_address_;
  DropCounters drops_;
};

class Count final : public ClientEvents {
 public:
  explicit Count(size_t& total) : total_(total) {}
  void on_connected(Instant) override { ++total_; }

 private:
  size_t& total_;
};

// Both sides' handshakes share this one thread: where each takes ten times longer, 200 at once ask
// again before they are answered, and never end.
TEST(ClientLoop, RunsHundredsOfClientsOnOneThread) {
  constexpr size_t kClients = tests::kSanitized ? 40 : 200;
  ManyPeers server;
  auto loop = ClientLoop::make();
  ASSERT_TRUE(loop) << loop.error().message;
  size_t connected = 0;
  Count events(connected);
  std::vector<ClientLoop::ClientId> ids;
  for (size_t i = 0; i < kClients; ++i) {
    WebRtcClient::Params params;
    params.local = ice::make_credentials((*loop)->rng());
    params.remote = ice::make_credentials((*loop)->rng());
    params.remote_fingerprint = server.fingerprint();
    params.candidate = server.address();
    server.add(params.remote, params.local, (*loop)->certificate().fingerprint());
    const auto id = (*loop)->add(params, events);
    ASSERT_TRUE(id) << id.error().message;
    ids.push_back(*id);
  }
  const auto run = [&](auto done) {
    const Instant end = net::monotonic_now() + Duration::seconds(60);
    for (Instant now = net::monotonic_now(); now < end && !done();) {
      server.step();
      now = (*loop)->run_once(now + Duration::micros(500));
    }
    return done();
  };
  ASSERT_TRUE(run([&] { return connected == kClients; })) << connected;
  std::vector<uint8_t> packet(300);
  packet[0] = 0x80;
  packet[1] = 96;
  for (const auto id : ids) EXPECT_TRUE((*loop)->send_rtp(id, packet));
  EXPECT_TRUE(run([&] { return server.received == kClients; })) << server.received;
  for (const auto id : ids) (*loop)->remove(id);
  EXPECT_TRUE(run([&] { return server.closed() == kClients; })) << server.closed();
  EXPECT_EQ((*loop)->find(ids[0]), nullptr);
  EXPECT_FALSE((*loop)->send_rtp(ids[0], packet));
}

}  // namespace
}  // namespace media::client

#include "media/engine/handshake_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "media/dtls/certificate.h"
#include "media/engine/engine.h"
#include "media/ice/credentials.h"
#include "media/rtp/demux.h"

namespace media::engine {
namespace {

using Bytes = std::vector<uint8_t>;

const Address kServer = *Address::parse("192.0.2.1", 4000);

Address address_of(size_t client) {
  return *Address::parse("192.0.2.2", static_cast<uint16_t>(10'000 + client));
}

const dtls::Certificate& certificate(size_t index) {
  static const auto* const made = new std::array<dtls::Certificate, 2>{
      std::move(*dtls::Certificate::make()), std::move(*dtls::Certificate::make())};
  return (*made)[index];
}

// What the engine sends, by receiver.
class Letterbox {
 public:
  MutableByteSpan slot() { return slot_; }
  void commit(const Address& to, size_t size, Urgency /*urgency*/ = Urgency::Control) {
    letters[to].emplace_back(slot_.begin(), slot_.begin() + static_cast<std::ptrdiff_t>(size));
    if (rtp::protocol_of(letters[to].back()) == rtp::Protocol::Dtls) answered.insert(to);
  }
  std::map<Address, std::vector<Bytes>> letters;
  std::set<Address> answered;  // whom DTLS was sent to

 private:
  std::array<uint8_t, 2000> slot_{};
};

class Outbound final : public transport::DatagramSink {
 public:
  void send(const Address&, ByteSpan datagram) override {
    datagrams.emplace_back(datagram.begin(), datagram.end());
  }
  std::vector<Bytes> datagrams;
};

// Many clients that join in the same moment.
class Storm : public testing::Test {
 protected:
  void join(size_t count) {
    engine_.handle_command(now_, AddRoom{RoomId(1), now_});
    for (size_t i = 0; i < count; ++i) {
      const IceCredentials server = ice::make_credentials(rng_);
      const IceCredentials client = ice::make_credentials(rng_);
      AddPeer add;
      add.room = RoomId(1);
      add.peer = PeerId(static_cast<uint32_t>(i + 1));
      add.local = server;
      add.remote = client;
      add.remote_fingerprint = certificate(1).fingerprint();
      engine_.handle_command(now_, std::move(add));
      transport::Peer::Params params;
      params.local = client;
      params.remote = server;
      params.remote_fingerprint = certificate(0).fingerprint();
      params.role = transport::Peer::Params::Role::Client;
      params.candidate = kServer;
      clients_.push_back(std::make_unique<transport::Peer>(params, certificate(1), rng_));
      outbound_.emplace_back();
      clients_.back()->check_now(now_);
      clients_.back()->on_timeout(now_, outbound_.back());
    }
  }
  // Everything the clients have to say, as one batch, as far as the media are concerned.
  void batch() {
    for (size_t i = 0; i < clients_.size(); ++i) {
      for (Bytes& d : std::exchange(outbound_[i].datagrams, {}))
        engine_.handle_datagram(now_, address_of(i), d);
    }
    engine_.end_batch(now_);
    engine_.flush(now_, letterbox_);
  }
  void turn() {
    engine_.handle_timeout(now_);
    engine_.flush(now_, letterbox_);
  }
  void deliver() {
    for (size_t i = 0; i < clients_.size(); ++i) {
      for (Bytes& d : std::exchange(letterbox_.letters[address_of(i)], {}))
        clients_[i]->on_datagram(now_, kServer, d, outbound_[i], drops_);
    }
  }
  [[nodiscard]] size_t connected() const {
    return static_cast<size_t>(std::count_if(clients_.begin(), clients_.end(),
                                             [](const auto& c) { return c->can_send(); }));
  }

  Instant now_ = Instant::from_micros(1'000'000);
  SplitMix64 rng_{5};
  Engine engine_{certificate(0), rng_};
  Letterbox letterbox_;
  std::vector<std::unique_ptr<transport::Peer>> clients_;
  std::vector<Outbound> outbound_;
  DropCounters drops_;
};

TEST_F(Storm, handshakes_wait_for_the_media_and_take_turns) {
  constexpr size_t kClients = 40;
  join(kClients);
  // Checks of both sides; after that each client says hello.
  for (int i = 0; i < 3; ++i) {
    batch();
    deliver();
  }
  batch();
  EXPECT_TRUE(letterbox_.answered.empty()) << "a batch ends before any handshake is looked at";
  EXPECT_LE(engine_.next_timeout(), now_) << "and the handshakes' turn comes at once";
  for (size_t turns = 1; turns <= kClients / HandshakeQueue::kPerTurn; ++turns) {
    turn();
    EXPECT_EQ(letterbox_.answered.size(), turns * HandshakeQueue::kPerTurn);
  }
  for (int i = 0; i < 200 && connected() < kClients; ++i) {
    deliver();
    batch();
    while (engine_.next_timeout() <= now_) turn();
  }
  EXPECT_EQ(connected(), kClients);
  EXPECT_EQ(engine_.drops().of(Drop::HandshakeQueue), 0u);
}

TEST(HandshakeQueue, is_bounded_and_keeps_the_order) {
  HandshakeQueue queue;
  for (size_t i = 0; i < HandshakeQueue::kMaxWaiting; ++i) {
    const Bytes datagram = {static_cast<uint8_t>(i), static_cast<uint8_t>(i >> 8)};
    ASSERT_TRUE(queue.push(kServer, datagram));
  }
  EXPECT_FALSE(queue.push(kServer, Bytes{1}));
  for (size_t i = 0; i < HandshakeQueue::kMaxWaiting; ++i) {
    EXPECT_EQ(queue.take().datagram,
              (Bytes{static_cast<uint8_t>(i), static_cast<uint8_t>(i >> 8)}));
  }
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace media::engine

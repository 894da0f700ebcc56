// Sequences of datagrams into an engine with several sessions that come, go and restart: addresses
// change hands, checks are authenticated or not. Whatever comes: no crash, every session is found
// under its own name alone, and nothing goes to an address that no authenticated check came from.
//
// Input: steps of one byte kind and one byte argument; raw datagrams have two bytes of length and
// that many bytes after them.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "media/base/check.h"
#include "media/base/urgency.h"
#include "media/dtls/certificate.h"
#include "media/engine/engine.h"
#include "media/ice/credentials.h"
#include "media/ice/ice_controlling.h"
#include "media/ice/ice_lite.h"
#include "tests/support/sections.h"

namespace {

using namespace media;

constexpr uint32_t kPeers = 6;
constexpr uint8_t kAddresses = 8;
// A session's handshake flight is larger than the record that brings it about; see
// transport/peer_fuzz.cpp.
constexpr size_t kLargestAnswer = 8 * 1024;

const dtls::Certificate& certificate() {
  static const auto* const made = new dtls::Certificate(std::move(*dtls::Certificate::make()));
  return *made;
}

// Counts what would leave.
class CountingBatch {
 public:
  MutableByteSpan slot() { return slot_; }
  void commit(const Address& to, size_t size, Urgency /*urgency*/ = Urgency{}) {
    CHECK(size <= slot_.size());
    sent_to_.insert(to.to_string());
    total_ += size;
  }
  size_t take() { return std::exchange(total_, 0); }
  [[nodiscard]] const std::set<std::string>& sent_to() const { return sent_to_; }

 private:
  std::array<uint8_t, 2048> slot_{};
  std::set<std::string> sent_to_;
  size_t total_ = 0;
};

struct Client {
  IceCredentials server;
  IceCredentials own;
};

class Run {
 public:
  explicit Run(ByteSpan input) : input_(input), engine_(certificate(), rng_) {
    for (const uint32_t room : {1U, 2U})
      engine_.handle_command(now_, engine::AddRoom{RoomId(room), now_});
    for (uint32_t peer = 1; peer <= 3; ++peer) add(peer);
  }

  void all() {
    while (input_.ok() && input_.remaining() >= 2) {
      const uint8_t kind = input_.u8();
      step(kind % 8, input_.u8());
      check();
    }
    engine_.close_all(now_);
    engine_.flush(now_, batch_);
    CHECK(engine_.stats().sessions == 0);
  }

 private:
  static Address address(uint8_t index) {
    return *Address::parse("192.0.2." + std::to_string(1 + index % kAddresses), 1000);
  }
  static uint32_t peer_of(uint8_t argument) { return 1 + argument % kPeers; }

  void add(uint32_t peer) {
    Client& client = clients_[peer];
    client = {ice::make_credentials(rng_), ice::make_credentials(rng_)};
    engine::AddPeer command;
    command.room = RoomId(1 + peer % 2);
    command.peer = PeerId(peer);
    command.local = client.server;
    command.remote = client.own;
    command.extensions = tests::usual_extensions();
    command.published = {tests::microphone(10 * peer, "a"),
                         tests::camera(10 * peer + 1, "v", true)};
    command.slots = {tests::audio_slot(10 * peer + 2, "s", 0x7000 + peer * 16)};
    engine_.handle_command(now_, std::move(command));
  }

  void receive(const Address& from, std::vector<uint8_t> datagram) {
    engine_.handle_datagram(now_, from, datagram);
  }

  // An authenticated check of `peer` from any address, nominating.
  void nominate(uint32_t peer, const Address& from) {
    const auto client = clients_.find(peer);
    if (client == clients_.end()) return;
    ice::IceControlling agent(client->second.own, client->second.server, from, rng_);
    agent.start(now_);
    std::array<uint8_t, ice::kMaxMessage> buffer{};
    const auto check = agent.poll(now_, buffer);
    CHECK(check.has_value());
    receive(from, {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(check->size)});
    authenticated_.insert(from.to_string());
  }

  void step(uint8_t kind, uint8_t argument) {
    const Address from = address(argument >> 4);
    switch (kind) {
      case 0:
        add(peer_of(argument));
        return;
      case 1:
        engine_.handle_command(now_, engine::RemovePeer{PeerId(peer_of(argument))});
        return;
      case 2:
        return nominate(peer_of(argument & 15), from);
      case 3: {
        const auto client = clients_.find(peer_of(argument));
        if (client == clients_.end()) return;
        client->second = {ice::make_credentials(rng_), ice::make_credentials(rng_)};
        engine_.handle_command(now_, engine::RestartIce{PeerId(peer_of(argument)),
                                                        client->second.server, client->second.own});
        return;
      }
      case 4:
        now_ += Duration::millis(argument * 20);
        engine_.handle_timeout(now_);
        return;
      default: {
        const size_t size = std::min<size_t>(input_.u16() % 1500, input_.remaining());
        const ByteSpan bytes = input_.bytes(size);
        receive(from, {bytes.begin(), bytes.end()});
      }
    }
  }

  void check() {
    engine_.end_batch(now_);
    engine_.flush(now_, batch_);
    CHECK(batch_.take() <= kLargestAnswer * kPeers);
    for (const std::string& to : batch_.sent_to()) CHECK(authenticated_.contains(to));
    std::vector<engine::Event> events;
    engine_.take_events(events);
    for (const engine::Event& event : events)
      CHECK(!std::holds_alternative<engine::PeerConnected>(event));
    CHECK(engine_.stats().sessions <= kPeers);
  }

  ByteReader input_;
  SplitMix64 rng_{7};
  Instant now_ = Instant::from_micros(1'000'000);
  CountingBatch batch_;
  std::map<uint32_t, Client> clients_;
  std::set<std::string> authenticated_;
  engine::Engine engine_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 16 * 1024) return 0;
  Run(ByteSpan(data, size)).all();
  return 0;
}

// Datagrams from anybody, to a peer whose handshake has not begun, one that waits for DTLS, and one
// that is connected. Input: a mode byte, then datagrams, each after one byte of source and two of
// length.
#include <cstdint>
#include <optional>

#include "media/base/check.h"
#include "tests/unit/media/transport/wire.h"

namespace {

using media::Address;
using media::ByteReader;
using media::ByteSpan;
using media::transport::Bytes;
using media::transport::Peer;
using media::transport::Wire;

// One datagram costs at most this much in answers, whatever it says: the limit for addresses that
// are proven, since a handshake flight is larger than the record that completes the one before.
constexpr size_t kLargestAnswer = 8 * 1024;

void feed(Wire& wire, ByteReader& input) {
  while (input.ok() && input.remaining() > 3) {
    const uint8_t source = input.u8();
    const size_t size = std::min<size_t>(input.u16() % 1500, input.remaining());
    const ByteSpan bytes = input.bytes(size);
    Bytes datagram(bytes.begin(), bytes.end());
    const Address from = source % 2 == 0 ? wire.client_address : media::transport::at(source, 99);
    wire.server->on_datagram(wire.now, from, datagram, wire.from_server, wire.server_drops);
    size_t answered = 0;
    for (const auto& [to, answer] : wire.from_server.sent) answered += answer.size();
    CHECK(answered <= kLargestAnswer);
    CHECK(source % 2 == 0 || wire.from_server.sent.empty());
    wire.from_server.sent.clear();
    wire.now += media::Duration::millis(source);
    if (wire.server->next_timeout() <= wire.now)
      wire.server->on_timeout(wire.now, wire.from_server);
    wire.from_server.sent.clear();
    CHECK(wire.server->known_addresses().size() <= 8);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  ByteReader input(ByteSpan(data, size));
  const uint8_t mode = input.u8() % 3;
  if (mode == 0) {
    Wire wire;
    feed(wire, input);
    CHECK(wire.server->state() == Peer::State::New);
  } else if (mode == 1) {
    // Its address is checked, and the client's part of DTLS comes from the input.
    Wire wire;
    wire.lose = [](bool from_client, const Bytes& bytes) { return from_client && bytes[0] >= 20; };
    wire.client->check_now(wire.now);
    wire.client->on_timeout(wire.now, wire.from_client);
    wire.deliver();
    feed(wire, input);
    CHECK(wire.server->state() != Peer::State::Connected);
  } else {
    static std::optional<Wire> connected;
    if (!connected || connected->server->state() != Peer::State::Connected) {
      connected.emplace();
      connected->connect();
      CHECK(connected->server->state() == Peer::State::Connected);
    }
    // No input knows the keys, so that none may end the session before consent runs out by itself.
    const media::Instant start = connected->now;
    connected->pass(media::Duration::seconds(6));
    feed(*connected, input);
    CHECK(connected->server->state() == Peer::State::Connected ||
          connected->now - start > media::Duration::seconds(20));
  }
  return 0;
}

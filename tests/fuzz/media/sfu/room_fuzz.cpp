// Decrypted RTP and RTCP of one authenticated peer, as bytes of anyone's choice, into a room with
// others in it. Whatever comes: no crash, nothing of a closed track leaves, every outgoing packet
// is well formed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "media/base/check.h"
#include "media/rtcp/compound.h"
#include "media/rtp/packet_view.h"
#include "media/sfu/room_shard.h"
#include "tests/support/sections.h"

namespace {

using namespace media;

constexpr std::pair<uint8_t, Codec> kCodecs[] = {
    {98, Codec::Vp9}, {102, Codec::H264}, {45, Codec::Av1}};

struct Room {
  SplitMix64 rng{1};
  PacketPool pool{4096};
  sfu::Outbox outbox;
  sfu::RoomShard shard{RoomId(1), Instant::from_micros(1'000'000), pool, rng, outbox};
};

void check_outputs(Room& room, Instant now, TrackId closed) {
  std::vector<uint8_t> buffer(1460);
  for (const sfu::RtpOut& out : room.outbox.rtp) {
    const auto written = out.peer->write_rtp(now, out, buffer);
    if (written.size == 0) continue;
    CHECK(rtp::PacketView::parse(ByteSpan(buffer).first(written.size)).has_value());
    CHECK(out.departure.rewritten.sequence > 0);
  }
  for (const sfu::RtcpOut& out : room.outbox.rtcp) {
    rtcp::CompoundReader reader(room.outbox.bytes_of(out));
    while (reader.next()) {
    }
    CHECK(!reader.malformed());
  }
  for (const sfu::RecordOut& step : room.outbox.records) CHECK(step.track != closed);
  room.outbox.clear();
}

}  // namespace

// Input: chunks of one byte kind and flags, two bytes length, that many bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Room room;
  Instant now = Instant::from_micros(2'000'000);
  const auto closed = TrackId(13);
  sfu::Peer::Params attacker;
  attacker.peer = PeerId(1);
  attacker.extensions = tests::usual_extensions();
  attacker.extensions.dependency_descriptor = 12;
  attacker.published = {tests::camera(11, "v", true), tests::microphone(12, "a"),
                        tests::camera(13, "x", false)};
  attacker.slots = {tests::video_slot(1, "s1", 0x7001), tests::audio_slot(2, "s2", 0x7011)};
  sfu::Peer::Params watcher;
  watcher.peer = PeerId(2);
  watcher.extensions = tests::usual_extensions();
  watcher.slots = {tests::video_slot(3, "s3", 0x7101), tests::audio_slot(4, "s4", 0x7111),
                   tests::video_slot(5, "s5", 0x7121)};
  // Every codec that a room carries, by payload type.
  for (const auto& [type, codec] : kCodecs) {
    for (auto* codecs : {&attacker.published[0].codecs, &watcher.slots[0].codecs}) {
      codecs->push_back(tests::vp8_codec(type, static_cast<uint8_t>(type + 1)));
      codecs->back().codec = codec;
    }
  }
  sfu::Peer& from = room.shard.add_peer(now, attacker, 0);
  room.shard.add_peer(now, watcher, 1);
  for (const uint32_t id : {1U, 2U}) room.shard.set_connected(now, PeerId(id));
  room.shard.start_recording(now);
  room.shard.open_track(now, TrackId(11), true);
  room.shard.open_track(now, TrackId(12), true);
  room.shard.feed_slot(now, PeerId(2), SlotId(3), TrackId(11));
  room.shard.feed_slot(now, PeerId(2), SlotId(4), Loudest{});
  room.shard.feed_slot(now, PeerId(2), SlotId(5), closed);
  room.shard.feed_slot(now, PeerId(1), SlotId(1), TrackId(11));

  ByteReader reader(ByteSpan(data, size));
  while (reader.remaining() >= 3) {
    const uint8_t kind = reader.u8();
    const size_t length = std::min<size_t>(reader.u16() % 1500, reader.remaining());
    const ByteSpan bytes = reader.bytes(length);
    if ((kind & 1) != 0) {
      room.shard.on_rtcp(now, from, bytes);
    } else {
      room.shard.on_rtp(now, from, bytes);
    }
    if ((kind & 2) != 0) room.shard.forward(now);
    now += Duration::micros((kind >> 2) * 1000);
    if ((kind & 4) != 0) room.shard.on_tick(now);
    if ((kind & 0x80) != 0) room.shard.limit_slot(now, PeerId(2), SlotId(3), kind & 3);
    check_outputs(room, now, closed);
  }
  room.shard.forward(now);
  room.shard.on_tick(now);
  check_outputs(room, now, closed);
  return 0;
}

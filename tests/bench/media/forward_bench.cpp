// What forwarding itself costs, without cipher and system calls: one packet of a frame to one of N
// receivers, from the arrived bytes to the finished plain packet.
#include <benchmark/benchmark.h>

#include <vector>

#include "media/sfu/room_shard.h"
#include "tests/support/rtp_samples.h"
#include "tests/support/sections.h"

namespace {

using namespace media;

void forward_frame(benchmark::State& state) {
  const auto receivers = static_cast<uint32_t>(state.range(0));
  SplitMix64 rng(1);
  PacketPool pool;
  sfu::Outbox outbox;
  Instant now = Instant::from_micros(1'000'000);
  sfu::RoomShard room(RoomId(1), now, pool, rng, outbox);
  sfu::Peer::Params publisher;
  publisher.peer = PeerId(1);
  publisher.extensions = tests::usual_extensions();
  publisher.published = {tests::camera(11, "v", false)};
  sfu::Peer& from = room.add_peer(now, publisher, 0);
  room.set_connected(now, PeerId(1));
  room.open_track(now, TrackId(11), true);
  for (uint32_t i = 0; i < receivers; ++i) {
    sfu::Peer::Params watcher;
    watcher.peer = PeerId(2 + i);
    watcher.extensions = tests::usual_extensions();
    watcher.slots = {tests::video_slot(1, "s", 0x7000'0001)};
    room.add_peer(now, watcher, 1 + i);
    room.set_connected(now, watcher.peer);
    room.feed_slot(now, watcher.peer, SlotId(1), TrackId(11));
  }
  std::vector<uint8_t> buffer(1460);
  uint16_t sequence = 1;
  uint16_t picture = 0;
  uint32_t timestamp = 0;
  int64_t packets = 0;
  for (auto _ : state) {
    now += Duration::micros(33'333);
    timestamp += 3000;
    for (int i = 0; i < 6; ++i) {
      tests::Vp8Sample part;
      part.starts_frame = i == 0;
      part.key = picture == 0;
      part.picture_id = picture;
      part.size = 1050;
      tests::RtpSample sample;
      sample.payload_type = tests::kVp8Type;
      sample.marker = i == 5;
      sample.sequence = sequence++;
      sample.timestamp = timestamp;
      sample.payload = tests::vp8_payload(part);
      sample.extensions.mid = "v";
      const auto packet = tests::build(sample, tests::usual_extensions());
      room.on_rtp(now, from, packet);
    }
    picture = static_cast<uint16_t>((picture + 1) & 0x7FFF);
    room.forward(now);
    for (const sfu::RtpOut& out : outbox.rtp) {
      benchmark::DoNotOptimize(out.peer->write_rtp(now, out, buffer).size);
    }
    packets += static_cast<int64_t>(outbox.rtp.size());
    outbox.clear();
  }
  state.SetItemsProcessed(packets);
  state.counters["ns_per_packet"] =
      benchmark::Counter(static_cast<double>(packets) / 1e9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(forward_frame)->Arg(10)->Arg(50)->Arg(100)->Arg(200);

}  // namespace

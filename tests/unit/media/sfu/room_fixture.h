// A room with one publisher (voice, picture) and one watcher, fed by hand.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "media/rtcp/compound.h"
#include "media/sfu/feedback_router.h"
#include "media/sfu/room_shard.h"
#include "tests/support/rtp_samples.h"
#include "tests/support/sections.h"

namespace media::sfu {

class RoomFixture : public ::testing::Test {
 protected:
  static constexpr uint32_t kVideoSsrc = 0x7001;
  static constexpr uint32_t kAudioSsrc = 0x7011;

  RoomFixture() {
    Peer::Params publishing;
    publishing.peer = PeerId(1);
    publishing.extensions = tests::usual_extensions();
    publishing.published = {tests::camera(11, "v", false), tests::microphone(12, "a")};
    publisher = &room.add_peer(now, publishing, 0);
    Peer::Params watching;
    watching.peer = PeerId(2);
    watching.extensions = tests::usual_extensions();
    watching.slots = {tests::video_slot(1, "sv", kVideoSsrc),
                      tests::audio_slot(2, "sa", kAudioSsrc)};
    watcher = &room.add_peer(now, watching, 1);
    for (const uint32_t id : {1U, 2U}) room.set_connected(now, PeerId(id));
    room.open_track(now, TrackId(11), true);
    room.open_track(now, TrackId(12), true);
    room.feed_slot(now, PeerId(2), SlotId(1), TrackId(11));
    room.feed_slot(now, PeerId(2), SlotId(2), TrackId(12));
    outbox.clear();
  }
  void video(uint16_t sequence, bool key, bool marker = true) {
    tests::Vp8Sample vp8;
    vp8.key = key;
    vp8.picture_id = sequence;
    tests::RtpSample s;
    s.payload_type = tests::kVp8Type;
    s.marker = marker;
    s.sequence = sequence;
    s.timestamp = sequence * 3000U;
    s.ssrc = Ssrc(100);
    s.payload = tests::vp8_payload(vp8);
    s.extensions.mid = "v";
    give(s);
  }
  void voice(uint16_t sequence) {
    tests::RtpSample s;
    s.payload_type = tests::kOpusType;
    s.sequence = sequence;
    s.timestamp = sequence * 960U;
    s.ssrc = Ssrc(200);
    s.payload = tests::opus_payload(sequence);
    s.extensions.mid = "a";
    s.extensions.audio_level = rtp::AudioLevel{30, true};
    give(s);
  }
  void give(const tests::RtpSample& s) {
    room.on_rtp(now, *publisher, tests::build(s, tests::usual_extensions()));
    room.forward(now);
  }
  template <class Write>
  void rtcp_from(Peer& from, Write&& write) {
    tests::Bytes buffer(1000);
    ByteWriter writer{MutableByteSpan(buffer)};
    write(writer);
    route_feedback(now, room.session_time(now), from, writer.written(), outbox);
  }
  void nack(uint32_t ssrc, uint16_t sequence) {
    rtcp_from(*watcher, [&](ByteWriter& w) {
      rtcp::write_nack(w, Ssrc(1), Ssrc(ssrc), std::vector{sequence});
    });
  }
  template <class Block>
  [[nodiscard]] int rtcp_to(const Peer& peer) const {
    int n = 0;
    for (const RtcpOut& out : outbox.rtcp) {
      if (out.peer != &peer) continue;
      rtcp::CompoundReader reader(outbox.bytes_of(out));
      while (const auto block = reader.next()) n += std::holds_alternative<Block>(*block) ? 1 : 0;
    }
    return n;
  }
  SplitMix64 rng{7};
  PacketPool pool;
  Outbox outbox;
  Instant now = Instant::from_micros(10'000'000);
  RoomShard room{RoomId(1), Instant::from_micros(9'000'000), pool, rng, outbox};
  Peer* publisher = nullptr;
  Peer* watcher = nullptr;
};

}  // namespace media::sfu

// One publisher's pictures forwarded to N receivers without cipher and system calls: from the
// arrived bytes to the finished plain packets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "media/sfu/room_shard.h"
#include "tests/support/rtp_samples.h"
#include "tests/support/sections.h"

namespace tests {

class ForwardWork {
 public:
  static constexpr int kPacketsPerPicture = 6;

  explicit ForwardWork(uint32_t receivers) : room_(media::RoomId(1), now_, pool_, rng_, outbox_) {
    media::sfu::Peer::Params publisher;
    publisher.peer = media::PeerId(1);
    publisher.extensions = usual_extensions();
    publisher.published = {camera(11, "v", false)};
    from_ = &room_.add_peer(now_, publisher, 0);
    room_.set_connected(now_, media::PeerId(1));
    room_.open_track(now_, media::TrackId(11), true);
    for (uint32_t i = 0; i < receivers; ++i) {
      media::sfu::Peer::Params watcher;
      watcher.peer = media::PeerId(2 + i);
      watcher.extensions = usual_extensions();
      watcher.slots = {video_slot(1, "s", 0x7000'0001)};
      room_.add_peer(now_, watcher, 1 + i);
      room_.set_connected(now_, watcher.peer);
      room_.feed_slot(now_, watcher.peer, media::SlotId(1), media::TrackId(11));
    }
  }

  // Forwards one picture; returns how many packets went out. The bytes of the last written packet
  // are in buffer().
  size_t picture() {
    now_ += media::Duration::micros(33'333);
    timestamp_ += 3000;
    for (int i = 0; i < kPacketsPerPicture; ++i) room_.on_rtp(now_, *from_, packet(i));
    picture_ = static_cast<uint16_t>((picture_ + 1) & 0x7FFF);
    room_.forward(now_);
    for (const media::sfu::RtpOut& out : outbox_.rtp) out.peer->write_rtp(now_, out, buffer_);
    const size_t packets = outbox_.rtp.size();
    outbox_.clear();
    return packets;
  }
  [[nodiscard]] const std::vector<uint8_t>& buffer() const { return buffer_; }

 private:
  std::vector<uint8_t> packet(int i) {
    Vp8Sample part;
    part.starts_frame = i == 0;
    part.key = picture_ == 0;
    part.picture_id = picture_;
    part.size = 1050;
    RtpSample sample;
    sample.payload_type = kVp8Type;
    sample.marker = i + 1 == kPacketsPerPicture;
    sample.sequence = sequence_++;
    sample.timestamp = timestamp_;
    sample.payload = vp8_payload(part);
    sample.extensions.mid = "v";
    return build(sample, usual_extensions());
  }

  media::SplitMix64 rng_{1};
  media::PacketPool pool_;
  media::sfu::Outbox outbox_;
  media::Instant now_ = media::Instant::from_micros(1'000'000);
  media::sfu::RoomShard room_;
  media::sfu::Peer* from_ = nullptr;
  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(1460);
  uint16_t sequence_ = 1;
  uint16_t picture_ = 0;
  uint32_t timestamp_ = 0;
};

}  // namespace tests

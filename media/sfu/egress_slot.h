// One receive section of one peer: shows a track, repairs what the line lost, reports the sender's
// clock. Owner: sfu::Peer. Thread: one worker.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "media/base/model.h"
#include "media/send/packet_history.h"
#include "media/send/rtx.h"
#include "media/send/send_stream.h"
#include "media/sfu/follower.h"
#include "media/sfu/outbox.h"

namespace media::sfu {

class EgressSlot {
 public:
  EgressSlot(Peer& owner, const ReceiveSection& section, Rng& rng);
  EgressSlot(const EgressSlot&) = delete;
  EgressSlot& operator=(const EgressSlot&) = delete;

  // Shows `track` from its next key frame on; nullptr shows nothing.
  void show(Instant now, Duration session_now, IngressTrack* track);
  // One packet of the followed track.
  void offer(Instant now, Duration session_now, const IngressPacket& packet, Outbox& out);

  // The receiver asks for `sequence` again.
  void resend(Instant now, Duration rtt, uint16_t sequence, Outbox& out);
  // The receiver cannot go on without a key frame.
  void on_key_frame_request(Instant now, DropCounters& drops);
  // True once per request or start that should reach the publisher.
  bool take_key_frame_wish();
  // Tells the track which key frame is waited for; none for a receiver that could not decode it.
  void wish_key_frame();
  // Nothing of the shown track can be decoded here.
  [[nodiscard]] bool is_blind() const { return is_blind_; }
  // Once a second: says that what was refused can be decoded after all.
  void report_sight(Outbox& out);

  [[nodiscard]] const ReceiveSection& section() const { return section_; }
  [[nodiscard]] SlotId id() const { return section_.slot; }
  [[nodiscard]] Peer& owner() const { return owner_; }
  [[nodiscard]] Follower& follower() { return follower_; }
  [[nodiscard]] const Follower& follower() const { return follower_; }
  [[nodiscard]] send::SendStream& stream() { return stream_; }
  [[nodiscard]] const send::SendStream& stream() const { return stream_; }

  // As commanded; what is shown now is follower().track(), and the worker may allow less.
  SlotFeed feed;
  LayerLimit wanted;

  // Packets that carry the mid, so that a receiver that goes by it can bind the ssrc (RFC 9143
  // section 15).
  static constexpr uint32_t kMidPackets = 50;
  // 512 packets are 2 s of a 2-Mbit/s picture; sound needs fewer.
  static constexpr size_t kVideoHistory = 512;
  static constexpr size_t kAudioHistory = 128;
  // One receiver's own requests (its decoder lost its way), not counting joins.
  static constexpr int kKeyFrameRequests = 3;
  static constexpr Duration kKeyFrameWindow = Duration::seconds(10);

 private:
  const CodecParams* choose_codec(Codec codec);
  void send_packet(Instant now, const IngressPacket& packet, const CodecParams& codec,
                   const Follower::Offered& offered, Outbox& out);
  void refuse(Codec codec, Outbox& out);
  void push(const send::Departure& departure, Outbox& out);

  Peer& owner_;
  ReceiveSection section_;
  Follower follower_;
  send::SendStream stream_;
  send::PacketHistory history_;
  send::RtxStream rtx_;
  std::optional<Codec> chosen_for_;
  const CodecParams* chosen_ = nullptr;
  bool is_blind_ = false;    // the newest packet could not be decoded
  bool told_blind_ = false;  // SlotUndecodable was told
  uint32_t mid_left_ = kMidPackets;
  Instant key_frame_window_;
  int key_frame_requests_ = 0;
  bool key_frame_asked_ = false;
};

}  // namespace media::sfu

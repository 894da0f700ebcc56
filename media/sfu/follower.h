// Follows one track for one receiver: chooses the layer and makes one unbroken stream of it. The
// receiver may be a slot of a peer or the recording. Owner: EgressSlot, RecordingFeed. Thread: one
// worker.
#pragma once

#include <cstdint>
#include <optional>

#include "media/base/drop.h"
#include "media/base/rng.h"
#include "media/layers/frame_selector.h"
#include "media/layers/layer_selector.h"
#include "media/receive/sender_clock.h"
#include "media/send/rewriter.h"
#include "media/sfu/ingress_track.h"

namespace media::sfu {

class Follower {
 public:
  explicit Follower(Rng& rng) : rewriter_(rng) {}

  // Shows `track` from its next key frame (sound: from its next packet) on; nullptr shows nothing.
  void follow(Instant now, Duration session_now, IngressTrack* track);
  [[nodiscard]] IngressTrack* track() const { return track_; }

  struct Offered {
    send::Rewritten rewritten;
    bool switched = false;  // the stream begins anew here: another source, another layer
    bool is_blank = false;  // not shown, but its number was kept for it: send padding in its place
    // Goes out first, under the number before: what a decoder needs and the packet does not have.
    const PacketRef* prelude = nullptr;
    [[nodiscard]] Offered prelude_offered() const {
      Offered out{rewritten};
      --out.rewritten.sequence;
      out.rewritten.marker = false;
      return out;
    }
  };
  // The numbers under which `packet` of the followed track goes out; nothing when it does not, with
  // the reason counted.
  std::optional<Offered> offer(Instant now, Duration session_now, const IngressPacket& packet,
                               DropCounters& drops);

  // After a switch at `first`: offers the packets behind it that overtook it and came before, and
  // gives those that go out to `send(packet, offered)`.
  template <class Send>
  void catch_up(Instant now, Duration session_now, const IngressPacket& first, DropCounters& drops,
                Send&& send) {
    if (track_->section().kind == MediaKind::Audio) return;
    const int64_t sequence = first.packet.facts<send::SourceFacts>().sequence;
    for (int64_t i = 1; i < static_cast<int64_t>(IngressLayer::kRecent); ++i) {
      const IngressPacket* packet = track_->recent(first.layer, first.epoch, sequence + i);
      if (packet == nullptr) continue;
      if (const auto offered = offer(now, session_now, *packet, drops)) send(*packet, *offered);
    }
  }

  // Spatial and temporal; lower layers at the next picture that allows it, higher ones where their
  // codec does.
  void set_limit(LayerLimit limit);
  // Follows this layer of its tracks and no other.
  void set_only(uint8_t layer) { only_ = layer; }
  // Tells the track which key frame is waited for, if any.
  void wish_key_frame();
  [[nodiscard]] bool is_waiting() const { return track_ != nullptr && !started_; }

  // The outgoing timestamp at session time `at`; nothing while nothing is shown or no sender report
  // has come.
  [[nodiscard]] std::optional<int64_t> timestamp_at(Duration session_now, Duration at) const;
  [[nodiscard]] std::optional<uint8_t> layer() const {
    return started_ ? std::optional<uint8_t>(layer_) : std::nullopt;
  }
  [[nodiscard]] const layers::FrameSelector& frames() const { return frames_; }

 private:
  void switch_to(Instant now, Duration session_now, const IngressPacket& packet);
  // The parameter sets that `packet`, an IDR picture's first, comes without; nullptr for any other.
  [[nodiscard]] const PacketRef* prelude_of(const IngressPacket& packet) const;
  void remember_capture(Duration session_now);
  std::optional<Offered> number(Instant now, const IngressPacket& packet, DropCounters& drops);

  [[nodiscard]] layers::LayerMask available() const;

  IngressTrack* track_ = nullptr;
  std::optional<uint8_t> only_;
  LayerLimit limit_;
  layers::LayerSelector selector_;  // among simulcast layers
  layers::FrameSelector frames_;    // within the one that is shown
  send::Rewriter rewriter_;
  bool started_ = false;
  uint8_t layer_ = 0;
  uint32_t epoch_ = 0;
};

}  // namespace media::sfu

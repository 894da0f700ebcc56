// The recording's view of one open track: a receiver without a line. Best layer, one unbroken
// stream, each packet with its capture instant. Owner: sfu::RoomShard. Thread: one worker.
#pragma once

#include <optional>

#include "media/sfu/follower.h"
#include "media/sfu/outbox.h"

namespace media::sfu {

class RecordingFeed {
 public:
  RecordingFeed(Instant now, Duration session_now, RoomId room, IngressTrack& track, Rng& rng);

  void offer(Instant now, Duration session_now, const IngressPacket& packet, Outbox& out);
  // The track ended or was closed.
  void end(Outbox& out);
  [[nodiscard]] Follower& follower() { return follower_; }
  [[nodiscard]] const IngressTrack& track() const { return track_; }

 private:
  // `bytes`: the packet's own, or what goes before it.
  void write(Duration session_now, const IngressPacket& packet, const PacketRef& bytes,
             const send::Rewritten& rewritten, Outbox& out);
  [[nodiscard]] RecordOut step(RecordOut::Type type) const;

  RoomId room_;
  IngressTrack& track_;
  Follower follower_;
  std::optional<Codec> codec_;  // of the running file
  int64_t newest_timestamp_ = INT64_MIN;
  Duration newest_time_;
};

}  // namespace media::sfu

// One shard's dealings with the other shards of its room: which of its tracks they want, which of
// theirs are wanted here, and the messages about both. A room on one worker has an empty desk, and
// pays one comparison per batch for it. Owner: RoomShard. Thread: one worker.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "media/base/ids.h"
#include "media/sfu/outbox.h"
#include "media/sfu/peer.h"
#include "media/sfu/relay.h"

namespace media::sfu {

class RelayDesk {
 public:
  RelayDesk(RoomId room, Rng& rng, Outbox& out) : room_(room), rng_(rng), out_(out) {}

  // --- neighbours and mirrors ---
  void add_neighbour(ShardId shard);
  [[nodiscard]] bool has_neighbours() const { return !neighbours_.empty(); }
  // The track of a peer whose home is another shard, as it is shown here. The mirror of the peer is
  // made with its first track.
  IngressTrack& add_mirror(ShardId home, PeerId peer, const PublishedSection& section);
  [[nodiscard]] Peer* find_mirror(PeerId peer);
  // Nothing refers to its tracks any more.
  void remove_mirror(PeerId peer);
  [[nodiscard]] const std::vector<std::unique_ptr<Peer>>& mirrors() const { return mirrors_; }
  // The receivers of a track changed: its home shard is told when that matters to it.
  void note_receivers(const IngressTrack& track);

  // --- tracks of this shard, elsewhere ---
  // True when this is news: the track should then be described with tell_state().
  bool on_want(ShardId from, const WantTrack& want);
  [[nodiscard]] bool has_exports() const { return !exports_.empty(); }
  // Every pending packet once for each shard that wants the track.
  void forward(IngressTrack& track);
  void tell_state(IngressTrack& track);
  void forget_export(TrackId track) { exports_.erase(track); }

  void tell_voices(const std::vector<audio::ActiveSpeaker::Standing>& standings);
  // Repeats what is wanted, in case the home shard was not there yet; every second.
  void repeat_wants();

 private:
  void tell(ShardId to, RelayMessage message);

  RoomId room_;
  Rng& rng_;
  Outbox& out_;
  std::vector<ShardId> neighbours_;
  std::vector<std::unique_ptr<Peer>> mirrors_;
  std::unordered_map<TrackId, ShardId> wanted_;  // told so
  std::unordered_map<TrackId, std::vector<ShardId>> exports_;
  bool told_voices_ = false;
};

}  // namespace media::sfu

#include "media/sfu/relay_desk.h"

#include <algorithm>
#include <utility>

namespace media::sfu {

void RelayDesk::tell(ShardId to, RelayMessage message) {
  out_.relays.push_back({to, room_, std::move(message)});
}

void RelayDesk::add_neighbour(ShardId shard) {
  if (std::find(neighbours_.begin(), neighbours_.end(), shard) == neighbours_.end())
    neighbours_.push_back(shard);
}

Peer* RelayDesk::find_mirror(PeerId peer) {
  const auto it = std::find_if(mirrors_.begin(), mirrors_.end(),
                               [&](const auto& m) { return m->id() == peer; });
  return it == mirrors_.end() ? nullptr : it->get();
}

IngressTrack& RelayDesk::add_mirror(ShardId home, PeerId peer, const PublishedSection& section) {
  Peer* mirror = find_mirror(peer);
  if (mirror == nullptr) {
    Peer::Params params;
    params.peer = peer;
    params.home = {home, room_};
    mirrors_.push_back(std::make_unique<Peer>(std::move(params), 0, rng_));
    mirror = mirrors_.back().get();
  }
  return mirror->add_section(section);
}

void RelayDesk::remove_mirror(PeerId peer) {
  std::erase_if(mirrors_, [&](const auto& m) { return m->id() == peer; });
}

void RelayDesk::note_receivers(const IngressTrack& track) {
  const auto& home = track.owner().home();
  if (!home) return;
  const bool wanted = !track.receivers().empty();
  if (wanted == wanted_.contains(track.id())) return;
  if (wanted) {
    wanted_.emplace(track.id(), home->shard);
  } else {
    wanted_.erase(track.id());
  }
  tell(home->shard, WantTrack{track.id(), wanted});
}

void RelayDesk::repeat_wants() {
  for (const auto& [track, home] : wanted_) tell(home, WantTrack{track, true});
}

bool RelayDesk::on_want(ShardId from, const WantTrack& want) {
  if (!want.wanted) {
    const auto it = exports_.find(want.track);
    if (it == exports_.end()) return false;
    std::erase(it->second, from);
    if (it->second.empty()) exports_.erase(it);
    return false;
  }
  auto& shards = exports_[want.track];
  if (std::find(shards.begin(), shards.end(), from) != shards.end()) return false;
  shards.push_back(from);
  return true;
}

void RelayDesk::forward(IngressTrack& track) {
  const auto it = exports_.find(track.id());
  if (it == exports_.end()) return;
  for (const ShardId to : it->second) {
    for (const IngressPacket& packet : track.pending()) {
      const auto& stream = track.layers()[packet.layer].stream;
      if (!stream) continue;
      out_.relay_packets.push_back({to, room_, track.id(), stream->ssrc(), packet});
    }
  }
}

void RelayDesk::tell_state(IngressTrack& track) {
  const auto it = exports_.find(track.id());
  if (it == exports_.end()) return;
  TrackState state;
  state.track = track.id();
  state.clock = track.owner().clock();
  for (const IngressLayer& layer : track.layers()) {
    if (!layer.stream || !layer.stream->has_packets()) continue;
    state.layers[layer.index] = {layer.stream->ssrc(), layer.epoch, layer.is_sent};
  }
  for (const ShardId to : it->second) tell(to, state);
}

void RelayDesk::tell_voices(const std::vector<audio::ActiveSpeaker::Standing>& standings) {
  // Silence is told once; who hears nothing more of a voice lets it fade.
  if (standings.empty() && !told_voices_) return;
  told_voices_ = !standings.empty();
  for (const ShardId to : neighbours_) tell(to, Voices{standings});
}

}  // namespace media::sfu

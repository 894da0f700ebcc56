#include "media/api/room_directory.h"

#include <algorithm>
#include <utility>

namespace media::api {

// ---- rooms and their parts ----

void RoomDirectory::add_room(RoomId id, Instant start) {
  if (rooms_.contains(id)) return;
  Room& room = rooms_[id];
  room.start = start;
  add_part(id, room, pool_.place({}, spread_above_));
}

void RoomDirectory::add_part(RoomId id, Room& room, size_t worker) {
  if (std::find(room.parts.begin(), room.parts.end(), worker) != room.parts.end()) return;
  const bool is_first = room.parts.empty();
  pool_.worker(worker).post(engine::AddRoom{id, room.start});
  for (const size_t other : room.parts) {
    pool_.connect(worker, other);
    pool_.worker(worker).post(engine::AddNeighbour{id, worker::WorkerPool::shard_of(other)});
    pool_.worker(other).post(engine::AddNeighbour{id, worker::WorkerPool::shard_of(worker)});
  }
  room.parts.push_back(worker);
  pool_.count_room(worker, 1);
  for (const auto& [track_id, track] : tracks_) {
    if (track.room == id) mirror(track, peers_.at(track.peer).worker, worker);
  }
  if (!is_first) on_new_part_(id, worker);
}

void RoomDirectory::remove_room(RoomId id) {
  const auto it = rooms_.find(id);
  if (it == rooms_.end()) return;
  for (const size_t part : it->second.parts) {
    pool_.worker(part).post(engine::RemoveRoom{id});
    pool_.count_room(part, -1);
  }
  rooms_.erase(it);
  std::erase_if(peers_, [&](const auto& p) {
    if (p.second.room != id) return false;
    pool_.count_peer(p.second.worker, -1);
    return true;
  });
  std::erase_if(tracks_, [&](const auto& t) { return t.second.room == id; });
}

std::optional<Instant> RoomDirectory::start_of(RoomId room) const {
  const auto it = rooms_.find(room);
  return it == rooms_.end() ? std::nullopt : std::optional(it->second.start);
}

std::vector<size_t> RoomDirectory::parts_of(RoomId room) const {
  const auto it = rooms_.find(room);
  return it == rooms_.end() ? std::vector<size_t>() : it->second.parts;
}

// ---- peers and tracks ----

std::optional<size_t> RoomDirectory::place_peer(RoomId room) {
  const auto it = rooms_.find(room);
  if (it == rooms_.end()) return std::nullopt;
  return pool_.place(it->second.parts, spread_above_);
}

std::optional<size_t> RoomDirectory::worker_of(PeerId peer) const {
  const auto it = peers_.find(peer);
  return it == peers_.end() ? std::nullopt : std::optional(it->second.worker);
}

void RoomDirectory::add_peer(size_t worker, engine::AddPeer command) {
  const auto room = rooms_.find(command.room);
  if (room == rooms_.end() || worker >= pool_.size()) return;
  // A known id on another worker would otherwise stay there.
  if (const auto old = worker_of(command.peer); old && *old != worker) remove_peer(command.peer);
  forget_peer(command.peer);
  add_part(command.room, room->second, worker);
  const Home home{command.room, worker, command.is_link};
  const PeerId peer = command.peer;
  const std::vector<PublishedSection> published = command.published;
  peers_.emplace(peer, home);
  pool_.count_peer(worker, 1);
  pool_.worker(worker).post(std::move(command));
  for (const PublishedSection& section : published) add_track(peer, home, section);
}

void RoomDirectory::add_track(PeerId peer, const Home& home, const PublishedSection& section) {
  const Track& track =
      tracks_.insert_or_assign(section.track, Track{home.room, peer, section}).first->second;
  for (const size_t part : rooms_.at(home.room).parts) mirror(track, home.worker, part);
}

void RoomDirectory::mirror(const Track& track, size_t home, size_t where) {
  if (home == where) return;
  pool_.worker(where).post(
      engine::AddMirror{track.room, worker::WorkerPool::shard_of(home), track.peer, track.section});
  if (track.open)
    pool_.worker(where).post(engine::OpenTrack{track.room, track.section.track, true});
}

void RoomDirectory::remove_peer(PeerId peer) {
  post_to(peer, engine::RemovePeer{peer});
  forget_peer(peer);
}

void RoomDirectory::forget_peer(PeerId peer) {
  const auto it = peers_.find(peer);
  if (it == peers_.end()) return;
  const Home home = it->second;
  peers_.erase(it);
  pool_.count_peer(home.worker, -1);
  const size_t had = std::erase_if(tracks_, [&](const auto& t) { return t.second.peer == peer; });
  if (had == 0) return;
  for (const size_t part : rooms_.at(home.room).parts) {
    if (part != home.worker) pool_.worker(part).post(engine::RemoveMirror{home.room, peer});
  }
}

void RoomDirectory::open_track(TrackId id, bool open) {
  const auto it = tracks_.find(id);
  if (it == tracks_.end()) return;
  it->second.open = open;
  for (const size_t part : rooms_.at(it->second.room).parts)
    pool_.worker(part).post(engine::OpenTrack{it->second.room, id, open});
}

void RoomDirectory::post_to(PeerId peer, engine::Command command) {
  if (const auto worker = worker_of(peer)) pool_.worker(*worker).post(std::move(command));
}

// ---- links ----

const PublishedSection* RoomDirectory::exportable(PeerId link, TrackId track) const {
  const auto home = peers_.find(link);
  const auto it = tracks_.find(track);
  if (home == peers_.end() || it == tracks_.end() || !home->second.is_link) return nullptr;
  return home->second.room == it->second.room && it->second.peer != link ? &it->second.section
                                                                         : nullptr;
}

void RoomDirectory::import_track(PeerId link, PublishedSection section) {
  const auto home = peers_.find(link);
  if (home == peers_.end() || !home->second.is_link) return;
  post_to(link, engine::ImportTrack{link, section});
  add_track(link, home->second, section);
}

void RoomDirectory::withdraw_track(PeerId link, TrackId track) {
  const auto home = peers_.find(link);
  if (home == peers_.end()) return;
  const RoomId room = home->second.room;
  const auto it = tracks_.find(track);
  if (it == tracks_.end() || it->second.peer != link)
    return post_to(link, engine::WithdrawTrack{room, link, track});
  tracks_.erase(it);
  for (const size_t part : rooms_.at(room).parts)
    pool_.worker(part).post(engine::WithdrawTrack{room, link, track});
}

}  // namespace media::api

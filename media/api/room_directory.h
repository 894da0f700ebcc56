// Which part of which room lives on which worker, and who has to be told what: turns what signaling
// asks of a room into commands to the workers that have a part of it. Owner: MediaServer. Thread:
// signaling's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "media/api/types.h"
#include "media/engine/commands.h"
#include "media/worker/worker_pool.h"

namespace media::api {

class RoomDirectory {
 public:
  // `on_new_part` is told when a room gets a part on another worker, after that worker has the
  // room.
  RoomDirectory(worker::WorkerPool& pool, int64_t spread_above,
                std::function<void(RoomId, size_t worker)> on_new_part)
      : pool_(pool), spread_above_(spread_above), on_new_part_(std::move(on_new_part)) {}

  void add_room(RoomId room, Instant start);
  void remove_room(RoomId room);
  [[nodiscard]] std::optional<Instant> start_of(RoomId room) const;
  // Workers that have a part of it, the first one first; empty for an unknown room.
  [[nodiscard]] std::vector<size_t> parts_of(RoomId room) const;

  [[nodiscard]] std::optional<size_t> place_peer(RoomId room);
  [[nodiscard]] std::optional<size_t> worker_of(PeerId peer) const;
  // Also links: engine::AddPeer::is_link.
  void add_peer(size_t worker, engine::AddPeer command);
  void remove_peer(PeerId peer);
  // The worker has freed it already.
  void forget_peer(PeerId peer);
  void open_track(TrackId track, bool open);
  // To the worker of that peer; nothing for an unknown one.
  void post_to(PeerId peer, engine::Command command);

  // --- links ---
  // nullptr unless the link and the track are in one room.
  [[nodiscard]] const PublishedSection* exportable(PeerId link, TrackId track) const;
  void import_track(PeerId link, PublishedSection section);
  void withdraw_track(PeerId link, TrackId track);

 private:
  struct Room {
    Instant start;
    std::vector<size_t> parts;
  };
  struct Home {
    RoomId room;
    size_t worker = 0;
    bool is_link = false;
  };
  struct Track {
    RoomId room;
    PeerId peer;
    PublishedSection section;
    bool open = false;
  };

  void add_part(RoomId id, Room& room, size_t worker);
  void mirror(const Track& track, size_t home, size_t where);
  void add_track(PeerId peer, const Home& home, const PublishedSection& section);

  worker::WorkerPool& pool_;
  int64_t spread_above_;
  std::function<void(RoomId, size_t)> on_new_part_;
  std::unordered_map<RoomId, Room> rooms_;
  std::unordered_map<PeerId, Home> peers_;
  std::unordered_map<TrackId, Track> tracks_;
};

}  // namespace media::api

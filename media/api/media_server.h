// The media plane as signaling sees it: commands in, events out. Signaling includes nothing else of
// media/ besides media/base.
//
// Thread: commands may be called from one thread (signaling). They return at once; effects happen
// on the worker. Commands for one room are carried out in the order given. Naming an unknown peer,
// slot or track is not an error: it may have been lost in the meantime.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/api/types.h"
#include "media/base/result.h"

namespace media::api {

class MediaServer {
 public:
  // `wake` is called from any media thread when poll_events() has something; it must not block.
  static Outcome<std::unique_ptr<MediaServer>> start(const ServerParams& params,
                                                     std::function<void()> wake);
  virtual ~MediaServer() = default;  // stops workers and pipelines, finishes files

  // --- facts for SDP answers ---
  [[nodiscard]] virtual const Fingerprint& fingerprint() const = 0;
  // Whether each candidate's port also takes TCP (RFC 6544, passive).
  [[nodiscard]] virtual bool accepts_tcp() const = 0;
  // Where the next peer of `room` shall connect: the room's own worker while that has room, else
  // the least loaded one. Unset for an unknown room.
  [[nodiscard]] virtual std::optional<Placement> place_peer(RoomId room) = 0;
  // Where a known peer connects (an ICE restart stays on its worker). Unset for an unknown one.
  [[nodiscard]] virtual std::optional<Address> candidate(PeerId peer) const = 0;

  // --- rooms ---
  // Its session clock starts now; its first peer chooses its worker.
  virtual void add_room(RoomId room) = 0;
  virtual void remove_room(RoomId room) = 0;  // drops its peers, finishes its recording
  // Session clock: time since add_room on the monotonic clock. Zero for an unknown room.
  [[nodiscard]] virtual Duration session_time(RoomId room) const = 0;

  // --- peers ---
  virtual void add_peer(PeerParams params) = 0;
  virtual void remove_peer(PeerId peer) = 0;
  // RFC 8445 section 9: new credentials for an ICE restart; the old ones stay valid until the new
  // pair is used.
  virtual void restart_ice(PeerId peer, IceCredentials local, IceCredentials remote) = 0;

  // --- who gets what. Everything starts closed: no track is forwarded until it is opened. ---
  virtual void open_track(TrackId track, bool open) = 0;
  virtual void feed_slot(PeerId peer, SlotId slot, SlotFeed feed) = 0;
  // How much of its source a video slot may show; a number alone is the highest spatial layer (0
  // lowest, kBestLayer best available). {0, 0} is the smallest picture at the lowest frame rate.
  virtual void limit_slot(PeerId peer, SlotId slot, LayerLimit limit) = 0;

  // --- recording: every open track of the room, present and future, one file per contiguous
  // publication ---
  virtual void start_recording(RoomId room, RecordingParams params) = 0;
  virtual void stop_recording(RoomId room) = 0;

  // --- out ---
  virtual void poll_events(std::vector<Event>& out) = 0;
  [[nodiscard]] virtual std::vector<WorkerStats> stats() = 0;
};

// Start-up pass over a recordings folder after a crash: rewrites files that were cut off so that
// they have a duration and an index and play. Runs in the caller's thread; bounded by `deadline_s`
// per file.
struct RepairedFile {
  std::string file;  // relative to directory
  Duration duration;
  bool playable = false;
};
std::vector<RepairedFile> repair_recordings(const std::filesystem::path& directory,
                                            const std::vector<std::string>& files);

}  // namespace media::api

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
  // Its session clock starts now, on the least loaded worker.
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

  // --- a room on two servers. Both ends add the link; remove_peer() ends it, PeerLost tells that
  // it broke (add it again then, with new credentials, and its tracks). Nothing crosses that was
  // not exported; what is closed here is silent there. ---
  virtual void add_link(LinkParams params) = 0;
  // Sends `track` of this room over the link from now on, while it is open: every layer once,
  // repaired on the way. Returns what the other end must be told; unset when link or track are
  // unknown. Do not export what was imported over another link of the room without knowing that the
  // links form no circle.
  [[nodiscard]] virtual std::optional<LinkedTrack> export_track(PeerId link, TrackId track) = 0;
  // What the other end exported is a track of this room from now on, closed as every new track. Its
  // key-frame wishes go back over the link as one.
  virtual void import_track(PeerId link, TrackId as, const LinkedTrack& announced) = 0;
  // Ends an export or an import.
  virtual void withdraw_track(PeerId link, TrackId track) = 0;

  // --- recording: every open track of the room, present and future, one file per contiguous
  // publication ---
  virtual void start_recording(RoomId room, RecordingParams params) = 0;
  virtual void stop_recording(RoomId room) = 0;

  // --- out ---
  virtual void poll_events(std::vector<Event>& out) = 0;
  [[nodiscard]] virtual std::vector<WorkerStats> stats() = 0;
  // Of the worker that has most room left: what a newcomer would find.
  [[nodiscard]] virtual overload::LoadLevel load() const = 0;
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

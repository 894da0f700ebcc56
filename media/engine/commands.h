// Everything that may be asked of an engine from outside its thread. Commands are values; those of
// one room are carried out in the order in which they were given. Naming something unknown is not
// an error.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "media/base/address.h"
#include "media/base/model.h"
#include "media/base/time.h"
#include "media/mesh/pipe.h"
#include "media/overload/relief.h"
#include "media/rtp/extension_map.h"
#include "media/sfu/events.h"
#include "media/tap/tap_ring.h"

namespace media::engine {

struct AddRoom {
  RoomId room;
  Instant start;  // zero of the session clock
};
struct RemoveRoom {
  RoomId room;
};
struct AddPeer {
  RoomId room;
  PeerId peer;
  IceCredentials local;
  IceCredentials remote;
  Fingerprint remote_fingerprint{};
  rtp::ExtensionMap extensions;
  std::vector<PublishedSection> published;
  std::vector<ReceiveSection> slots;
  bool is_link = false;
  std::optional<Address> connect_to = std::nullopt;  // link: this end is active
  bool starts_dtls = false;                          // a peer that offered a=setup:passive
};
struct RemovePeer {
  PeerId peer;
};
struct RestartIce {
  PeerId peer;
  IceCredentials local;
  IceCredentials remote;
};
struct OpenTrack {
  RoomId room;
  TrackId track;
  bool open = false;
};
struct FeedSlot {
  PeerId peer;
  SlotId slot;
  SlotFeed feed;
};
struct LimitSlot {
  PeerId peer;
  SlotId slot;
  LayerLimit limit;
};
// --- a room over several workers ---

// The pipes between this worker and another one; before any room is shared with it.
struct ConnectShard {
  ShardId shard;
  std::shared_ptr<mesh::Pipe> out;
  std::shared_ptr<mesh::Pipe> in;
};
// The room has a part on that worker too.
struct AddNeighbour {
  RoomId room;
  ShardId shard;
};
// A track whose publisher is connected to another worker.
struct AddMirror {
  RoomId room;
  ShardId home;
  PeerId peer;
  PublishedSection section;
};
struct RemoveMirror {
  RoomId room;
  PeerId peer;
};

// --- links to other servers ---

// Shows `track` in these sections of the link, one per layer.
struct ExportTrack {
  PeerId link;
  TrackId track;
  std::vector<ReceiveSection> sections;
};
struct ImportTrack {
  PeerId link;
  PublishedSection section;
};
// Ends an export or an import, on the worker of the link and where it is mirrored.
struct WithdrawTrack {
  RoomId room;
  PeerId link;
  TrackId track;
};

struct StartRecording {
  RoomId room;
  std::shared_ptr<tap::TapRing> ring;  // this engine becomes its producer
};
struct StopRecording {
  RoomId room;
};

using Command =
    std::variant<ConnectShard, AddNeighbour, AddMirror, RemoveMirror, ExportTrack, ImportTrack,
                 WithdrawTrack, AddRoom, RemoveRoom, AddPeer, RemovePeer, RestartIce, OpenTrack,
                 FeedSlot, LimitSlot, StartRecording, StopRecording>;

struct PeerConnected {
  PeerId peer;
};
enum class LossReason : uint8_t { ConsentExpired, HandshakeFailed, ClosedByPeer, OverLimit };
// The engine has already freed the peer.
struct PeerLost {
  PeerId peer;
  LossReason reason = LossReason::ConsentExpired;
};

// This worker leaves out less or more than before for these peers.
struct ReliefChanged {
  overload::Relief relief = overload::Relief::None;
  std::vector<PeerId> peers;
};

using Event =
    std::variant<PeerConnected, ReliefChanged, PeerLost, sfu::PeerQuality, sfu::TrackActive,
                 sfu::VoiceActivity, sfu::AudioLevels, sfu::TrackOverRate, sfu::SlotUndecodable>;

}  // namespace media::engine

// Everything that may be asked of an engine from outside its thread. Commands are values; those of
// one room are carried out in the order in which they were given. Naming something unknown is not
// an error.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "media/base/model.h"
#include "media/base/time.h"
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
struct StartRecording {
  RoomId room;
  std::shared_ptr<tap::TapRing> ring;  // this engine becomes its producer
};
struct StopRecording {
  RoomId room;
};

using Command = std::variant<AddRoom, RemoveRoom, AddPeer, RemovePeer, RestartIce, OpenTrack,
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

using Event = std::variant<PeerConnected, PeerLost, sfu::PeerQuality, sfu::TrackActive,
                           sfu::VoiceActivity, sfu::AudioLevels>;

}  // namespace media::engine

// What forwarding tells about itself. The facade hands these to signaling.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "media/base/ids.h"
#include "media/base/model.h"
#include "media/base/time.h"

namespace media::sfu {

struct PeerQuality {  // every second while connected
  PeerId peer;
  Duration rtt;              // zero until measured
  double uplink_loss = 0;    // 0..1 over the last second, before repair
  double downlink_loss = 0;  // 0..1, from the peer's receiver reports
  int64_t uplink_bps = 0;
  int64_t downlink_bps = 0;
};
struct TrackActive {  // the first media packet came, or none came for kTrackSilence
  TrackId track;
  bool active = false;
};
struct VoiceActivity {
  RoomId room;
  TrackId track;
  bool speaking = false;
  Duration at;  // session clock
};
struct AudioLevels {
  RoomId room;
  struct Level {
    TrackId track;
    uint8_t dbov = 127;
  };
  std::vector<Level> levels;
};
// The peer sent far more than it may for too long; whoever owns its connection should end it.
struct PeerOverLimit {
  PeerId peer;
};

// A track brings more than was agreed (PublishedSection::max_bps): the surplus is dropped at the
// door. Told within a second, and again with `over` false after a second's peace.
struct TrackOverRate {
  PeerId peer;
  TrackId track;
  int64_t limit_bps = 0;
  bool over = true;
};

// A slot shows a track whose codec its receiver did not offer: nothing of it is sent. Told once
// while the slot shows it, and again with `over` when the sender changes to one that it did.
struct SlotUndecodable {
  PeerId peer;
  SlotId slot;
  TrackId track;
  Codec codec = Codec::Vp8;
  bool over = false;
};

using Event = std::variant<PeerQuality, TrackActive, VoiceActivity, AudioLevels, PeerOverLimit,
                           TrackOverRate, SlotUndecodable>;

}  // namespace media::sfu

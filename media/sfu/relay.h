// What the shards of one room say to each other when the room spans workers (media/README.md, "What
// crosses a ring"). Plain values: the engine carries them to the other worker and hands them in
// there. A packet crosses once per worker that shows its track, decrypted, read and numbered; the
// shard that has the publisher (its home) stays the only one that talks to it.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>
#include <variant>
#include <vector>

#include "media/audio/active_speaker.h"
#include "media/base/ids.h"
#include "media/layers/layer_selector.h"
#include "media/receive/sender_clock.h"
#include "media/send/departure.h"
#include "media/sfu/ingress_track.h"

namespace media::sfu {

// To the home shard: somebody here shows `track`, or nobody does any more. Repeated every second
// while wanted.
struct WantTrack {
  TrackId track;
  bool wanted = false;
};
// To the home shard: somebody here waits for a key frame of this layer.
struct WishKeyFrame {
  TrackId track;
  uint8_t layer = 0;
};
// From the home shard, to those that want the track: what following it needs beside its packets.
// When the want is heard, after each sender report and whenever a layer comes or goes.
struct TrackState {
  TrackId track;
  receive::SenderClock clock;  // of the publishing peer
  struct Layer {
    Ssrc ssrc;  // zero until something came
    uint32_t epoch = 0;
    bool is_sent = false;
  };
  std::array<Layer, layers::kMaxLayers> layers;
};
// From each shard to all others: its own voices, ten times a second while there are any.
struct Voices {
  std::vector<audio::ActiveSpeaker::Standing> standings;
};

using RelayMessage = std::variant<WantTrack, WishKeyFrame, TrackState, Voices>;

struct RelayOut {
  ShardId to;
  RoomId room;
  RelayMessage message;
};

// A packet for one other shard. Its facts travel with it, so they must hold no pointers to anything
// that lives on this worker.
struct RelayPacketOut {
  ShardId to;
  RoomId room;
  TrackId track;
  Ssrc ssrc;
  IngressPacket packet;
};

// The same packet where it comes in. `form` is the IngressPacket without its memory.
struct RelayedPacket {
  TrackId track;
  Ssrc ssrc;
  const IngressPacket& form;
  const send::SourceFacts& facts;
  ByteSpan bytes;
};

}  // namespace media::sfu

// Writes one room's recording steps into its tap ring. Packets that find the ring full are lost for
// the recording and counted; beginnings and ends are kept and tried again, since a file would hang
// on them. Owner: Engine. Thread: its worker, as the ring's only producer.
#pragma once

#include <deque>
#include <memory>

#include "media/base/drop.h"
#include "media/sfu/outbox.h"
#include "media/tap/tap_ring.h"

namespace media::engine {

class RecordingSink {
 public:
  explicit RecordingSink(std::shared_ptr<tap::TapRing> ring) : ring_(std::move(ring)) {}

  void write(const sfu::RecordOut& step, DropCounters& drops);
  // The last step.
  void stop();
  // Tries what is kept again; true when nothing is left to write.
  bool retry();

 private:
  struct Kept {
    tap::TapPacket::Type type;
    TrackId track;
    Codec codec;
    Source source;
    MediaKind kind;
  };
  bool put(const Kept& kept);
  void put_or_keep(const Kept& kept);

  std::shared_ptr<tap::TapRing> ring_;
  std::deque<Kept> kept_;
};

}  // namespace media::engine

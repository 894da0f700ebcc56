// What was lately sent to one receiver, for retransmission: references to the shared source packets
// and the numbers they went out with; no bytes are copied. Owner: sfu::EgressSlot. Thread: the
// owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "media/base/drop.h"
#include "media/base/time.h"
#include "media/send/departure.h"

namespace media::send {

class PacketHistory {
 public:
  // At most `capacity` packets, a power of two. Memory is taken with the first packet, for as many
  // packets as this stream sends in kKeepAtLeast to twice that: a thumbnail pays for a thumbnail.
  explicit PacketHistory(size_t capacity) : capacity_(capacity) {}

  void add(Instant now, const Departure& departure);

  // The packet whose outgoing 16-bit number is `sequence`, if it may be sent again now; otherwise
  // nullptr and the reason in `refused`. Counts as sent again. `rtt`: a second ask within it is the
  // same ask.
  const Departure* take(Instant now, Duration rtt, uint16_t sequence, Drop& refused);

  void clear();

  // A packet asked for more often is not getting through this line.
  static constexpr uint8_t kMaxResends = 3;
  static constexpr Duration kMinInterval = Duration::millis(100);
  static constexpr Duration kMaxAge = Duration::seconds(2);
  // A packet younger than this is not overwritten while there may be more places: longer than the
  // round trip over a satellite and the wait of a receiver that asks twice.
  static constexpr Duration kKeepAtLeast = Duration::seconds(1);
  static constexpr size_t kFirstCapacity = 32;

 private:
  struct Entry {
    Departure departure;
    Instant sent;
    Instant last_resend;
    uint8_t resends = 0;
  };

  [[nodiscard]] Entry& place_of(int64_t sequence) {
    return entries_[static_cast<size_t>(sequence) & (entries_.size() - 1)];
  }
  void grow();

  size_t capacity_;
  std::vector<Entry> entries_;  // a power of two
  int64_t highest_ = -1;
};

}  // namespace media::send

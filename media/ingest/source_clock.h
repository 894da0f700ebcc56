// When what a foreign source delivers was captured, on our clock. Its timestamps say how its frames
// lie to each other; when they came says where that is now. Pure; one for all streams of a source,
// so that picture and sound stay together.
#pragma once

#include <deque>
#include <optional>

#include "media/base/time.h"

namespace media::ingest {

class SourceClock {
 public:
  // The least delayed arrival within this span is taken as undelayed: jitter does not move the
  // clock, a source whose own clock runs slow does.
  static constexpr Duration kWindow = Duration::seconds(10);
  // Timestamps further behind than this have jumped (a new programme, a wrapped counter).
  static constexpr Duration kLongestLag = Duration::seconds(3);

  // `stamp` is the source's own running time. The result is never later than `now`.
  Instant captured(Instant now, Duration stamp);
  // How often the source's timestamps jumped.
  [[nodiscard]] unsigned jumps() const { return jumps_; }

 private:
  struct Offset {
    Instant arrival;
    Duration offset;  // arrival minus stamp
  };
  std::deque<Offset> lowest_;  // offsets rising from front to back, arrivals too
  unsigned jumps_ = 0;
};

}  // namespace media::ingest

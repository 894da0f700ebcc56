#include "media/ingest/source_clock.h"

namespace media::ingest {

Instant SourceClock::captured(Instant now, Duration stamp) {
  const Duration offset = now - Instant::from_micros(stamp.as_micros());
  if (!lowest_.empty() && offset - lowest_.front().offset > kLongestLag) {
    lowest_.clear();
    ++jumps_;
  }
  while (!lowest_.empty() && lowest_.back().offset >= offset) lowest_.pop_back();
  lowest_.push_back({now, offset});
  while (now - lowest_.front().arrival > kWindow) lowest_.pop_front();
  return Instant::from_micros(stamp.as_micros()) + lowest_.front().offset;
}

}  // namespace media::ingest

#include "media/send/packet_history.h"

#include <algorithm>
#include <utility>

namespace media::send {

void PacketHistory::add(Instant now, const Departure& departure) {
  if (entries_.empty()) entries_.resize(std::min(kFirstCapacity, capacity_));
  const int64_t sequence = departure.rewritten.sequence;
  while (entries_.size() < capacity_ && place_of(sequence).departure.packet &&
         now - place_of(sequence).sent < kKeepAtLeast) {
    grow();
  }
  Entry& entry = place_of(sequence);
  // A late packet must not evict the newer one that has its place.
  if (entry.departure.packet && entry.departure.rewritten.sequence > sequence) return;
  entry.departure = departure;
  entry.sent = now;
  entry.last_resend = Instant();
  entry.resends = 0;
  highest_ = std::max(highest_, sequence);
}

void PacketHistory::grow() {
  std::vector<Entry> before = std::exchange(entries_, {});
  entries_.resize(before.size() * 2);
  for (Entry& entry : before) {
    if (entry.departure.packet) place_of(entry.departure.rewritten.sequence) = std::move(entry);
  }
}

const Departure* PacketHistory::take(Instant now, Duration rtt, uint16_t sequence, Drop& refused) {
  refused = Drop::NackTooOld;
  if (entries_.empty()) return nullptr;
  const auto back = static_cast<uint16_t>(static_cast<uint16_t>(highest_) - sequence);
  const int64_t wanted = highest_ - back;
  if (wanted < 0) return nullptr;
  Entry& entry = place_of(wanted);
  if (!entry.departure.packet || entry.departure.rewritten.sequence != wanted) return nullptr;
  if (now - entry.sent > kMaxAge) return nullptr;
  refused = Drop::NackTooSoon;
  if (entry.resends >= kMaxResends) return nullptr;
  if (entry.resends > 0 && now - entry.last_resend < std::max(kMinInterval, rtt)) return nullptr;
  ++entry.resends;
  entry.last_resend = now;
  return &entry.departure;
}

void PacketHistory::clear() {
  entries_.clear();
  entries_.shrink_to_fit();
  highest_ = -1;
}

}  // namespace media::send

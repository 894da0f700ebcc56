#include "media/receive/transport_cc_recorder.h"

#include <algorithm>

#include "media/base/units.h"

namespace media::receive {

void TransportCcRecorder::on_packet(Instant now, uint16_t sequence, size_t size) {
  const int64_t extended = sequences_.unwrap(sequence);
  if (pending_.empty() && !next_base_) last_ = now;
  pending_.push_back(rtcp::Arrival{extended, now});
  bytes_ += static_cast<int64_t>(size);
}

bool TransportCcRecorder::poll(Instant now, Feedback& out) {
  if (pending_.empty()) return false;
  const Duration since = now - last_;
  const bool fast = rate_of(bytes_, since).as_bps() > kFastAboveBps;
  if (since < (fast ? kFastInterval : kSlowInterval)) return false;

  std::stable_sort(
      pending_.begin(), pending_.end(),
      [](const rtcp::Arrival& a, const rtcp::Arrival& b) { return a.sequence < b.sequence; });
  pending_.erase(std::unique(pending_.begin(), pending_.end(),
                             [](const rtcp::Arrival& a, const rtcp::Arrival& b) {
                               return a.sequence == b.sequence;
                             }),
                 pending_.end());

  const int64_t newest = pending_.back().sequence;
  // A sender that jumps in its numbering gets a fresh start instead of a report on thousands of
  // losses.
  int64_t base =
      std::min(next_base_.value_or(pending_.front().sequence), pending_.front().sequence);
  base = std::max(base, newest - kMaxSpan + 1);
  out.base = base;
  out.count = count_++;
  out.arrivals.clear();
  for (const rtcp::Arrival& a : pending_) {
    if (a.sequence >= base) out.arrivals.push_back(a);
  }
  next_base_ = std::max(next_base_.value_or(newest + 1), newest + 1);
  pending_.clear();
  bytes_ = 0;
  last_ = now;
  return true;
}

}  // namespace media::receive

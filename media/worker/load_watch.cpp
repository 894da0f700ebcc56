#include "media/worker/load_watch.h"

#include <algorithm>
#include <utility>

namespace media::worker {

bool LoadWatch::on_sample(Instant now, uint64_t sent, uint64_t bytes, uint64_t refused) {
  const Duration span = now - sampled_;
  const bool is_first = sampled_ == Instant();
  sampled_ = now;
  overload::LoadSample sample;
  const double seconds = span.as_seconds();
  if (!is_first && seconds > 0) {
    sample.busy = std::clamp(1.0 - waited_.as_seconds() / seconds, 0.0, 1.0);
    if (line_ != nullptr) {
      const auto bits = static_cast<double>(bytes - bytes_) * 8;
      line_->report(index_, static_cast<int64_t>(bits / seconds));
      sample.line = line_->use();
    }
    sample.lag = lag_;
    sample.sent = sent - sent_;
    sample.refused = refused - refused_;
    sample.backlogged = backlogged_;
  }
  waited_ = lag_ = Duration();
  backlogged_ = false;
  sent_ = sent;
  bytes_ = bytes;
  refused_ = refused;
  if (is_first) return false;
  const overload::Relief before = ladder_.relief();
  const overload::Relief after = ladder_.on_level(now, meter_.on_sample(now, sample));
  if (after > before) ++reliefs_;
  return after != before;
}

}  // namespace media::worker

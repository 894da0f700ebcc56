#include "tests/line/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace line {

std::string_view to_string(LossReason reason) {
  switch (reason) {
    case LossReason::Random:
      return "random";
    case LossReason::Burst:
      return "burst";
    case LossReason::QueueFull:
      return "queue_full";
    case LossReason::Outage:
      return "outage";
    case LossReason::kCount:
      break;
  }
  return "?";
}

void Histogram::add(media::Duration value) {
  const int64_t millis = std::clamp<int64_t>(value.as_millis(), 0, kMaxMillis);
  const auto index = static_cast<size_t>(millis);
  if (index >= by_millis_.size()) by_millis_.resize(index + 1);
  ++by_millis_[index];
  ++count_;
  max_ = std::max(max_, value);
}

media::Duration Histogram::quantile(double share) const {
  const auto rank = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t i = 0; i < by_millis_.size(); ++i) {
    seen += by_millis_[i];
    if (seen >= rank) return media::Duration::millis(static_cast<int64_t>(i));
  }
  return {};
}

uint64_t Statistics::lost_packets() const {
  return std::accumulate(lost.begin(), lost.end(), uint64_t{0});
}

}  // namespace line

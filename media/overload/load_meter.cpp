#include "media/overload/load_meter.h"

#include <algorithm>
#include <cmath>

namespace media::overload {

void LoadMeter::smooth(double weight, const LoadSample& sample) {
  const auto blend = [&](double& kept, double fresh) { kept += weight * (fresh - kept); };
  // A loop that had to leave datagrams waiting has no time left, whatever its clock says.
  blend(busy_, sample.backlogged ? std::max(1.0, sample.busy) : sample.busy);
  blend(line_, sample.line);
  blend(lag_us_, static_cast<double>(sample.lag.as_micros()));
  const auto offered = static_cast<double>(sample.sent + sample.refused);
  blend(refusals_, offered > 0 ? static_cast<double>(sample.refused) / offered : 0);
}

LoadLevel LoadMeter::demanded() const {
  const double lag_us = lag_us_;
  const auto over = [&](double use, Duration lag, double refusals) {
    return this->use() >= use || lag_us >= static_cast<double>(lag.as_micros()) ||
           refusals_ >= refusals;
  };
  if (over(kOverloadedUse, kOverloadedLag, kOverloadedRefusals)) return LoadLevel::Overloaded;
  if (over(kBusyUse, kBusyLag, kBusyRefusals)) return LoadLevel::Busy;
  return LoadLevel::Calm;
}

// Below half of what makes it busy, and for the scarce things below their own lower mark.
bool LoadMeter::is_peaceful() const {
  return use() < kCalmUse && lag_us_ < static_cast<double>(kBusyLag.as_micros()) / 2 &&
         refusals_ < kBusyRefusals / 2;
}

double LoadMeter::use() const {
  return std::max(busy_, line_);
}

LoadLevel LoadMeter::on_sample(Instant now, const LoadSample& sample) {
  const Duration span = last_ == Instant() ? Duration::millis(100) : now - last_;
  last_ = now;
  if (span <= Duration()) return level_;
  smooth(1.0 - std::exp(-span.as_seconds() / kSmoothing.as_seconds()), sample);

  const LoadLevel wanted = demanded();
  if (wanted >= level_) {
    level_ = wanted;
    peaceful_since_ = Instant::never();
    return level_;
  }
  // From Overloaded to Busy as soon as it no longer is; from Busy to Calm only after a while.
  const bool may_fall =
      level_ == LoadLevel::Overloaded ? use() < kBusyUse && wanted < level_ : is_peaceful();
  if (!may_fall) {
    peaceful_since_ = Instant::never();
    return level_;
  }
  if (peaceful_since_ == Instant::never()) peaceful_since_ = now;
  const Duration needed = level_ == LoadLevel::Overloaded ? kPeace / 6 : kPeace;
  if (now - peaceful_since_ >= needed) {
    level_ = level_ == LoadLevel::Overloaded ? LoadLevel::Busy : LoadLevel::Calm;
    peaceful_since_ = now;
  }
  return level_;
}

}  // namespace media::overload

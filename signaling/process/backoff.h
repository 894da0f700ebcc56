// How long to wait before something that failed is tried again. Pure; one owner.
#pragma once

#include <algorithm>

#include "media/base/time.h"

namespace signaling::process {

class Backoff {
 public:
  struct Params {
    media::Duration first = media::Duration::seconds(1);
    media::Duration longest = media::Duration::seconds(30);
  };

  Backoff() = default;
  explicit Backoff(Params params) : params_(params), base_(params.first) {}

  // The next wait: twice as long as the one before until the longest, of which `jitter` in [0, 1)
  // takes away up to half, so that many sources that failed together do not come back together.
  media::Duration next(double jitter) {
    const media::Duration base = base_;
    base_ = std::min(base_ * 2, params_.longest);
    const double share = 1.0 - std::clamp(jitter, 0.0, 1.0) / 2;
    return media::Duration::micros(
        static_cast<int64_t>(static_cast<double>(base.as_micros()) * share));
  }
  // After it has worked for a while.
  void reset() { base_ = params_.first; }

 private:
  Params params_;
  media::Duration base_ = params_.first;
};

}  // namespace signaling::process

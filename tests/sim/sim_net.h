// A line between two points in virtual time: delay, jitter, loss, reordering and a rate, all from
// one seed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "media/base/rng.h"
#include "media/base/time.h"

namespace sim {

using media::Duration;
using media::Instant;
using Bytes = std::vector<uint8_t>;

struct LineParams {
  Duration delay = Duration::millis(20);
  Duration jitter;              // uniform, on top of the delay; lets packets overtake each other
  double loss = 0;              // 0..1, independent
  int64_t bits_per_second = 0;  // 0: no limit; over it packets queue
  Duration max_queue = Duration::millis(500);
};

class Line {
 public:
  Line(uint64_t seed, LineParams params) : rng_(seed), params_(params) {}

  LineParams& params() { return params_; }
  uint64_t lost() const { return lost_; }

  void send(Instant now, Bytes packet) {
    if (static_cast<double>(rng_.below(1'000'000)) < params_.loss * 1e6) {
      ++lost_;
      return;
    }
    Instant leaves = now;
    if (params_.bits_per_second > 0) {
      leaves = std::max(now, busy_until_);
      if (leaves - now > params_.max_queue) {
        ++lost_;
        return;
      }
      busy_until_ = leaves + Duration::micros(static_cast<int64_t>(packet.size()) * 8 * 1'000'000 /
                                              params_.bits_per_second);
      leaves = busy_until_;
    }
    Duration extra;
    if (params_.jitter > Duration()) {
      extra = Duration::micros(
          static_cast<int64_t>(rng_.below(static_cast<uint64_t>(params_.jitter.as_micros()))));
    }
    under_way_.emplace(leaves + params_.delay + extra, std::move(packet));
  }

  // What has arrived by `now`, in order of arrival.
  template <class Deliver>
  void deliver(Instant now, Deliver&& to) {
    while (!under_way_.empty() && under_way_.begin()->first <= now) {
      Bytes packet = std::move(under_way_.begin()->second);
      under_way_.erase(under_way_.begin());
      to(std::move(packet));
    }
  }

 private:
  media::SplitMix64 rng_;
  LineParams params_;
  Instant busy_until_;
  std::multimap<Instant, Bytes> under_way_;
  uint64_t lost_ = 0;
};

}  // namespace sim

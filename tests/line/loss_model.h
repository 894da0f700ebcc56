// Which datagrams a line loses: independently, and in bursts. The fate of the n-th datagram does
// not depend on any other parameter, so that runs with one changed parameter stay comparable. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "media/base/rng.h"
#include "tests/line/params.h"
#include "tests/line/statistics.h"

namespace line {

// Uniform in [0, 1) with 53 bits.
double draw_share(media::Rng& rng);

class LossModel {
 public:
  explicit LossModel(uint64_t seed);
  // Whether the next datagram is lost, and by what. One draw of each kind per call.
  std::optional<LossReason> next(const Params& params);

 private:
  media::SplitMix64 random_rng_;
  media::SplitMix64 burst_rng_;
  bool in_burst_ = false;
};

}  // namespace line

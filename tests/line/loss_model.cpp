#include "tests/line/loss_model.h"

#include <algorithm>

namespace line {

double draw_share(media::Rng& rng) {
  return static_cast<double>(rng.next() >> 11) * 0x1p-53;
}

LossModel::LossModel(uint64_t seed)
    : random_rng_(seed ^ 0x52414e44), burst_rng_(seed ^ 0x42555253) {}

std::optional<LossReason> LossModel::next(const Params& params) {
  const bool random = draw_share(random_rng_) < params.loss;
  const double turn = draw_share(burst_rng_);
  if (params.burst.loss <= 0) {
    in_burst_ = false;
  } else {
    // The chain's stationary share of the bad state is `loss`, its mean stay there `mean_length`.
    const double leave = 1 / std::max(params.burst.mean_length, 1.0);
    const double share = std::min(params.burst.loss, 0.999);
    const double enter = std::min(leave * share / (1 - share), 1.0);
    in_burst_ = in_burst_ ? turn >= leave : turn < enter;
  }
  if (in_burst_) return LossReason::Burst;
  if (random) return LossReason::Random;
  return std::nullopt;
}

}  // namespace line

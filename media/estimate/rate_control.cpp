#include "media/estimate/rate_control.h"

#include <algorithm>
#include <cmath>

namespace media::estimate {

namespace {

// The capacity follows what arrived when the queue grew, with this weight.
constexpr double kCapacityWeight = 0.05;
// Its normalised variance stays within what a line's noise is.
constexpr double kMinVariance = 0.4;
constexpr double kMaxVariance = 2.5;
// Further than this from the capacity, the line has changed.
constexpr double kDeviations = 3.0;
constexpr double kSlack = 10'000;

}  // namespace

DataRate RateControl::clamped(double bps) const {
  return DataRate::bits_per_second(
      std::clamp(static_cast<int64_t>(bps), limits_.min.as_bps(), limits_.max.as_bps()));
}

double RateControl::deviation() const {
  return std::sqrt(variance_ * capacity_kbps_.value_or(0));
}

std::optional<DataRate> RateControl::capacity() const {
  if (!capacity_kbps_) return std::nullopt;
  return DataRate::bits_per_second(static_cast<int64_t>(*capacity_kbps_ * 1000));
}

void RateControl::learn_capacity(double arrived_kbps) {
  if (!capacity_kbps_) {
    capacity_kbps_ = arrived_kbps;
    return;
  }
  const double error = *capacity_kbps_ - arrived_kbps;
  capacity_kbps_ = *capacity_kbps_ + kCapacityWeight * (arrived_kbps - *capacity_kbps_);
  const double norm = std::max(*capacity_kbps_, 1.0);
  variance_ = std::clamp((1 - kCapacityWeight) * variance_ + kCapacityWeight * error * error / norm,
                         kMinVariance, kMaxVariance);
}

DataRate RateControl::update(Instant now, const Input& input) {
  switch (input.trend) {
    case Trend::Building:
      decrease(now, input);
      holding_ = true;
      break;
    case Trend::Draining:
      holding_ = true;
      break;
    case Trend::Steady:
      if (holding_) {
        holding_ = false;  // one report long: what just drained is not filled at once
      } else {
        increase(now, input);
      }
      break;
  }
  last_update_ = now;
  updated_ = true;
  return rate_;
}

void RateControl::increase(Instant now, const Input& input) {
  if (!updated_ || !input.arrived) return;
  const double arrived = static_cast<double>(input.arrived->as_bps());
  const double rate = static_cast<double>(rate_.as_bps());
  if (capacity_kbps_ && arrived / 1000 > *capacity_kbps_ + kDeviations * deviation()) {
    capacity_kbps_.reset();
  }
  const double seconds = std::min((now - last_update_).as_seconds(), 1.0);
  double next = rate;
  if (capacity_kbps_) {
    const double response = (std::max(input.rtt, kMinRtt) + kReaction).as_seconds();
    next += std::max(kMinIncreaseBps, kPacketBits / response) * seconds;
  } else {
    // In proportion a small flow would never catch up with a large one beside it.
    const double fair = std::min(kPacketBits / (kMinRtt + kReaction).as_seconds(), rate * kMaxFair);
    next += std::max(rate * kIncreasePerSecond, fair) * seconds;
  }
  const double ceiling = kMaxOverArrived * arrived + kSlack;
  if (rate < ceiling) rate_ = clamped(std::min(next, ceiling));
}

void RateControl::decrease(Instant now, const Input& input) {
  const Duration gap = std::min(input.rtt + kDecreaseGap, kMaxDecreaseGap);
  if (now - last_decrease_ < gap) return;
  const double rate = static_cast<double>(rate_.as_bps());
  double next = rate * kDecrease;
  if (input.arrived) {
    const double arrived = static_cast<double>(input.arrived->as_bps());
    next = arrived * kDecrease;
    if (next > rate && capacity_kbps_) next = *capacity_kbps_ * 1000 * kDecrease;
    if (capacity_kbps_ && arrived / 1000 < *capacity_kbps_ - kDeviations * deviation()) {
      capacity_kbps_.reset();
    }
    if (!input.application_limited) learn_capacity(arrived / 1000);
  }
  // Unless a queue stands already: then it is this line that is full.
  if (input.application_limited && !input.full) next = std::max(next, rate * kDecrease);
  last_decrease_ = now;
  if (next < rate) rate_ = clamped(next);
}

void RateControl::set(Instant now, DataRate rate) {
  rate_ = clamped(static_cast<double>(rate.as_bps()));
  if (capacity_kbps_ &&
      static_cast<double>(rate_.as_bps()) / 1000 > *capacity_kbps_ + kDeviations * deviation()) {
    capacity_kbps_.reset();
  }
  last_update_ = now;
}

void RateControl::back_off(Instant now, double factor) {
  rate_ = clamped(static_cast<double>(rate_.as_bps()) * factor);
  last_update_ = now;
  last_decrease_ = now;
}

}  // namespace media::estimate

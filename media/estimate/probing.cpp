#include "media/estimate/probing.h"

#include <algorithm>

namespace media::estimate {

namespace {

// Nothing is asked of a line for less than this much more.
constexpr double kWorthwhile = 1.05;
// What is wanted, and a little room to stand in.
constexpr double kEnough = 1.2;

double bps_of(DataRate rate) {
  return static_cast<double>(rate.as_bps());
}

}  // namespace

std::optional<double> Probing::due(Instant now, const Input& input) const {
  const double target = bps_of(input.target);
  if (input.wanted <= input.target) return std::nullopt;
  if (next_bps_) return next_bps_;
  if (!first_done_) return target * kFirst;
  if (now - queued_at_ < (input.application_limited ? kShortCalm : kCalm)) return std::nullopt;
  if (recovering_ && now - dropped_at_ >= kRecoverAfter)
    return std::max(bps_of(before_drop_) * kRecoverTo, target * kWorthwhile);
  if (now - last_start_ >= period_) return target * kFurther;
  return std::nullopt;
}

std::optional<Probe> Probing::poll(Instant now, const Input& input) {
  if (train_ && now - train_->started > kTimeout + input.rtt) finish(now, std::nullopt);
  if (recovering_ && now - dropped_at_ > kRecoverWithin) recovering_ = false;
  if (input.queued) queued_at_ = now;
  if (train_ || now - last_start_ < kMinGap) return std::nullopt;
  if (input.queued || input.excess_loss > kMaxExcessLoss) {
    next_bps_.reset();
    return std::nullopt;
  }
  const std::optional<double> bps = due(now, input);
  if (!bps) return std::nullopt;
  return start(now, *bps, input);
}

std::optional<Probe> Probing::start(Instant now, double bps, const Input& input) {
  next_bps_.reset();
  const double cap =
      std::min({bps_of(input.max), bps_of(kMaxRate), bps_of(input.wanted) * kEnough});
  bps = std::min(bps, cap);
  if (bps < bps_of(input.target) * kWorthwhile) return std::nullopt;
  Train train;
  train.probe.id = next_id_;
  train.probe.rate = DataRate::bits_per_second(static_cast<int64_t>(bps));
  train.probe.packets = kMinPackets;
  train.probe.bytes = std::max(static_cast<size_t>(bps / 8 * kMinSpan.as_seconds()), kMinBytes);
  train.started = now;
  next_id_ = next_id_ == UINT8_MAX ? uint8_t{1} : static_cast<uint8_t>(next_id_ + 1);
  last_start_ = now;
  first_done_ = true;
  recovering_ = false;
  asked_from_ = input.target;
  train_ = train;
  return train.probe;
}

void Probing::on_drop(Instant now, DataRate before, DataRate after) {
  next_bps_.reset();
  if (bps_of(after) > bps_of(before) * kDropShare) return;
  dropped_at_ = now;
  before_drop_ = before;
  recovering_ = true;
  period_ = kPeriod;
}

void Probing::on_sent(uint8_t id, Instant sent, size_t bytes) {
  if (!train_ || train_->probe.id != id) return;
  Train& t = *train_;
  if (t.sent++ == 0) t.first_sent = sent;
  t.last_sent = sent;
  t.last_sent_bytes = bytes;
  t.sent_bytes += bytes;
}

void Probing::on_arrival(uint8_t id, Instant arrived, size_t bytes) {
  if (!train_ || train_->probe.id != id) return;
  Train& t = *train_;
  if (t.arrived++ == 0) {
    t.first_arrived = t.last_arrived = arrived;
    t.first_bytes = bytes;
  }
  if (arrived < t.first_arrived) {
    t.first_arrived = arrived;
    t.first_bytes = bytes;
  }
  t.last_arrived = std::max(t.last_arrived, arrived);
  t.arrived_bytes += bytes;
}

void Probing::on_lost(uint8_t id) {
  if (train_ && train_->probe.id == id) ++train_->lost;
}

std::optional<DataRate> Probing::take_result(Instant now, double line_loss) {
  if (!train_) return std::nullopt;
  Train& t = *train_;
  const bool all_sent = t.sent >= t.probe.packets && t.sent_bytes >= t.probe.bytes;
  if (!all_sent || t.arrived + t.lost < t.sent) return std::nullopt;
  const bool enough = t.arrived >= static_cast<int>(kMinShare * t.sent) && t.arrived >= kMinArrived;
  if (!enough) {
    finish(now, std::nullopt);
    return std::nullopt;
  }
  // Of what is missing, the line's own loss says nothing about its width.
  const double missing = static_cast<double>(t.lost) / (t.arrived + t.lost);
  const double share = 1 - std::min(missing, line_loss);
  const Duration sending = std::max(t.last_sent - t.first_sent, Duration::millis(1));
  const Duration arriving = std::max(t.last_arrived - t.first_arrived, Duration::millis(1));
  const double sent =
      bps_of(rate_of(static_cast<int64_t>(t.sent_bytes - t.last_sent_bytes), sending));
  const double arrived =
      bps_of(rate_of(static_cast<int64_t>(t.arrived_bytes - t.first_bytes), arriving)) / share;
  const double result = std::min({sent, arrived, bps_of(t.probe.rate)});
  const auto rate = DataRate::bits_per_second(static_cast<int64_t>(result));
  finish(now, rate);
  return rate;
}

void Probing::finish(Instant now, std::optional<DataRate> result) {
  const double asked = bps_of(train_->probe.rate);
  train_.reset();
  finished_ = now;
  last_start_ = std::max(last_start_, now - kMinGap + Duration::millis(50));
  if (result && bps_of(*result) >= asked * kBorneOut) next_bps_ = bps_of(*result) * kFurther;
  const bool gained = result && bps_of(*result) > bps_of(asked_from_) * kWorthwhile;
  period_ = gained ? kPeriod : std::min(period_ + period_ / 2, kMaxPeriod);
}

}  // namespace media::estimate

#include "media/estimate/loss_model.h"

#include <algorithm>
#include <cmath>

namespace media::estimate {

namespace {

// Rates to choose from, as shares of the present one; and no limit at all.
constexpr std::array<double, 5> kShares{1.03, 0.93, 0.85, 0.70, 0.50};
// Before anything is known: a line that loses about five percent, as firmly as 20 packets say.
constexpr double kPriorLost = 1.0;
constexpr double kPriorArrived = 19.0;
// What is remembered of the line weighs at most as much as this many packets, and fades.
constexpr double kMaxMemory = 150.0;
constexpr double kForgetSeconds = 90.0;
constexpr double kLossSmoothing = 0.3;
// After a decrease the next waits until it has been seen what it did: two observations.
constexpr Duration kDecreaseGap = Duration::millis(600);
// Where loss set a limit it is lifted at this pace per observation (15 % a second).
constexpr double kLift = 1.035;
// With a queue, so much loss beyond the line's own is answered.
constexpr double kYieldAbove = 0.05;
constexpr int kBisections = 10;
constexpr double kTiny = 1e-4;

double excess(double sent_bps, double limit_bps) {
  return limit_bps <= 0 || sent_bps <= limit_bps ? 0.0 : 1 - limit_bps / sent_bps;
}

}  // namespace

DataRate LossModel::on_sample(Instant now, const Sample& sample, DataRate wanted,
                              DataRate present) {
  open_.sent += sample.sent;
  open_.lost = std::max(0, open_.lost + sample.lost);
  open_.bytes += sample.bytes;
  open_.span += sample.span;
  open_.queue_grows = open_.queue_grows || sample.queue_grows;
  if (!limiting_) limit_ = wanted;
  if (open_.sent < kMinPackets || open_.span < kObservation) return limit_;
  close_observation();
  choose(now, wanted, present);
  return limit_;
}

void LossModel::close_observation() {
  const double sent = open_.sent;
  const double lost = std::min(open_.lost, open_.sent);
  window_[next_] = {sent, lost, static_cast<double>(rate_of(open_.bytes, open_.span).as_bps()),
                    open_.queue_grows};
  next_ = (next_ + 1) % kWindow;
  count_ = std::min(count_ + 1, kWindow);
  loss_ += kLossSmoothing * (lost / sent - loss_);
  open_ = Sample{};
}

// The share that maximises the likelihood under the limit `bps`: where its derivative, which only
// falls, is zero.
double LossModel::best_inherent(double bps) const {
  double low = kTiny;
  double high = kMaxInherent;
  for (int i = 0; i < kBisections; ++i) {
    const double p0 = (low + high) / 2;
    double rising = (kPriorLost + remembered_lost_) / p0;
    double falling = kPriorArrived + remembered_ - remembered_lost_;
    for (size_t k = 0; k < count_; ++k) {
      const Observation& o = window_[k];
      const double q = excess(o.bps, bps);
      rising += o.lost / kDispersion * (1 - q) / (q + p0 * (1 - q));
      falling += (o.sent - o.lost) / kDispersion;
    }
    (rising > falling / (1 - p0) ? low : high) = p0;
  }
  return (low + high) / 2;
}

double LossModel::score(double bps, double inherent) const {
  double sum = (kPriorLost + remembered_lost_) * std::log(inherent) +
               (kPriorArrived + remembered_ - remembered_lost_) * std::log(1 - inherent);
  for (size_t k = 0; k < count_; ++k) {
    const Observation& o = window_[k];
    const double q = std::min(excess(o.bps, bps), 1 - kTiny);
    const double p = q + inherent * (1 - q);
    sum += (o.lost * std::log(p) + (o.sent - o.lost) * std::log(1 - p)) / kDispersion;
  }
  return sum;
}

double LossModel::window_loss() const {
  double sent = 0;
  double lost = 0;
  for (size_t k = 0; k < count_; ++k) {
    sent += window_[k].sent;
    lost += window_[k].lost;
  }
  return sent > 0 ? lost / sent : 0;
}

void LossModel::remember(const Observation& last) {
  // What was lost while the queue grew is not the line's own loss.
  if (last.queue_grew) return;
  const double fade = std::exp(-kObservation.as_seconds() / kForgetSeconds);
  remembered_ = remembered_ * fade + last.sent / kDispersion;
  remembered_lost_ = remembered_lost_ * fade + last.lost / kDispersion;
  if (remembered_ > kMaxMemory) {
    remembered_lost_ *= kMaxMemory / remembered_;
    remembered_ = kMaxMemory;
  }
}

void LossModel::choose(Instant now, DataRate wanted, DataRate present) {
  const double present_bps = static_cast<double>(present.as_bps());
  const Observation& last = window_[(next_ + kWindow - 1) % kWindow];
  if (window_loss() < kHarmless) {
    inherent_ = best_inherent(0);
    remember(last);
    lift(wanted, kLift);
    return;
  }
  if (last.queue_grew) return yield(now, last, present_bps);
  Fit best{0, best_inherent(0), 0};
  best.score = score(best.bps, best.inherent);
  for (const double share : kShares) {
    const double bps = present_bps * share;
    const double inherent = best_inherent(bps);
    const double fit = score(bps, inherent);
    if (fit > best.score) best = {bps, inherent, fit};
  }
  inherent_ = best.inherent;
  if (best.bps <= 0) {
    remember(last);
    lift(wanted, kLift);
    return;
  }
  if (best.bps >= present_bps) {
    lift(wanted, 1.0);
    return;
  }
  if (now - last_decrease_ < kDecreaseGap) return;
  last_decrease_ = now;
  limiting_ = true;
  limit_ = DataRate::bits_per_second(static_cast<int64_t>(best.bps));
}

// With a queue in front of it, loss beyond the line's own is congestion, whatever else would
// explain it: down by half of it, as TCP-friendly senders do (draft-ietf-rmcat-gcc-02 section 6).
void LossModel::yield(Instant now, const Observation& last, double present_bps) {
  const double beyond = last.lost / last.sent - inherent_;
  if (beyond < kYieldAbove || now - last_decrease_ < kDecreaseGap) return;
  last_decrease_ = now;
  limiting_ = true;
  limit_ = DataRate::bits_per_second(static_cast<int64_t>(present_bps * (1 - beyond / 2)));
}

void LossModel::lift(DataRate wanted, double factor) {
  if (!limiting_) return;
  const double next = static_cast<double>(limit_.as_bps()) * factor;
  limiting_ = next < static_cast<double>(wanted.as_bps());
  limit_ = limiting_ ? DataRate::bits_per_second(static_cast<int64_t>(next)) : wanted;
}

void LossModel::on_proven(DataRate rate) {
  if (!limiting_ || rate <= limit_) return;
  limit_ = rate;
}

}  // namespace media::estimate

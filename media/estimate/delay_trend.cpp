#include "media/estimate/delay_trend.h"

#include <algorithm>
#include <cmath>

namespace media::estimate {

namespace {

// Longest burst that is joined by its arrival alone.
constexpr Duration kMaxBurst = Duration::millis(100);
// The threshold moves by no more than this much time at once, whatever the gap between groups.
constexpr double kMaxAdaptMs = 100.0;

double millis(Duration span) {
  return static_cast<double>(span.as_micros()) / 1000.0;
}

}  // namespace

bool DelayTrend::belongs(Instant sent, Instant arrived) const {
  if (sent - current_.first_sent <= kGroupSpan) return true;
  // What the line held back and let go at once is one group too, or each packet of it would look
  // like a queue that drains.
  const Duration apart = arrived - current_.last_arrived;
  const Duration drift = apart - (sent - current_.last_sent);
  // Far back in time is no burst but another clock.
  return drift < Duration() && apart <= kGroupSpan && apart > -kMaxBurst &&
         arrived - current_.first_arrived < kMaxBurst;
}

void DelayTrend::on_arrival(Instant sent, Instant arrived, size_t bytes) {
  if (current_.filled && sent < current_.first_sent) return;  // reordered on the way
  if (current_.filled && !belongs(sent, arrived)) {
    close_group();
    current_ = Group{};
  }
  if (!current_.filled) {
    current_ = {sent, sent, arrived, arrived, 0, true};
  }
  current_.last_sent = std::max(current_.last_sent, sent);
  current_.last_arrived = std::max(current_.last_arrived, arrived);
  current_.bytes += bytes;
}

void DelayTrend::close_group() {
  if (previous_.filled) {
    const Duration sent = current_.last_sent - previous_.last_sent;
    const Duration arrived = current_.last_arrived - previous_.last_arrived;
    if (sent > kMaxGap || arrived > kMaxGap || arrived < -kMaxGap) {
      restart();
      return;
    }
    if (arrived >= Duration()) on_delta(millis(sent), millis(arrived), current_.last_arrived);
  }
  previous_ = current_;
}

void DelayTrend::restart() {
  current_ = previous_ = Group{};
  count_ = next_ = 0;
  deltas_ = 0;
  summed_ms_ = smoothed_ms_ = 0;
  slope_ = previous_slope_ = 0;
  building_ms_ = -1;
  building_count_ = 0;
  has_origin_ = has_adapted_ = false;
  trend_ = Trend::Steady;
}

void DelayTrend::on_delta(double sent_ms, double arrived_ms, Instant arrived) {
  if (!has_origin_) {
    origin_ = arrived;
    has_origin_ = true;
  }
  deltas_ = std::min(deltas_ + 1, kMaxDeltas);
  summed_ms_ += arrived_ms - sent_ms;
  smoothed_ms_ = kSmoothing * smoothed_ms_ + (1 - kSmoothing) * summed_ms_;
  points_[next_] = {millis(arrived - origin_), smoothed_ms_};
  next_ = (next_ + 1) % kWindow;
  count_ = std::min(count_ + 1, kWindow);
  decide(count_ == kWindow ? fitted_slope() : slope_, sent_ms, arrived);
}

double DelayTrend::fitted_slope() const {
  double x_mean = 0;
  double y_mean = 0;
  for (const Point& p : points_) {
    x_mean += p.arrived_ms / kWindow;
    y_mean += p.smoothed_ms / kWindow;
  }
  double above = 0;
  double below = 0;
  for (const Point& p : points_) {
    above += (p.arrived_ms - x_mean) * (p.smoothed_ms - y_mean);
    below += (p.arrived_ms - x_mean) * (p.arrived_ms - x_mean);
  }
  return below > 0 ? above / below : slope_;
}

void DelayTrend::decide(double slope, double sent_ms, Instant arrived) {
  slope_ = slope;
  if (deltas_ < 2) return;
  const double scaled = deltas_ * slope * kGain;
  if (scaled > threshold_) {
    building_ms_ = building_ms_ < 0 ? sent_ms / 2 : building_ms_ + sent_ms;
    ++building_count_;
    if (building_ms_ > kBuildingMs && building_count_ > 1 && slope >= previous_slope_) {
      building_ms_ = 0;
      building_count_ = 0;
      trend_ = Trend::Building;
    }
  } else {
    building_ms_ = -1;
    building_count_ = 0;
    trend_ = scaled < -threshold_ ? Trend::Draining : Trend::Steady;
  }
  previous_slope_ = slope;
  adapt(scaled, arrived);
}

void DelayTrend::adapt(double scaled, Instant arrived) {
  const double size = std::abs(scaled);
  const double gap =
      has_adapted_ ? std::clamp(millis(arrived - adapted_), 0.0, kMaxAdaptMs) : kMaxAdaptMs / 10;
  adapted_ = arrived;
  has_adapted_ = true;
  if (size > threshold_ + kMaxStep) return;
  const double gain = size < threshold_ ? kThresholdDown : kThresholdUp;
  threshold_ =
      std::clamp(threshold_ + gain * (size - threshold_) * gap, kMinThreshold, kMaxThreshold);
}

}  // namespace media::estimate

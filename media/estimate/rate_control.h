// The delay-based rate: up by 8 % a second, or by about a packet per round trip near the capacity
// at which the queue grew before; down to a fraction of what arrived when it grows
// (draft-ietf-rmcat-gcc-02 section 5.5). Pure. Owner: SendSideEstimator.
#pragma once

#include <optional>

#include "media/base/units.h"
#include "media/estimate/delay_trend.h"

namespace media::estimate {

struct RateLimits {
  DataRate start = DataRate::kilobits_per_second(300);
  DataRate min = DataRate::kilobits_per_second(30);
  DataRate max = DataRate::kilobits_per_second(8'000);
};

class RateControl {
 public:
  explicit RateControl(const RateLimits& limits) : limits_(limits), rate_(limits.start) {}

  struct Input {
    Trend trend = Trend::Steady;
    std::optional<DataRate> arrived;  // throughput at the receiver, made good for inherent loss
    Duration rtt;
    bool application_limited = false;
    // A queue stands in front of the line. Without one, what arrives while little is sent says
    // nothing about the line's width.
    bool full = false;
  };
  // With each feedback. Returns rate().
  DataRate update(Instant now, const Input& input);
  // A measured rate (a probe's, or a cap) replaces the present one.
  void set(Instant now, DataRate rate);
  // Nothing came back for long: `factor` of the present rate.
  void back_off(Instant now, double factor);

  [[nodiscard]] DataRate rate() const { return rate_; }
  // Around which rate the queue began to grow lately; nothing when unknown.
  [[nodiscard]] std::optional<DataRate> capacity() const;
  [[nodiscard]] Instant last_decrease() const { return last_decrease_; }

  static constexpr double kDecrease = 0.85;
  static constexpr double kIncreasePerSecond = 0.08;
  // Below some hundred kbit/s: as many packets more per second as anybody, but not beyond this
  // share.
  static constexpr double kMaxFair = 0.20;
  // More than what was shown to arrive is a guess; a receiver that lies gains no more than this.
  static constexpr double kMaxOverArrived = 1.5;
  // One decrease must have had its effect, and that must have been reported, before the next: who
  // sees the queue first would else give way twice for the others.
  static constexpr Duration kDecreaseGap = Duration::millis(150);
  static constexpr Duration kMaxDecreaseGap = Duration::millis(800);
  // Near capacity: a packet per round trip and reaction time.
  static constexpr double kPacketBits = 1200 * 8;
  static constexpr Duration kReaction = Duration::millis(100);
  // Shorter round trips grow no faster than this one: flows of different lengths share a line.
  static constexpr Duration kMinRtt = Duration::millis(100);
  static constexpr double kMinIncreaseBps = 4'000;

 private:
  void increase(Instant now, const Input& input);
  void decrease(Instant now, const Input& input);
  void learn_capacity(double arrived_kbps);
  [[nodiscard]] double deviation() const;
  [[nodiscard]] DataRate clamped(double bps) const;

  RateLimits limits_;
  DataRate rate_;
  bool holding_ = false;
  std::optional<double> capacity_kbps_;
  double variance_ = 0.4;  // normalised by the capacity
  Instant last_update_;
  bool updated_ = false;
  Instant last_decrease_ = Instant::from_micros(INT64_MIN / 2);
};

}  // namespace media::estimate

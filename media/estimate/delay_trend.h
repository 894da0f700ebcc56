// Whether the queue before the narrowest link grows, from how much further apart packets arrive
// than they were sent: groups of packets, the slope of a least-squares line through the smoothed
// sum of the differences, and a threshold that adapts to the line's own noise. After "Analysis and
// design of the Google congestion control for WebRTC" (Carlucci et al., MMSys 2016) and
// draft-ietf-rmcat-gcc-02 sections 5.1 to 5.5. Pure. Owner: SendSideEstimator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "media/base/time.h"

namespace media::estimate {

enum class Trend : uint8_t {
  Draining,  // the queue shrinks
  Steady,
  Building,  // the queue grows: the line is asked for more than it carries
};

class DelayTrend {
 public:
  // A packet that arrived, in order of sending. `sent` is on our clock, `arrived` on the
  // receiver's: only differences of either are used.
  void on_arrival(Instant sent, Instant arrived, size_t bytes);
  // Forgets the groups under way, not the threshold: after a pause or a jump of the other clock.
  void restart();

  [[nodiscard]] Trend trend() const { return trend_; }
  // Growth of the queueing delay, in milliseconds per second.
  [[nodiscard]] double slope() const { return slope_ * 1000; }
  // The smallest slope that counts as growth now, in the units of the test (scaled slope).
  [[nodiscard]] double threshold() const { return threshold_; }

  // Packets sent within this time are one group: pacers send in bursts, frames are bursts.
  static constexpr Duration kGroupSpan = Duration::millis(5);
  static constexpr size_t kWindow = 20;      // groups in the line
  static constexpr double kSmoothing = 0.9;  // of the summed delay
  static constexpr double kGain = 4.0;       // of the slope against the threshold
  static constexpr double kStartThreshold = 12.5;
  static constexpr double kMinThreshold = 6.0;
  static constexpr double kMaxThreshold = 600.0;
  // The threshold follows the slope up slowly and down more quickly; what is further above than
  // kMaxStep is an event of its own, not noise.
  static constexpr double kThresholdUp = 0.0087;
  static constexpr double kThresholdDown = 0.039;
  static constexpr double kMaxStep = 15.0;
  // Growth must last this long to count.
  static constexpr double kBuildingMs = 10.0;
  // So many groups scale the slope at most: a long flat history must not make the test deaf or mad.
  static constexpr int kMaxDeltas = 60;
  // A gap or a jump over this says nothing about a queue.
  static constexpr Duration kMaxGap = Duration::seconds(3);

 private:
  struct Group {
    Instant first_sent;
    Instant last_sent;
    Instant first_arrived;
    Instant last_arrived;
    size_t bytes = 0;
    bool filled = false;
  };
  struct Point {
    double arrived_ms = 0;
    double smoothed_ms = 0;
  };

  [[nodiscard]] bool belongs(Instant sent, Instant arrived) const;
  void close_group();
  void on_delta(double sent_ms, double arrived_ms, Instant arrived);
  [[nodiscard]] double fitted_slope() const;
  void decide(double slope, double sent_ms, Instant arrived);
  void adapt(double scaled, Instant arrived);

  Group current_;
  Group previous_;
  std::array<Point, kWindow> points_;
  size_t count_ = 0;  // points in use
  size_t next_ = 0;   // where the next one goes
  int deltas_ = 0;
  Instant origin_;
  bool has_origin_ = false;
  double summed_ms_ = 0;
  double smoothed_ms_ = 0;
  double slope_ = 0;
  double previous_slope_ = 0;
  double threshold_ = kStartThreshold;
  double building_ms_ = -1;
  int building_count_ = 0;
  Instant adapted_;
  bool has_adapted_ = false;
  Trend trend_ = Trend::Steady;
};

}  // namespace media::estimate

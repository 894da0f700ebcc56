// When to ask the line for more than is being sent, how much, and what the answer was: a short
// train of packets at a rate above the present one (draft-ietf-rmcat-gcc-02 section 5.4 for what
// follows from it). At the start in steps of three and two, after a drop towards what was before
// it, and every few seconds where the application sends less than it could and somebody waits for
// more. Pure. Owner: SendSideEstimator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "media/base/units.h"

namespace media::estimate {

// A train to be sent now, with retransmissions or padding, at `rate`.
struct Probe {
  uint8_t id = 0;  // 1..255: goes with each of its packets into on_sent()
  DataRate rate;
  size_t bytes = 0;  // at least this many
  int packets = 0;   // in at least this many packets
  bool operator==(const Probe&) const = default;
};

class Probing {
 public:
  struct Input {
    DataRate target;
    DataRate wanted;  // what would be spent if the line carried it; zero: nothing more is wanted
    DataRate max;
    bool application_limited = false;
    bool queued = false;     // packets wait on the line, or begin to
    double excess_loss = 0;  // over the line's own
    Duration rtt;
  };
  // Call often; returns a train to send at most every kMinGap.
  std::optional<Probe> poll(Instant now, const Input& input);

  // The rate fell from `before` to `after` because the line said so.
  void on_drop(Instant now, DataRate before, DataRate after);
  // A train is under way, or was until a moment ago: its own packets made a queue.
  [[nodiscard]] bool is_recent(Instant now) const { return train_ || now - finished_ < kAfter; }
  void on_sent(uint8_t id, Instant sent, size_t bytes);
  void on_arrival(uint8_t id, Instant arrived, size_t bytes);
  void on_lost(uint8_t id);
  // The rate that the last train showed, once; nothing while too few of it have been reported.
  // Never above the rate at which it was asked for.
  // `line_loss`: what the line loses whatever is sent.
  std::optional<DataRate> take_result(Instant now, double line_loss);

  // Packets of a train may be small: five of 240 bytes measure as well as five of 1200, and a line
  // of 300 kbit/s holds the voice up by 32 ms for them instead of 160.
  static constexpr int kMinPackets = 5;
  static constexpr size_t kMinBytes = 1'200;
  static constexpr int kMinArrived = 3;
  static constexpr Duration kMinSpan = Duration::millis(15);
  // Of the train that must have arrived.
  static constexpr double kMinShare = 0.6;
  static constexpr Duration kMinGap = Duration::millis(200);
  static constexpr Duration kAfter = Duration::millis(200);
  static constexpr Duration kTimeout = Duration::seconds(1);
  // The first two steps, then doubling while each is borne out.
  static constexpr double kFirst = 3.0;
  static constexpr double kFurther = 2.0;
  static constexpr double kBorneOut = 0.7;
  // After a drop to below two thirds: 0.85 of what was before, within five seconds.
  static constexpr double kDropShare = 0.66;
  static constexpr double kRecoverTo = 0.85;
  static constexpr Duration kRecoverWithin = Duration::seconds(5);
  static constexpr Duration kRecoverAfter = Duration::millis(1'000);
  // Where something more is waited for: every 3 s, half as long again each time that it showed
  // nothing, up to 6 s: a line that is wide again is found out within that time, and a train of
  // 1200 bytes in 6 s is half a percent of 300 kbit/s.
  static constexpr Duration kPeriod = Duration::seconds(3);
  static constexpr Duration kMaxPeriod = Duration::seconds(6);
  // A train measures what the line can carry, not what others leave of it. Where everything that is
  // permitted is also sent, the line has to have been without a queue for this long before it is
  // asked for more than the steady increase.
  static constexpr Duration kCalm = Duration::seconds(6);
  static constexpr Duration kShortCalm = Duration::millis(500);
  // A line that is losing beyond its own loss is not asked for more.
  static constexpr double kMaxExcessLoss = 0.05;
  // A single train never asks for more than this: at the start nobody knows the line.
  static constexpr DataRate kMaxRate = DataRate::kilobits_per_second(10'000);

 private:
  struct Train {
    Probe probe;
    Instant started;
    Instant first_sent;
    Instant last_sent;
    Instant first_arrived;
    Instant last_arrived;
    size_t sent_bytes = 0;
    size_t arrived_bytes = 0;
    size_t first_bytes = 0;  // of the first to arrive: its own time is not in the span
    size_t last_sent_bytes = 0;
    int sent = 0;
    int arrived = 0;
    int lost = 0;
  };
  std::optional<Probe> start(Instant now, double bps, const Input& input);
  [[nodiscard]] std::optional<double> due(Instant now, const Input& input) const;
  void finish(Instant now, std::optional<DataRate> result);

  std::optional<Train> train_;
  uint8_t next_id_ = 1;
  bool first_done_ = false;
  Instant queued_at_ = Instant::from_micros(INT64_MIN / 2);
  Instant last_start_ = Instant::from_micros(INT64_MIN / 2);
  Instant finished_ = Instant::from_micros(INT64_MIN / 2);
  Instant dropped_at_ = Instant::from_micros(INT64_MIN / 2);
  DataRate before_drop_;
  bool recovering_ = false;
  Duration period_ = kPeriod;
  DataRate asked_from_;             // the target when the train was started
  std::optional<double> next_bps_;  // the step after one that was borne out
};

}  // namespace media::estimate

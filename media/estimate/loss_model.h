// How much of the loss comes from asking too much, and how much the line loses whatever is sent.
//
// The model (of libwebrtc's second loss-based estimator, described at rtcbits.com 2024): a packet
// sent at rate S over a line of bandwidth B that loses p0 of its own is lost with probability
// p0 + (1 - p0) * max(0, 1 - B / S). At one rate the two cannot be told apart; so when more is lost
// than the line is known to lose, less is sent for about a second. Loss that stays is the line's
// own: it is remembered, and the rate comes back at once. Loss that goes was congestion: the rate
// stays at what arrived. Radio that loses 20 % keeps its picture; a policer that drops 20 % is
// obeyed. With a queue in front of it nothing has to be tried: that is congestion. Pure. Owner:
// SendSideEstimator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "media/base/units.h"

namespace media::estimate {

class LossModel {
 public:
  // Outcome of packets sent: `lost` of `sent`, `bytes` in all (lost ones too), which left within
  // `span`. `queue_grows`: there is a queue: the line is full.
  struct Sample {
    int sent = 0;
    int lost = 0;
    int64_t bytes = 0;
    Duration span;
    bool queue_grows = false;
  };
  // `wanted`: the rate that everything else permits. Returns limit().
  DataRate on_sample(Instant now, const Sample& sample, DataRate wanted, DataRate present);

  // The rate that the loss permits; as high as `wanted` when it sets no limit.
  [[nodiscard]] DataRate limit() const { return limit_; }
  [[nodiscard]] bool is_limiting() const { return limiting_; }
  // The line's own loss, 0..kMaxInherent.
  [[nodiscard]] double inherent() const { return inherent_; }
  // Of the last second or so, 0..1.
  [[nodiscard]] double loss() const { return loss_; }
  // A probe showed that the line carries this much.
  void on_proven(DataRate rate);

  // One observation lasts at least this long and has this many packets.
  static constexpr Duration kObservation = Duration::millis(250);
  static constexpr int kMinPackets = 10;
  // So many observations, a second, say how much is lost now.
  static constexpr size_t kRecent = 4;
  // No line that loses more of its own than this can carry a lesson; more is congestion.
  static constexpr double kMaxInherent = 0.40;
  // So much more than the line's own is to be explained; less, queues of other flows drop.
  static constexpr double kMargin = 0.03;
  // Packets are lost in bursts (mean of about four on radio): that many count as one piece of
  // evidence.
  static constexpr double kDispersion = 4.0;
  // While it is being found out, this share of the rate is sent, for so many observations.
  static constexpr double kTestShare = 0.7;
  static constexpr int kTestObservations = 3;
  // A rate that has not come down by then will not: what is left is voices.
  static constexpr Duration kTestWithin = Duration::millis(2'000);
  // The next test after one that showed the line's own loss; twice as long each time.
  static constexpr Duration kTestGap = Duration::seconds(5);
  static constexpr Duration kTestGapMax = Duration::seconds(40);
  // After congestion so many times without a new test: it was shown a moment ago.
  static constexpr int kTrusted = 1;

 private:
  struct Observation {
    double sent = 0;
    double lost = 0;
    double bps = 0;
    bool queue_grew = false;
  };
  struct Test {
    Instant since;
    double loss = 0;  // before
    double bps = 0;   // before
    double sent = 0;  // during
    double lost = 0;
    double during_bps = 0;
    int observations = 0;
  };
  Observation close_observation();
  void watch(Instant now, const Observation& last, DataRate wanted);
  void learn(const Observation& last);
  void yield(Instant now, const Observation& last, DataRate wanted, DataRate present);
  void start_test(Instant now, const Observation& recent);
  void go_on_testing(Instant now, const Observation& last, DataRate wanted);
  void judge(Instant now, DataRate wanted);
  void obey(Instant now, double bps);
  void lift(Instant now, DataRate wanted);
  [[nodiscard]] Observation recent() const;
  [[nodiscard]] bool is_suspicious(const Observation& recent) const;

  std::array<Observation, kRecent> recent_{};
  size_t next_ = 0;
  Sample open_;
  std::optional<Test> test_;
  Instant last_test_ = Instant::from_micros(INT64_MIN / 2);
  Duration test_gap_ = kTestGap;
  int trusted_ = 0;
  double inherent_ = 0;
  double loss_ = 0;
  bool limiting_ = false;
  DataRate limit_;
  Instant last_change_;
  Instant last_yield_ = Instant::from_micros(INT64_MIN / 2);
};

}  // namespace media::estimate

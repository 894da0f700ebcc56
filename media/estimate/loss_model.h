// How much of the loss comes from asking too much, and how much the line loses whatever is sent.
//
// The model: a packet sent at rate S over a line of bandwidth B that loses p0 of its own is lost
// with probability p0 + (1 - p0) * max(0, 1 - B / S). Of a few candidates for B the one is taken
// that explains best, together with its best p0, what was sent and lost in the last seconds
// (maximum likelihood; the model is that of libwebrtc's second loss-based estimator, described at
// rtcbits.com 2024). What distinguishes the two causes is that loss from congestion goes away when
// less is sent: the first loss is therefore answered with less, and when the loss stays, the rate
// comes back. What is learnt of the line's own loss is forgotten only over minutes, so that this is
// not done again and again. Radio that loses 20 % keeps its picture; a policer that drops 20 % is
// obeyed. Pure. Owner: SendSideEstimator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

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
  static constexpr size_t kWindow = 16;
  // No line that loses more of its own than this can carry a lesson; more is congestion.
  static constexpr double kMaxInherent = 0.40;
  // Below this nothing is to be explained: queues of other flows drop single packets.
  static constexpr double kHarmless = 0.02;
  // Packets are lost in bursts (mean of about four on radio): that many count as one piece of
  // evidence.
  static constexpr double kDispersion = 4.0;

 private:
  struct Observation {
    double sent = 0;
    double lost = 0;
    double bps = 0;
    bool queue_grew = false;
  };
  struct Fit {
    double bps = 0;  // 0: no limit
    double inherent = 0;
    double score = 0;
  };
  void close_observation();
  void choose(Instant now, DataRate wanted, DataRate present);
  void remember(const Observation& last);
  void yield(Instant now, const Observation& last, double present_bps);
  void lift(DataRate wanted, double factor);
  [[nodiscard]] double best_inherent(double bps) const;
  [[nodiscard]] double score(double bps, double inherent) const;
  [[nodiscard]] double window_loss() const;

  std::array<Observation, kWindow> window_;
  size_t count_ = 0;
  size_t next_ = 0;
  Sample open_;
  // What is remembered of the line's own loss: packets (in pieces of evidence) seen and lost.
  double remembered_ = 0;
  double remembered_lost_ = 0;
  double inherent_ = 0;
  double loss_ = 0;
  bool limiting_ = false;
  DataRate limit_;
  Instant last_decrease_ = Instant::from_micros(INT64_MIN / 2);
};

}  // namespace media::estimate

// Flows over a bottleneck in virtual time, after RFC 8867: media that follows our estimator through
// our pacer, and TCP Reno beside it. Feedback goes as real RTCP bytes through the other direction's
// link. Everything comes from one seed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "media/allocate/allocator.h"
#include "media/base/rng.h"
#include "media/estimate/send_side_estimator.h"
#include "media/pace/pacer.h"
#include "media/receive/transport_cc_recorder.h"

namespace sim {

using media::DataRate;
using media::Duration;
using media::Instant;

inline constexpr DataRate kbps(int64_t v) {
  return DataRate::kilobits_per_second(v);
}
inline constexpr Instant at_second(double s) {
  return Instant::from_micros(static_cast<int64_t>(s * 1e6));
}

struct LinePacket {
  size_t flow = 0;
  bool is_feedback = false;  // of the flow's receiver, or an acknowledgement
  size_t bytes = 0;          // with all headers
  uint16_t sequence = 0;
  int64_t number = 0;  // TCP segment or acknowledgement
  bool voice = false;
  bool padding = false;
  std::vector<uint8_t> payload;  // feedback
};

struct BottleneckParams {
  std::vector<std::pair<double, int64_t>> kbps_from;  // {second, kbit/s}, ascending
  Duration delay = Duration::millis(50);
  Duration queue = Duration::millis(300);  // drop-tail, at the capacity of the moment
  Duration jitter;                         // uniform, order is kept
  double loss = 0;                         // independent, behind the queue
  double mean_burst = 1;                   // above 1: lost in bursts (Gilbert)
  double outage_from = -1;                 // nothing passes in between, seconds
  double outage_to = -1;
};

class Bottleneck {
 public:
  Bottleneck(uint64_t seed, BottleneckParams params) : rng_(seed), params_(std::move(params)) {}

  void send(Instant now, LinePacket packet, Duration extra_delay);
  template <class Deliver>
  void deliver(Instant now, Deliver&& to) {
    while (!under_way_.empty() && under_way_.begin()->first <= now) {
      LinePacket packet = std::move(under_way_.begin()->second);
      under_way_.erase(under_way_.begin());
      to(std::move(packet));
    }
  }
  int64_t bps(Instant now) const;
  // Time spent in the queue by each packet that left it, with the moment at which it came.
  const std::vector<std::pair<Instant, Duration>>& queued() const { return queued_; }
  Duration queue_p95(Instant from, Instant to) const;

 private:
  bool is_lost();

  media::SplitMix64 rng_;
  BottleneckParams params_;
  Instant busy_until_;
  Instant last_out_;
  bool in_burst_ = false;
  std::multimap<Instant, LinePacket> under_way_;
  std::vector<std::pair<Instant, Duration>> queued_;
};

// What arrived, second by second.
struct Arrivals {
  std::vector<int64_t> bytes;  // of media, without padding, per tenth of a second
  uint64_t sent = 0;
  uint64_t arrived = 0;
  uint64_t voice_sent = 0;
  uint64_t voice_arrived = 0;
  uint64_t padding_bytes = 0;
  DataRate rate(double from, double to) const;
};

// One sender or one TCP connection with both its ends.
class Flow {
 public:
  virtual ~Flow() = default;
  virtual void tick(Instant now) = 0;
  virtual void on_arrival(Instant now, LinePacket packet) = 0;   // at the receiver
  virtual void on_feedback(Instant now, LinePacket packet) = 0;  // at the sender
  Arrivals arrivals;
  Duration extra_delay;  // one way, on top of the bottleneck's
  std::function<void(LinePacket)> forward;
  std::function<void(LinePacket)> back;
};

struct MediaFlowParams {
  double start = 0;
  double end = 1e9;
  double pause_from = -1;
  double pause_to = -1;
  int64_t max_kbps = 4'000;  // of the picture
  int64_t min_kbps = 50;
  std::vector<int64_t> layers;  // kbit/s: the best that fits is sent; empty: any rate
  // The layers are chosen by our allocator, as for the teacher's picture.
  bool allocate = false;
  bool voice = true;
  bool lies_all_lost = false;  // the receiver reports that nothing arrived
  bool lies_all_well = false;  // ... that everything arrived as it was sent
  media::estimate::EstimatorParams estimator;
};

class MediaFlow : public Flow {
 public:
  MediaFlow(uint64_t seed, MediaFlowParams params);
  void tick(Instant now) override;
  void on_arrival(Instant now, LinePacket packet) override;
  void on_feedback(Instant now, LinePacket packet) override;

  const media::estimate::SendSideEstimator& estimator() const { return estimator_; }
  // The target, per tenth of a second.
  const std::vector<DataRate>& targets() const { return targets_; }
  DataRate lowest_target(double from, double to) const;
  DataRate mean_target(double from, double to) const;
  uint64_t frames_dropped() const { return frames_dropped_; }
  // Times at which the allocator gave the picture more or less than before, or paused it.
  const std::vector<Instant>& changes() const { return changes_; }
  const media::allocate::Allocation& allocation() const { return allocator_.allocation(); }

 private:
  int64_t picture_bps() const;
  void allocate(Instant now);
  void make_frame(Instant now);
  void offer(Instant now, LinePacket packet, media::pace::PacedPacket paced);
  void put(Instant now, LinePacket packet, media::estimate::SentKind kind);
  void send_feedback(Instant now);
  void send_padding(Instant now);

  MediaFlowParams params_;
  media::SplitMix64 rng_;
  media::estimate::SendSideEstimator estimator_;
  media::pace::Pacer pacer_;
  std::map<uint32_t, LinePacket> held_;
  uint32_t next_handle_ = 1;
  uint16_t next_sequence_ = 1;
  Instant next_frame_;
  Instant next_voice_;
  Instant next_tick_;
  Instant next_sample_;
  bool key_wanted_ = true;
  uint64_t frames_dropped_ = 0;
  media::receive::TransportCcRecorder recorder_;
  media::receive::TransportCcRecorder::Feedback feedback_;
  std::vector<media::rtcp::PacketStatus> statuses_;
  std::vector<uint32_t> handles_;
  std::vector<media::SlotId> wishes_;
  std::vector<DataRate> targets_;
  media::allocate::Allocator allocator_;
  std::vector<media::allocate::Want> wants_;
  std::vector<Instant> changes_;
  Instant next_allocation_;
};

// Greedy or of `bytes`, with slow start, fast retransmit and time-outs (RFC 5681, 6298); no SACK.
struct RenoParams {
  double start = 0;
  double end = 1e9;
  int64_t bytes = -1;  // -1: without end
};

class RenoFlow : public Flow {
 public:
  explicit RenoFlow(RenoParams params) : params_(params) {}
  void tick(Instant now) override;
  void on_arrival(Instant now, LinePacket packet) override;
  void on_feedback(Instant now, LinePacket packet) override;
  bool done() const;

 private:
  static constexpr size_t kSegment = 1'460;
  void send_segment(Instant now, int64_t number);

  RenoParams params_;
  int64_t acked_ = 0;  // next segment that the receiver expects
  int64_t next_ = 0;
  int64_t recover_ = -1;
  double window_ = 10;
  double threshold_ = 1e9;
  int duplicates_ = 0;
  std::map<int64_t, Instant> sent_;  // first transmissions, for the round trip
  Duration rtt_ = Duration::millis(200);
  Instant timeout_ = Instant::never();
  int64_t expected_ = 0;  // at the receiver
  std::map<int64_t, bool> beyond_;
};

class Network {
 public:
  Network(uint64_t seed, BottleneckParams forward, BottleneckParams back);
  // `reversed`: its media go where the others' feedback goes.
  template <class F>
  F& add(std::unique_ptr<F> flow, bool reversed = false) {
    F& added = *flow;
    connect(std::move(flow), reversed);
    return added;
  }
  void run_until(double second);
  Instant now() const { return now_; }
  Bottleneck& line() { return forward_; }

 private:
  void connect(std::unique_ptr<Flow> flow, bool reversed);

  Bottleneck forward_;
  Bottleneck back_;
  std::vector<std::unique_ptr<Flow>> flows_;
  std::vector<bool> reversed_;
  Instant now_;
};

}  // namespace sim

// How much one receiver's line carries, from the sender's side: transport-wide feedback in, a rate
// out. Delay says when the queue grows (delay_trend), loss what the line drops when asked for too
// much (loss_model), trains of packets find out about more (probing).
//
// Call on_sent() for every datagram with a transport-wide number, on_feedback() for every such RTCP
// block, on_tick() every 20 to 100 ms, then read state(). A packet sent costs one write into a
// ring; nothing is allocated after the first packet. What a receiver reports can change its own
// estimate and nothing else; reports that cannot be true are counted and left. Pure. Owner: one per
// receiver. Thread: the owner's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "media/base/units.h"
#include "media/estimate/delay_trend.h"
#include "media/estimate/loss_model.h"
#include "media/estimate/probing.h"
#include "media/estimate/rate_control.h"
#include "media/estimate/throughput.h"
#include "media/rtcp/transport_cc.h"

namespace media::estimate {

// IPv4 and UDP headers: the line carries them too. Sizes and rates here count datagrams with them.
inline constexpr size_t kIpUdpBytes = 28;

enum class SentKind : uint8_t { Media, Retransmission, Padding };

struct EstimatorParams {
  RateLimits limits;
  // The receiver sends transport-wide feedback. Without it there is no estimate: the target is the
  // maximum, or what the receiver's REMB says.
  bool has_feedback = true;
};

struct EstimatorState {
  DataRate target;       // what may be sent, everything counted, headers of UDP and IP too
  DataRate arrived;      // what lately arrived; zero before it is known
  DataRate sent;         // what was lately sent
  double loss = 0;       // of the last second or so, 0..1
  double line_loss = 0;  // of that, what the line loses whatever is sent
  Duration rtt;          // 100 ms before it is known
  Duration queue_delay;  // one-way delay over the least of the last half minute
  Trend trend = Trend::Steady;
  bool application_limited = false;  // less is sent than the target for want of anything to send
  bool has_feedback = false;         // at least one report was believed
  bool silent = false;               // packets go out and nothing comes back
};

// Feedback that was left, by reason.
struct FeedbackCounters {
  uint64_t reports = 0;
  uint64_t unknown_packets = 0;  // never sent, or too long ago
  uint64_t repeated = 0;         // reported before
  uint64_t impossible = 0;       // arrival times that no line makes
};

class SendSideEstimator {
 public:
  explicit SendSideEstimator(const EstimatorParams& params);

  // A datagram of `bytes` (without kIpUdpBytes) leaves now. Numbers go up by one from packet to
  // packet; others start the history anew. `probe`: the train it belongs to, 0 for none.
  void on_sent(Instant now, uint16_t transport_sequence, size_t bytes, SentKind kind,
               uint8_t probe = 0);
  // One transport-wide report, as rtcp::parse_transport_feedback() gives it.
  void on_feedback(Instant now, const rtcp::TransportFeedback& head,
                   std::span<const rtcp::PacketStatus> statuses);
  // From receiver reports; more precise than what feedback tells.
  void on_round_trip(Duration rtt);
  // The receiver's own estimate: a cap for kRembValid, never a reason to send more, and never below
  // kRembFloor, since a voice must go on.
  void on_remb(Instant now, DataRate rate);
  // What would be spent on this receiver if its line carried it; zero: it has all it wants. Probes
  // stop there.
  void set_wanted(DataRate wanted) { wanted_ = wanted; }
  void on_tick(Instant now);

  // A train to send now; see Probe. At most one at a time.
  std::optional<Probe> take_probe(Instant now);

  [[nodiscard]] const EstimatorState& state() const { return state_; }
  [[nodiscard]] const FeedbackCounters& counters() const { return counters_; }

  // Packets that may be under way: 2.5 s at 400 packets a second, 8 bytes each.
  static constexpr size_t kHistory = 1024;
  static constexpr Duration kDefaultRtt = Duration::millis(100);
  static constexpr Duration kMaxRtt = Duration::seconds(5);
  static constexpr Duration kRembValid = Duration::seconds(5);
  static constexpr DataRate kRembFloor = DataRate::kilobits_per_second(40);
  // Nothing came back for this long (or three round trips) while packets went out: half, and again.
  static constexpr Duration kSilence = Duration::millis(1'000);
  static constexpr double kSilenceFactor = 0.5;
  // Less than this share of the target is sent: application limited; ends at kFullShare.
  static constexpr double kLimitedShare = 0.65;
  static constexpr double kFullShare = 0.80;
  static constexpr Duration kSentWindow = Duration::millis(500);
  // The least one-way delay is that of this long, in two halves.
  static constexpr Duration kBaseDelaySpan = Duration::seconds(15);

  // Falls that follow each other within this time are one; what was before it is probed for.
  static constexpr Duration kFallSpan = Duration::seconds(5);

  // More waiting than a frame's own burst makes: loss is then congestion, and nothing is probed.
  static constexpr Duration kQueued = Duration::millis(60);
  // Less than this is jitter of the machines and frames of others, not a queue of ours. Where less
  // is sent than could be, a key frame alone may make more.
  static constexpr Duration kNotable = Duration::millis(40);
  static constexpr Duration kNotableLimited = Duration::millis(80);
  // Somebody's packets wait: a line with this is not empty.
  static constexpr Duration kQueuedALittle = Duration::millis(25);
  // Longer than this for half a second, a queue that stands still is drained: a voice must not be
  // late for good.
  static constexpr Duration kStanding = Duration::millis(100);
  static constexpr Duration kStandingFor = Duration::millis(500);
  // Whether giving way shortened the queue is judged after this; up to 16 times as long where it
  // did not.
  static constexpr Duration kJudgeAfter = Duration::millis(1'000);
  static constexpr int kMaxFutile = 4;

 private:
  enum class Fate : uint8_t { Free, UnderWay, Arrived, Lost };
  struct SentPacket {
    uint32_t sent_us = 0;  // low 32 bits
    uint16_t bytes = 0;
    uint8_t probe = 0;
    Fate fate = Fate::Free;
  };
  struct Batch {       // what one report says in sum
    int reported = 0;  // for the first time
    int arrived = 0;
    int lost = 0;  // below zero when packets only came late
    int64_t bytes = 0;
    Instant last_sent = Instant::from_micros(INT64_MIN / 2);
    Duration newest_age;
    Duration queued;  // summed over `arrived`
  };

  void restart_history(uint16_t sequence);
  SentPacket* find(uint16_t sequence);
  static Instant sent_at(Instant now, const SentPacket& packet);
  Instant arrival_base(Instant now, const rtcp::TransportFeedback& head);
  void forget_clock();
  void take_status(Instant now, const rtcp::PacketStatus& status, Instant base, Batch& batch);
  void take_arrival(Instant now, const SentPacket& packet, Instant arrived, Batch& batch);
  void update_base_delay(Instant now, Duration one_way);
  [[nodiscard]] bool is_newest_told() const;
  void update_rate(Instant now, const Batch& batch);
  [[nodiscard]] bool is_queued() const;
  Trend trend_to_obey(Instant now);
  bool is_standing(Instant now);
  bool is_worth_giving_way(Instant now, Duration waits);
  void note_drop(Instant now);
  void take_probe_result(Instant now);
  void update_sent(Instant now);
  void check_silence(Instant now);
  [[nodiscard]] DataRate cap(Instant now) const;
  void publish(Instant now);

  EstimatorParams params_;
  std::unique_ptr<std::array<SentPacket, kHistory>> history_;
  int64_t next_sequence_ = 0;  // unwrapped: one above the newest sent
  int64_t first_sequence_ = 0;
  int64_t sent_bytes_ = 0;   // since the window below began
  int64_t media_bytes_ = 0;  // of those, what is no padding
  Instant sent_window_;
  Instant last_sent_;
  Instant first_unanswered_ = Instant::never();
  Instant last_feedback_;
  Instant last_back_off_;
  DataRate before_silence_;
  Instant told_until_;  // packets sent up to here have been reported on
  bool has_told_ = false;
  DataRate highest_;  // since the last drop
  DataRate before_fall_;
  Instant falling_since_ = Instant::from_micros(INT64_MIN / 2);

  std::optional<uint32_t> reference_;  // of the last report, 24 bits
  int64_t reference_ticks_ = 0;        // unwrapped
  Duration rtt_ = kDefaultRtt;
  bool rtt_reported_ = false;
  Instant base_since_;
  std::optional<Duration> base_now_;
  std::optional<Duration> base_before_;
  Duration queue_delay_;   // smoothed
  Duration newest_queue_;  // of the last report
  Instant standing_since_ = Instant::never();
  Instant gave_way_ = Instant::from_micros(INT64_MIN / 2);
  Duration gave_way_at_;
  Duration least_queue_;
  int futile_ = 0;

  DelayTrend delay_;
  Throughput throughput_;
  RateControl control_;
  LossModel loss_;
  Probing probing_;
  DataRate wanted_;
  std::optional<DataRate> remb_;
  Instant remb_at_;
  EstimatorState state_;
  FeedbackCounters counters_;
};

}  // namespace media::estimate

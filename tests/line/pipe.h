// One direction of an emulated line in virtual time: datagrams go in, and come out when they are
// due, if they do. The same parameters, seed and input give the same output. The one emulator of
// the project: simulations call it directly, relays and the namespace runner give it a clock.
// Pure. Owner and thread: one caller, whose `now` never steps back.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "media/base/rng.h"
#include "tests/line/loss_model.h"
#include "tests/line/params.h"
#include "tests/line/statistics.h"

namespace line {

using Bytes = std::vector<uint8_t>;

// A stream's bytes are never lost: an outage holds them, and a loss costs a round trip, as a
// retransmission would.
enum class Carriage : uint8_t { Datagram, Stream };

class Pipe {
 public:
  // `start` is the zero of the schedule.
  Pipe(Schedule schedule, uint64_t seed, Instant start);

  // `tag` comes out with the bytes.
  void offer(Instant now, Bytes bytes, uint32_t tag = 0, Carriage carriage = Carriage::Datagram);
  // Calls `to(Bytes, tag)` for everything that has arrived by `now`, in the order of arrival.
  template <class Deliver>
  void deliver(Instant now, Deliver&& to);
  // When deliver() next has something to do, never later than the first arrival; Instant::never()
  // while nothing is under way.
  [[nodiscard]] Instant next_due() const;

  // Begins `schedule` and the statistics anew; what is under way stays so.
  void restart(Instant now, Schedule schedule);
  // The parameters at present; changes hold until the schedule's next step. A trace is not changed
  // here.
  Params& params() { return params_; }
  [[nodiscard]] const Params& params() const { return params_; }
  // Bytes that wait before the bottleneck.
  [[nodiscard]] int64_t queued_bytes() const { return queued_bytes_; }
  [[nodiscard]] const Statistics& statistics() const { return statistics_; }

 private:
  struct Packet {
    Bytes bytes;
    uint32_t tag = 0;
    Carriage carriage = Carriage::Datagram;
    uint64_t ordinal = 0;
    Instant offered;
  };
  using Key = std::pair<Instant, uint64_t>;  // due, then in the order of leaving the bottleneck

  void advance(Instant now);
  void serve(Instant until);
  void take_step();
  void begin_step(size_t index);
  [[nodiscard]] bool would_wait_too_long(size_t bytes) const;
  [[nodiscard]] Instant head_done() const;
  void begin_head();
  void spend(Instant until);
  void leave_bottleneck();
  void lose(LossReason reason) { ++statistics_.lost[static_cast<size_t>(reason)]; }
  void send_on_way(Packet packet);
  void count_delivered(const Packet& packet);

  Schedule schedule_;
  uint64_t seed_;
  Instant cycle_start_;
  Instant trace_start_;
  size_t step_ = 0;
  Instant next_step_;
  Params params_;

  Instant cursor_;  // everything before is settled
  std::deque<Packet> queue_;
  int64_t queued_bytes_ = 0;
  int64_t head_left_ = 0;  // of the first in the queue: bit-microseconds, or bytes with a trace
  Instant head_began_;
  uint64_t opportunity_ = 0;  // next one of the trace
  int64_t credit_ = 0;        // bytes left of the last one that was used

  LossModel losses_;
  media::SplitMix64 jitter_rng_;
  media::SplitMix64 reorder_rng_;
  media::SplitMix64 duplicate_rng_;
  std::map<Key, Packet> on_way_;
  uint64_t next_ordinal_ = 0;
  uint64_t next_departure_ = 0;
  uint64_t newest_delivered_ = 0;
  Instant last_in_order_;                       // of datagrams
  std::map<uint32_t, Instant> last_of_stream_;  // by tag
  Statistics statistics_;
};

template <class Deliver>
void Pipe::deliver(Instant now, Deliver&& to) {
  advance(now);
  while (!on_way_.empty() && on_way_.begin()->first.first <= now) {
    Packet packet = std::move(on_way_.begin()->second);
    on_way_.erase(on_way_.begin());
    count_delivered(packet);
    to(std::move(packet.bytes), packet.tag);
  }
}

}  // namespace line

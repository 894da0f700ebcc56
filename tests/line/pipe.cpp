#include "tests/line/pipe.h"

#include <algorithm>

#include "media/base/check.h"

namespace line {

namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
// What a retransmission costs besides the round trip: the receiver's delayed answer.
constexpr Duration kStreamLossExtra = Duration::millis(10);

int64_t ceil_divide(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

}  // namespace

Pipe::Pipe(Schedule schedule, uint64_t seed, Instant start)
    : seed_(seed),
      cursor_(start),
      losses_(seed),
      jitter_rng_(seed ^ 0x4a495454),
      reorder_rng_(seed ^ 0x52454f52),
      duplicate_rng_(seed ^ 0x4455504c) {
  restart(start, std::move(schedule));
}

void Pipe::restart(Instant now, Schedule schedule) {
  if (now > cursor_) advance(now);
  CHECK(!schedule.steps.empty() && schedule.steps.front().at == Duration());
  schedule_ = std::move(schedule);
  cycle_start_ = now;
  trace_start_ = now;
  credit_ = 0;
  losses_ = LossModel(seed_);
  jitter_rng_ = media::SplitMix64(seed_ ^ 0x4a495454);
  reorder_rng_ = media::SplitMix64(seed_ ^ 0x52454f52);
  duplicate_rng_ = media::SplitMix64(seed_ ^ 0x4455504c);
  statistics_ = {};
  begin_step(0);
}

void Pipe::begin_step(size_t index) {
  step_ = index;
  const bool had_trace = params_.trace != nullptr;
  params_ = schedule_.steps[index].params;
  if (index + 1 < schedule_.steps.size()) {
    next_step_ = cycle_start_ + schedule_.steps[index + 1].at;
  } else {
    next_step_ = schedule_.repeat > Duration() ? cycle_start_ + schedule_.repeat : Instant::never();
  }
  credit_ = 0;
  if (params_.trace) opportunity_ = params_.trace->first_from(cursor_ - trace_start_);
  // What has left of the first in the queue stays so.
  constexpr int64_t kPerByte = 8 * kMicrosPerSecond;
  if (had_trace && !params_.trace) head_left_ *= kPerByte;
  if (!had_trace && params_.trace) head_left_ = ceil_divide(head_left_, kPerByte);
}

void Pipe::take_step() {
  if (step_ + 1 < schedule_.steps.size()) return begin_step(step_ + 1);
  cycle_start_ = next_step_;
  begin_step(0);
}

void Pipe::advance(Instant now) {
  while (next_step_ <= now) {
    serve(next_step_);
    take_step();
  }
  serve(now);
}

// Settles everything up to `until`, which lies before the next step.
void Pipe::serve(Instant until) {
  while (!queue_.empty()) {
    if (params_.out) {
      if (queue_.front().carriage == Carriage::Stream) break;
      lose(LossReason::Outage);
      queued_bytes_ -= static_cast<int64_t>(queue_.front().bytes.size());
      queue_.pop_front();
      if (!queue_.empty()) begin_head();
      continue;
    }
    const Instant done = head_done();
    if (done > until) {
      spend(until);
      break;
    }
    cursor_ = std::max(cursor_, done);
    leave_bottleneck();
  }
  cursor_ = std::max(cursor_, until);
}

// The first in the queue meets the bottleneck at the cursor.
void Pipe::begin_head() {
  const auto size = static_cast<int64_t>(queue_.front().bytes.size());
  head_left_ = params_.trace ? size : size * 8 * kMicrosPerSecond;
  head_began_ = std::max(cursor_, queue_.front().offered);
}

Instant Pipe::head_done() const {
  if (params_.trace) {
    const int64_t missing = head_left_ - credit_;
    if (missing <= 0) return cursor_;
    const auto more =
        static_cast<uint64_t>(ceil_divide(missing, CapacityTrace::kBytesPerOpportunity));
    return trace_start_ + params_.trace->time_of(opportunity_ + more - 1);
  }
  if (params_.bits_per_second <= 0) return cursor_;
  return cursor_ + Duration::micros(ceil_divide(head_left_, params_.bits_per_second));
}

// Uses what the bottleneck offers between the cursor and `until` for a head that is not done then.
void Pipe::spend(Instant until) {
  if (until <= cursor_) return;
  if (params_.trace) {
    head_left_ -= credit_;
    credit_ = 0;
    while (trace_start_ + params_.trace->time_of(opportunity_) <= until) {
      head_left_ -= CapacityTrace::kBytesPerOpportunity;
      ++opportunity_;
    }
    return;
  }
  head_left_ -= params_.bits_per_second * (until - cursor_).as_micros();
}

void Pipe::leave_bottleneck() {
  Packet packet = std::move(queue_.front());
  queue_.pop_front();
  queued_bytes_ -= static_cast<int64_t>(packet.bytes.size());
  statistics_.queue_wait.add(head_began_ - packet.offered);
  if (params_.trace) {
    credit_ -= head_left_;
    while (credit_ < 0) {
      credit_ += CapacityTrace::kBytesPerOpportunity;
      ++opportunity_;
    }
  }
  if (!queue_.empty()) begin_head();
  send_on_way(std::move(packet));
}

void Pipe::send_on_way(Packet packet) {
  const bool stream = packet.carriage == Carriage::Stream;
  // One draw of each kind for every packet, wanted or not: see LossModel.
  const auto lost = losses_.next(params_);
  const double jitter = draw_share(jitter_rng_);
  const bool held_back = draw_share(reorder_rng_) < params_.reorder;
  const bool twice = draw_share(duplicate_rng_) < params_.duplicate;
  if (lost && !stream) return lose(*lost);
  Duration way = params_.delay + Duration::micros(static_cast<int64_t>(
                                     jitter * static_cast<double>(params_.jitter.as_micros())));
  if (lost) way += params_.delay * 2 + kStreamLossExtra;
  Instant due = cursor_ + way;
  if (params_.in_order || stream) {
    Instant& last = stream ? last_of_stream_[packet.tag] : last_in_order_;
    due = std::max(due, last);
    last = due;
  }
  if (held_back && !stream) due += params_.reorder_by;
  if (twice && !stream) {
    ++statistics_.duplicated;
    on_way_.emplace(Key(due, next_departure_++), packet);
  }
  on_way_.emplace(Key(due, next_departure_++), std::move(packet));
}

bool Pipe::would_wait_too_long(size_t bytes) const {
  if (queue_.empty()) return false;
  if (params_.max_queue_bytes > 0 &&
      queued_bytes_ + static_cast<int64_t>(bytes) > params_.max_queue_bytes)
    return true;
  if (params_.trace) {
    const auto ahead =
        static_cast<uint64_t>(ceil_divide(queued_bytes_, CapacityTrace::kBytesPerOpportunity));
    const Instant turn = trace_start_ + params_.trace->time_of(opportunity_ + ahead);
    return turn - cursor_ > params_.max_queue;
  }
  if (params_.bits_per_second <= 0) return false;
  const int64_t behind_head = queued_bytes_ - static_cast<int64_t>(queue_.front().bytes.size());
  const int64_t ahead = head_left_ + behind_head * 8 * kMicrosPerSecond;
  return Duration::micros(ahead / params_.bits_per_second) > params_.max_queue;
}

void Pipe::offer(Instant now, Bytes bytes, uint32_t tag, Carriage carriage) {
  advance(now);
  ++statistics_.offered_packets;
  statistics_.offered_bytes += bytes.size();
  if (carriage == Carriage::Datagram) {
    if (params_.out) return lose(LossReason::Outage);
    if (would_wait_too_long(bytes.size())) return lose(LossReason::QueueFull);
  }
  queued_bytes_ += static_cast<int64_t>(bytes.size());
  queue_.push_back({std::move(bytes), tag, carriage, next_ordinal_++, now});
  if (queue_.size() == 1) {
    // What the trace offered to an empty queue is gone.
    if (params_.trace) {
      credit_ = 0;
      opportunity_ = std::max(opportunity_, params_.trace->first_from(now - trace_start_));
    }
    begin_head();
  }
  serve(now);
}

Instant Pipe::next_due() const {
  Instant due = on_way_.empty() ? Instant::never() : on_way_.begin()->first.first;
  if (queue_.empty()) return due;
  // An outage that holds a stream ends with the next step.
  due = std::min(due, next_step_);
  return params_.out ? due : std::min(due, head_done());
}

void Pipe::count_delivered(const Packet& packet) {
  ++statistics_.delivered_packets;
  statistics_.delivered_bytes += packet.bytes.size();
  if (packet.ordinal < newest_delivered_) ++statistics_.overtaken;
  newest_delivered_ = std::max(newest_delivered_, packet.ordinal);
}

}  // namespace line

#include "media/estimate/send_side_estimator.h"

#include <algorithm>

namespace media::estimate {

namespace {

constexpr int64_t kReferenceWrap = int64_t{rtcp::kReferenceTicks};
// The receiver's clock may run differently from ours by this much between two reports; more is
// another clock, or invented.
constexpr Duration kMaxClockStep = Duration::seconds(5);
constexpr int64_t kQueueSmoothing = 4;  // a new report counts a quarter
// Back off anew this often while nothing comes back.
constexpr Duration kBackOffGap = Duration::seconds(1);
// A receiver that speaks but never sends a report of this kind does not know how.
constexpr Duration kDeafAfter = Duration::seconds(10);

constexpr uint16_t low16(int64_t v) {
  return static_cast<uint16_t>(v);
}

}  // namespace

SendSideEstimator::SendSideEstimator(const EstimatorParams& params)
    : params_(params), control_(params.limits) {
  state_.target = params.has_feedback ? params.limits.start : params.limits.max;
  state_.rtt = kDefaultRtt;
}

void SendSideEstimator::restart_history(uint16_t sequence) {
  if (!history_) history_ = std::make_unique<std::array<SentPacket, kHistory>>();
  history_->fill(SentPacket{});
  // Numbers of before lie outside of what is kept.
  next_sequence_ += static_cast<uint16_t>(sequence - low16(next_sequence_));
  first_sequence_ = next_sequence_;
}

void SendSideEstimator::on_sent(Instant now, uint16_t transport_sequence, size_t bytes,
                                SentKind kind, uint8_t probe) {
  if (!history_ || transport_sequence != low16(next_sequence_)) restart_history(transport_sequence);
  const size_t on_line = bytes + kIpUdpBytes;
  SentPacket& packet = (*history_)[static_cast<size_t>(next_sequence_) % kHistory];
  packet.sent_us = static_cast<uint32_t>(now.as_micros());
  packet.bytes = static_cast<uint16_t>(std::min<size_t>(on_line, UINT16_MAX));
  packet.probe = probe;
  packet.fate = Fate::UnderWay;
  ++next_sequence_;
  sent_bytes_ += packet.bytes;
  if (kind != SentKind::Padding) media_bytes_ += packet.bytes;
  last_sent_ = now;
  if (first_unanswered_ == Instant::never()) first_unanswered_ = now;
  if (probe != 0) probing_.on_sent(probe, now, packet.bytes);
}

SendSideEstimator::SentPacket* SendSideEstimator::find(uint16_t sequence) {
  if (!history_ || next_sequence_ == first_sequence_) return nullptr;
  const auto age = static_cast<uint16_t>(low16(next_sequence_ - 1) - sequence);
  const int64_t full = next_sequence_ - 1 - age;
  if (age >= kHistory || full < first_sequence_) return nullptr;
  return &(*history_)[static_cast<size_t>(full) % kHistory];
}

Instant SendSideEstimator::sent_at(Instant now, const SentPacket& packet) {
  const uint32_t age = static_cast<uint32_t>(now.as_micros()) - packet.sent_us;
  return now - Duration::micros(age);
}

Instant SendSideEstimator::arrival_base(Instant now, const rtcp::TransportFeedback& head) {
  const int64_t reference = head.reference_time;
  if (reference_) {
    int64_t step = reference - int64_t{*reference_};
    if (step > kReferenceWrap / 2) step -= kReferenceWrap;
    if (step < -kReferenceWrap / 2) step += kReferenceWrap;
    reference_ticks_ += step;
    const Duration apart = rtcp::kReferenceTick * step - (now - last_feedback_);
    if (apart > kMaxClockStep || apart < -kMaxClockStep) {
      ++counters_.impossible;
      forget_clock();
    }
  } else {
    reference_ticks_ = reference;
  }
  reference_ = head.reference_time;
  return Instant() + rtcp::kReferenceTick * reference_ticks_;
}

void SendSideEstimator::forget_clock() {
  delay_.restart();
  throughput_.restart();
  base_now_.reset();
  base_before_.reset();
  queue_delay_ = Duration();
}

void SendSideEstimator::take_arrival(Instant now, const SentPacket& packet, Instant arrived,
                                     Batch& batch) {
  const Instant sent = sent_at(now, packet);
  const Duration one_way = arrived - sent;
  delay_.on_arrival(sent, arrived, packet.bytes);
  throughput_.on_arrival(arrived, packet.bytes);
  if (packet.probe != 0) probing_.on_arrival(packet.probe, arrived, packet.bytes);
  update_base_delay(now, one_way);
  if (base_now_) {
    const Duration base = base_before_ ? std::min(*base_now_, *base_before_) : *base_now_;
    batch.queued += one_way - base;
    ++batch.arrived;
  }
  batch.newest_age = now - sent;
}

void SendSideEstimator::update_base_delay(Instant now, Duration one_way) {
  if (!base_now_ || now - base_since_ > kBaseDelaySpan) {
    base_before_ = base_now_;
    base_now_ = one_way;
    base_since_ = now;
  }
  base_now_ = std::min(*base_now_, one_way);
}

void SendSideEstimator::take_status(Instant now, const rtcp::PacketStatus& status, Instant base,
                                    Batch& batch) {
  SentPacket* packet = find(status.sequence);
  if (packet == nullptr) {
    ++counters_.unknown_packets;
    return;
  }
  if (packet->fate == Fate::Arrived || (packet->fate == Fate::Lost && !status.received)) {
    ++counters_.repeated;
    return;
  }
  const bool again = packet->fate == Fate::Lost;  // it only came late
  const Instant sent = sent_at(now, *packet);
  if (!again) {
    ++batch.reported;
    batch.bytes += packet->bytes;
    batch.last_sent = std::max(batch.last_sent, sent);
  }
  if (status.received) {
    packet->fate = Fate::Arrived;
    if (again) --batch.lost;
    take_arrival(now, *packet, base + status.arrival, batch);
  } else {
    packet->fate = Fate::Lost;
    ++batch.lost;
    if (packet->probe != 0) probing_.on_lost(packet->probe);
  }
}

void SendSideEstimator::on_feedback(Instant now, const rtcp::TransportFeedback& head,
                                    std::span<const rtcp::PacketStatus> statuses) {
  ++counters_.reports;
  const Instant base = arrival_base(now, head);
  Batch batch;
  for (const rtcp::PacketStatus& status : statuses) take_status(now, status, base, batch);
  last_feedback_ = now;
  if (batch.reported == 0 && batch.arrived == 0) return;  // about nothing that we sent
  state_.has_feedback = true;
  const bool came_back = state_.silent;
  state_.silent = false;
  const bool all_told = !history_ || is_newest_told();
  first_unanswered_ = all_told ? Instant::never() : now;
  if (batch.arrived > 0) {
    if (!rtt_reported_) rtt_ = std::min((rtt_ * 7 + batch.newest_age) / 8, kMaxRtt);
    newest_queue_ = batch.queued / batch.arrived;
    queue_delay_ = (queue_delay_ * (kQueueSmoothing - 1) + newest_queue_) / kQueueSmoothing;
  }
  if (came_back) {
    // An outage is no congestion: find out at once whether the line is as wide as before.
    forget_clock();
    probing_.on_drop(now - Probing::kRecoverAfter, before_silence_, control_.rate());
  }
  update_rate(now, batch);
  publish(now);
}

bool SendSideEstimator::is_newest_told() const {
  const Fate fate = (*history_)[static_cast<size_t>(next_sequence_ - 1) % kHistory].fate;
  return fate == Fate::Arrived || fate == Fate::Lost;
}

void SendSideEstimator::update_rate(Instant now, const Batch& batch) {
  const DataRate before = state_.target;
  RateControl::Input input;
  input.trend = trend_to_obey(now);
  input.rtt = rtt_;
  input.application_limited = state_.application_limited;
  input.full = std::max(queue_delay_, newest_queue_) > kStanding;
  if (const auto rate = throughput_.rate()) {
    state_.arrived = *rate;
    const double own = std::min(loss_.inherent(), loss_.loss());
    input.arrived = DataRate::bits_per_second(
        static_cast<int64_t>(static_cast<double>(rate->as_bps()) / (1 - own)));
  }
  control_.update(now, input);

  LossModel::Sample sample;
  sample.sent = batch.reported;
  sample.lost = batch.lost;
  sample.bytes = batch.bytes;
  sample.queue_grows = is_queued();
  if (batch.reported > 0) {
    if (has_told_ && batch.last_sent > told_until_) sample.span = batch.last_sent - told_until_;
    told_until_ = has_told_ ? std::max(told_until_, batch.last_sent) : batch.last_sent;
    has_told_ = true;
  }
  loss_.on_sample(now, sample, control_.rate(), state_.target);
  take_probe_result(now);
  publish(now);
  if (state_.target < before) note_drop(now);
}

bool SendSideEstimator::is_queued() const {
  return delay_.trend() == Trend::Building || queue_delay_ > kQueued;
}

// A queue that stands has no slope; it is to be drained all the same.
bool SendSideEstimator::is_standing(Instant now) {
  if (queue_delay_ < kStanding) {
    standing_since_ = Instant::never();
    return false;
  }
  if (standing_since_ == Instant::never()) standing_since_ = now;
  return now - standing_since_ >= kStandingFor;
}

Trend SendSideEstimator::trend_to_obey(Instant now) {
  const Duration waits = std::max(queue_delay_, newest_queue_);
  least_queue_ = std::min(least_queue_, newest_queue_);
  if (waits < kStanding / 2) futile_ = 0;
  Trend trend = delay_.trend();
  // Growth from nothing to next to nothing is noise; and what our own train piled up goes by
  // itself.
  const Duration notable = state_.application_limited ? kNotableLimited : kNotable;
  const bool small = waits < notable || (probing_.is_recent(now) && waits < kQueued);
  if (trend == Trend::Building && small) trend = Trend::Draining;
  if (is_standing(now)) trend = Trend::Building;
  return trend == Trend::Building && !is_worth_giving_way(now, waits) ? Trend::Steady : trend;
}

// Where giving way did not shorten the queue, it is another sender's. A flow that gives way to it
// again and again ends with nothing, whether the other is a download or a larger one of our own; so
// it does that half as often each time.
bool SendSideEstimator::is_worth_giving_way(Instant now, Duration waits) {
  const Duration period = kJudgeAfter * (int64_t{1} << futile_);
  if (now - gave_way_ < period) return futile_ == 0;
  const bool helped = gave_way_at_ < kQueued || least_queue_ * 10 < gave_way_at_ * 7;
  const bool lately = now - gave_way_ < period * 4;
  futile_ = helped || !lately ? 0 : std::min(futile_ + 1, kMaxFutile);
  gave_way_ = now;
  gave_way_at_ = least_queue_ = waits;
  return true;
}

// A fall comes in steps; what counts is where it began.
void SendSideEstimator::note_drop(Instant now) {
  if (now - falling_since_ > kFallSpan) {
    falling_since_ = now;
    before_fall_ = highest_;
  }
  probing_.on_drop(now, before_fall_, state_.target);
  highest_ = state_.target;
}

void SendSideEstimator::take_probe_result(Instant now) {
  const auto result = probing_.take_result(now, std::min(loss_.inherent(), loss_.loss()));
  if (!result) return;
  if (*result > control_.rate() && !is_queued()) {
    control_.set(now, *result);
    loss_.on_proven(*result);
  }
}

void SendSideEstimator::on_round_trip(Duration rtt) {
  if (rtt <= Duration() || rtt > kMaxRtt) return;
  rtt_ = rtt_reported_ ? (rtt_ * 3 + rtt) / 4 : rtt;
  rtt_reported_ = true;
}

void SendSideEstimator::on_remb(Instant now, DataRate rate) {
  remb_ = std::max(rate, kRembFloor);
  remb_at_ = now;
  publish(now);
}

std::optional<Probe> SendSideEstimator::take_probe(Instant now) {
  // Without reports a train is answered by nobody.
  if (!params_.has_feedback || state_.silent || !state_.has_feedback) return std::nullopt;
  Probing::Input input;
  input.target = state_.target;
  input.wanted = wanted_;
  input.max = cap(now);
  input.application_limited = state_.application_limited;
  input.queued = delay_.trend() == Trend::Building || queue_delay_ > kQueuedALittle;
  input.excess_loss = std::max(0.0, loss_.loss() - loss_.inherent());
  input.rtt = rtt_;
  return probing_.poll(now, input);
}

void SendSideEstimator::on_tick(Instant now) {
  update_sent(now);
  check_silence(now);
  publish(now);
}

void SendSideEstimator::update_sent(Instant now) {
  const Duration span = now - sent_window_;
  if (span < kSentWindow) return;
  state_.sent = rate_of(sent_bytes_, span);
  const double share = static_cast<double>(rate_of(media_bytes_, span).as_bps()) /
                       static_cast<double>(std::max<int64_t>(state_.target.as_bps(), 1));
  sent_bytes_ = media_bytes_ = 0;
  sent_window_ = now;
  state_.application_limited = share < (state_.application_limited ? kFullShare : kLimitedShare);
}

void SendSideEstimator::check_silence(Instant now) {
  if (!params_.has_feedback || first_unanswered_ == Instant::never()) return;
  const Duration waited = now - first_unanswered_;
  if (!state_.has_feedback && rtt_reported_ && waited > kDeafAfter) {
    params_.has_feedback = false;
    return;
  }
  if (waited < std::max(kSilence, rtt_ * 3) || now - last_back_off_ < kBackOffGap) return;
  // Nothing was sent for as long: whoever is silent here is us.
  if (now - last_sent_ > kSilence) return;
  if (!state_.silent) before_silence_ = state_.target;
  state_.silent = true;
  last_back_off_ = now;
  control_.back_off(now, kSilenceFactor);
}

DataRate SendSideEstimator::cap(Instant now) const {
  const DataRate max = params_.limits.max;
  return remb_ && now - remb_at_ < kRembValid ? std::min(max, *remb_) : max;
}

void SendSideEstimator::publish(Instant now) {
  const DataRate cap_now = cap(now);
  DataRate target = params_.has_feedback ? control_.rate() : params_.limits.max;
  if (params_.has_feedback && loss_.is_limiting()) target = std::min(target, loss_.limit());
  state_.target = std::max(std::min(target, cap_now), params_.limits.min);
  highest_ = std::max(highest_, state_.target);
  state_.loss = loss_.loss();
  state_.line_loss = std::min(loss_.inherent(), loss_.loss());
  state_.rtt = rtt_;
  state_.queue_delay = std::max(queue_delay_, Duration());
  state_.trend = delay_.trend();
}

}  // namespace media::estimate

#include "media/receive/sender_clock.h"

#include <algorithm>
#include <cstdlib>

namespace media::receive {

namespace {
int64_t ticks_to_micros(int64_t ticks, uint32_t clock_rate) {
  // Split so that a stream of years does not overflow.
  const auto rate = static_cast<int64_t>(clock_rate);
  return ticks / rate * 1'000'000 + ticks % rate * 1'000'000 / rate;
}
int64_t micros_to_ticks(int64_t micros, uint32_t clock_rate) {
  const auto rate = static_cast<int64_t>(clock_rate);
  return micros / 1'000'000 * rate + micros % 1'000'000 * rate / 1'000'000;
}
}  // namespace

const SenderClock::Stream* SenderClock::find(Ssrc ssrc) const {
  const auto it = std::find_if(streams_.begin(), streams_.end(),
                               [&](const Stream& s) { return s.ssrc == ssrc; });
  return it == streams_.end() ? nullptr : &*it;
}

void SenderClock::remove(Ssrc ssrc) {
  streams_.erase(std::remove_if(streams_.begin(), streams_.end(),
                                [&](const Stream& s) { return s.ssrc == ssrc; }),
                 streams_.end());
}

bool SenderClock::is_plausible(const Stream& old, const Stream& fresh) const {
  // Between two reports the NTP clock and the media clock must have advanced alike, within a tenth
  // plus 200 ms: a forged or corrupt pair would tear voice and picture apart.
  const int64_t ntp = fresh.ntp_us - old.ntp_us;
  const int64_t media = ticks_to_micros(fresh.rtp - old.rtp, fresh.clock_rate);
  return std::llabs(ntp - media) <= 200'000 + std::llabs(ntp) / 10;
}

void SenderClock::on_sender_report(Duration arrival, Ssrc ssrc, rtcp::NtpTime ntp, int64_t rtp,
                                   uint32_t clock_rate) {
  if (ntp.value == 0 || clock_rate == 0) return;
  const Stream fresh{ssrc, clock_rate, ntp.as_micros(), rtp, false};
  const int64_t offset = arrival.as_micros() - fresh.ntp_us;
  const bool stepped = started_ && std::llabs(offset - target_offset_us_) > kClockStepUs;

  auto it = std::find_if(streams_.begin(), streams_.end(),
                         [&](const Stream& s) { return s.ssrc == ssrc; });
  if (it == streams_.end()) {
    streams_.push_back(fresh);
  } else if (stepped || is_plausible(*it, fresh)) {
    if (!stepped && fresh.ntp_us < it->ntp_us) return;  // overtaken by a newer report
    *it = fresh;
  } else if (!it->contradicted) {
    it->contradicted =
        true;  // believe a second one in a row: the source was restarted on the same ssrc
    return;
  } else {
    *it = fresh;
  }

  if (!started_ || stepped) {
    if (stepped) {
      // The other streams' reports are on the old clock.
      streams_.erase(std::remove_if(streams_.begin(), streams_.end(),
                                    [&](const Stream& s) { return s.ssrc != ssrc; }),
                     streams_.end());
    }
    restart(arrival, offset);
  } else {
    learn(arrival, offset);
  }
}

void SenderClock::on_capture_time(Duration arrival, Ssrc ssrc, rtcp::NtpTime ntp, int64_t rtp,
                                  uint32_t clock_rate) {
  if (!has_report(ssrc)) on_sender_report(arrival, ssrc, ntp, rtp, clock_rate);
}

std::optional<Duration> SenderClock::session_time_of(Duration now, rtcp::NtpTime ntp) const {
  if (!started_) return std::nullopt;
  return Duration::micros(ntp.as_micros() + offset_at(now));
}

void SenderClock::restart(Duration arrival, int64_t offset_us) {
  buckets_.fill(Bucket{});
  started_ = true;
  base_offset_us_ = target_offset_us_ = offset_us;
  slew_from_ = arrival;
  learn(arrival, offset_us);
}

void SenderClock::learn(Duration arrival, int64_t offset_us) {
  const int64_t index = arrival.as_micros() / kBucketSpan.as_micros();
  Bucket& bucket = buckets_[static_cast<size_t>(index % static_cast<int64_t>(kBuckets))];
  if (bucket.index != index) bucket = Bucket{index, offset_us};
  bucket.min_offset_us = std::min(bucket.min_offset_us, offset_us);
  for (Bucket& b : buckets_) {
    if (b.index <= index - static_cast<int64_t>(kBuckets)) b = Bucket{};
  }
  const int64_t target = target_offset();
  if (target == target_offset_us_) return;
  base_offset_us_ = offset_at(arrival);
  slew_from_ = arrival;
  target_offset_us_ = target;
}

int64_t SenderClock::target_offset() const {
  int64_t target = INT64_MAX;
  for (const Bucket& b : buckets_) target = std::min(target, b.min_offset_us);
  return target;
}

int64_t SenderClock::offset_at(Duration now) const {
  const int64_t elapsed = std::max<int64_t>(0, (now - slew_from_).as_micros());
  const int64_t step = elapsed / 1'000'000 * kSlewPpm + elapsed % 1'000'000 * kSlewPpm / 1'000'000;
  const int64_t missing = target_offset_us_ - base_offset_us_;
  return base_offset_us_ + std::clamp(missing, -step, step);
}

CaptureTime SenderClock::capture_time(Duration now, Ssrc ssrc, int64_t rtp) const {
  const Stream* stream = find(ssrc);
  if (stream == nullptr) return {now, false};
  const int64_t ntp = stream->ntp_us + ticks_to_micros(rtp - stream->rtp, stream->clock_rate);
  return {Duration::micros(ntp + offset_at(now)), true};
}

std::optional<int64_t> SenderClock::rtp_at(Duration now, Ssrc ssrc, Duration at) const {
  const Stream* stream = find(ssrc);
  if (stream == nullptr) return std::nullopt;
  const int64_t ntp = at.as_micros() - offset_at(now);
  return stream->rtp + micros_to_ticks(ntp - stream->ntp_us, stream->clock_rate);
}

}  // namespace media::receive

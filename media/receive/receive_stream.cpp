#include "media/receive/receive_stream.h"

#include <algorithm>
#include <cstdlib>

namespace media::receive {

namespace {
constexpr int32_t kMaxCumulative = 0x7FFFFF;
}

void ReceiveStream::restart(uint16_t sequence, uint32_t timestamp) {
  // Unwrapped numbers keep growing across a restart, so that whoever stores them by number is not
  // confused, and the count of expected packets goes on from where it was.
  const int64_t base = started_ ? ((highest_ >> 16) + 2) * 65536 : 0;
  const int64_t expected_before = expected();
  sequence_base_ = base;
  sequences_.reset();
  sequences_.unwrap(sequence);
  seen_.reset();
  highest_ = base + sequence;
  first_ = highest_ - expected_before;
  timestamps_.unwrap(timestamp);
  started_ = true;
  has_transit_ = false;
}

ReceiveStream::Arrival ReceiveStream::on_packet(Instant now, uint16_t sequence, uint32_t timestamp,
                                                size_t payload_size, bool repaired) {
  Arrival arrival;
  if (!started_) {
    restart(sequence, timestamp);
    arrival.verdict = Verdict::Newest;
  } else {
    const int64_t extended = sequence_base_ + sequences_.peek(sequence);
    const int64_t ahead = extended - highest_;
    if (std::llabs(ahead) >= kWindow * 4) {
      // RFC 3550 A.1: two packets in a row at the new place are believed.
      const bool confirmed = suspect_next_ && *suspect_next_ == sequence;
      suspect_next_ = static_cast<uint16_t>(sequence + 1);
      if (!confirmed || repaired)
        return {Verdict::TooOld, extended, timestamps_.peek(timestamp), false};
      suspect_next_.reset();
      restart(sequence, timestamp);
      arrival.verdict = Verdict::Newest;
      arrival.restarted = true;
    } else if (ahead > 0) {
      arrival.verdict = Verdict::Newest;
      const int64_t clear = std::min(ahead, kWindow);
      for (int64_t i = 1; i <= clear; ++i)
        seen_.reset(static_cast<size_t>((extended - clear + i) & (kWindow - 1)));
      highest_ = extended;
      sequences_.unwrap(sequence);
      timestamps_.unwrap(timestamp);
    } else {
      arrival.verdict = Verdict::Late;
      if (-ahead >= kWindow) return {Verdict::TooOld, extended, timestamps_.peek(timestamp), false};
      if (seen_.test(static_cast<size_t>(extended & (kWindow - 1)))) {
        return {Verdict::Duplicate, extended, timestamps_.peek(timestamp), false};
      }
    }
    arrival.sequence = extended;
  }
  if (arrival.verdict == Verdict::Newest) arrival.sequence = highest_;
  arrival.timestamp = timestamps_.peek(timestamp);
  seen_.set(static_cast<size_t>(arrival.sequence & (kWindow - 1)));
  ++packets_;
  bytes_ += payload_size;
  last_arrival_ = now;
  if (repaired) {
    ++repaired_;
  } else {
    ++unrepaired_;
    update_jitter(now, arrival.timestamp);
  }
  return arrival;
}

void ReceiveStream::update_jitter(Instant now, int64_t timestamp) {
  const int64_t us = now.as_micros();
  const int64_t rate = clock_rate_;
  const int64_t arrival_ticks = us / 1'000'000 * rate + us % 1'000'000 * rate / 1'000'000;
  const int64_t transit = arrival_ticks - timestamp;
  if (has_transit_) {
    const int64_t d = std::llabs(transit - last_transit_);
    // A pause of the source (mute, layer off) is not jitter.
    if (d < rate * 5) jitter_q4_ += d - ((jitter_q4_ + 8) >> 4);
  }
  last_transit_ = transit;
  has_transit_ = true;
}

void ReceiveStream::on_sender_report(Instant now, uint64_t ntp) {
  last_sr_ntp_ = ntp;
  last_sr_at_ = now;
}

std::optional<rtcp::ReportBlock> ReceiveStream::take_report(Instant now) {
  if (!started_) return std::nullopt;
  rtcp::ReportBlock r;
  r.ssrc = ssrc_;
  const int64_t expected_now = expected();
  // Loss of the line, before repair: what retransmission mended still was lost (RFC 4588
  // section 5.3 leaves the original stream's statistics alone).
  const auto received_now = static_cast<int64_t>(unrepaired_);
  const int64_t expected_delta = expected_now - reported_expected_;
  const int64_t lost_delta = expected_delta - (received_now - reported_received_);
  reported_expected_ = expected_now;
  reported_received_ = received_now;
  if (expected_delta > 0 && lost_delta > 0) {
    r.fraction_lost =
        static_cast<uint8_t>(std::min<int64_t>(255, lost_delta * 256 / expected_delta));
  }
  const int64_t lost =
      std::clamp<int64_t>(expected_now - received_now, -kMaxCumulative - 1, kMaxCumulative);
  r.cumulative_lost = static_cast<int32_t>(lost);
  r.highest_sequence = static_cast<uint32_t>(highest_);
  r.jitter = static_cast<uint32_t>(jitter_q4_ >> 4);
  if (last_sr_ntp_ != 0) {
    r.last_sr = rtcp::NtpTime{last_sr_ntp_}.middle32();
    r.delay_since_last_sr = rtcp::to_compact(now - last_sr_at_);
  }
  return r;
}

}  // namespace media::receive

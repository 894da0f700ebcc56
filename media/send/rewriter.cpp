#include "media/send/rewriter.h"

#include <algorithm>

namespace media::send {

namespace {
// The sequence before the first one; the first itself is then within 1..32767.
int64_t draw_sequence(Rng& rng) {
  return static_cast<int64_t>(rng.below(32767));
}
constexpr int64_t kVideoFrameDivisor =
    30;  // an assumed frame of 1/30 s where clocks say nothing useful
constexpr uint8_t kKeyIdxMask = 0x1F;

int64_t to_ticks(Duration d, uint32_t clock_rate) {
  return d.as_micros() * static_cast<int64_t>(clock_rate) / 1'000'000;
}
}  // namespace

Rewriter::Rewriter(Rng& rng)
    : last_sequence_(draw_sequence(rng)),
      last_timestamp_(rng.next_u32()),
      last_picture_(static_cast<int64_t>(rng.below(0x8000))),
      last_tl0_(static_cast<uint8_t>(rng.below(256))) {}

int64_t Rewriter::next_timestamp(Instant now, uint32_t clock_rate, Duration capture,
                                 bool mapped) const {
  if (!sent_any_) return last_timestamp_;
  const int64_t frame = clock_rate / kVideoFrameDivisor;
  const int64_t by_arrival =
      last_timestamp_ + std::max(frame, to_ticks(now - last_sent_, clock_rate));
  if (!mapped || !last_mapped_) return by_arrival;
  const int64_t by_clock = last_timestamp_ + to_ticks(capture - last_capture_, clock_rate);
  const int64_t tolerance = to_ticks(kMaxMappingError, clock_rate);
  if (by_clock > by_arrival + tolerance || by_clock < last_timestamp_ - tolerance)
    return by_arrival;
  // The same instant in another layer was already shown: it needs a timestamp of its own.
  return std::max(by_clock, last_timestamp_ + 1);
}

void Rewriter::switch_source(Instant now, const SourceFacts& first, uint32_t clock_rate,
                             Duration capture, bool mapped) {
  has_source_ = true;
  first_in_source_ = first.sequence;
  sequence_offset_ = last_sequence_ + 1 - first.sequence;
  timestamp_offset_ = next_timestamp(now, clock_rate, capture, mapped) - first.timestamp;
  picture_offset_ = last_picture_ + 1 - first.picture_id;
  tl0_offset_ = static_cast<uint8_t>(last_tl0_ + 1 - first.frame.tl0picidx.value_or(0));
  keyidx_offset_ =
      static_cast<uint8_t>((last_keyidx_ + 1 - first.frame.keyidx.value_or(0)) & kKeyIdxMask);
}

std::optional<Rewritten> Rewriter::rewrite(Instant now, const SourceFacts& facts) {
  if (!has_source_ || facts.sequence < first_in_source_) return std::nullopt;
  Rewritten out;
  out.sequence = facts.sequence + sequence_offset_;
  out.timestamp = map_timestamp(facts.timestamp);
  const bool newest = out.sequence > last_sequence_ || !sent_any_;
  if (facts.frame.picture_id_bits != 0) {
    const int64_t picture = facts.picture_id + picture_offset_;
    out.numbers.picture_id = static_cast<uint16_t>(picture & 0x7FFF);
    out.numbers.tl0picidx = static_cast<uint8_t>(facts.frame.tl0picidx.value_or(0) + tl0_offset_);
    out.numbers.keyidx =
        static_cast<uint8_t>((facts.frame.keyidx.value_or(0) + keyidx_offset_) & kKeyIdxMask);
    if (newest) {
      last_picture_ = std::max(last_picture_, picture);
      if (facts.frame.tl0picidx) last_tl0_ = out.numbers.tl0picidx;
      if (facts.frame.keyidx) last_keyidx_ = out.numbers.keyidx;
    }
  }
  if (newest) {
    last_sequence_ = out.sequence;
    last_timestamp_ = std::max(last_timestamp_, facts.timestamp + timestamp_offset_);
    last_sent_ = now;
    sent_any_ = true;
  }
  return out;
}

}  // namespace media::send

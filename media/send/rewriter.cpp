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

bool Rewriter::Omissions::note(int64_t number, bool omitted) {
  if (number <= newest_ - kSpan) return false;
  if (total_ != 0) {
    if (number - newest_ >= kSpan) {  // nothing of the window remains
      bits_.fill(0);
    } else {
      for (int64_t n = newest_ + 1; n <= number; ++n) bits_[word(n)] &= ~bit(n);
    }
  }
  newest_ = std::max(newest_, number);
  if (!omitted) return true;
  uint64_t& own = bits_[word(number)];
  if ((own & bit(number)) == 0) ++total_;
  own |= bit(number);
  return true;
}

bool Rewriter::Omissions::is_omitted(int64_t number) const {
  return number <= newest_ && number > newest_ - kSpan && (bits_[word(number)] & bit(number)) != 0;
}

std::optional<int64_t> Rewriter::Omissions::before(int64_t number) const {
  if (number >= newest_ || total_ == 0) return total_;
  if (number <= newest_ - kSpan) return std::nullopt;
  int64_t later = 0;
  for (int64_t n = number + 1; n <= newest_; ++n) later += is_omitted(n) ? 1 : 0;
  return total_ - later;
}

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
                             Duration capture, bool mapped, bool leaves_place) {
  has_source_ = true;
  first_in_source_ = first.sequence;
  sequence_offset_ = last_sequence_ + (leaves_place ? 2 : 1) - first.sequence;
  timestamp_offset_ = next_timestamp(now, clock_rate, capture, mapped) - first.timestamp;
  picture_offset_ = last_picture_ + 1 - first.picture_id;
  tl0_offset_ = static_cast<uint8_t>(last_tl0_ + 1 - first.frame.tl0picidx.value_or(0));
  packets_.restart(first.sequence);
  pictures_.restart(first.picture_id);
  keyidx_offset_ =
      static_cast<uint8_t>((last_keyidx_ + 1 - first.frame.keyidx.value_or(0)) & kKeyIdxMask);
}

std::optional<Rewritten> Rewriter::rewrite(Instant now, const SourceFacts& facts) {
  if (is_behind(facts)) return std::nullopt;
  const auto omitted = packets_.before(facts.sequence);
  if (!omitted) return std::nullopt;
  packets_.note(facts.sequence, false);
  Rewritten out;
  out.marker = facts.marker;
  out.sequence = facts.sequence + sequence_offset_ - *omitted;
  out.timestamp = map_timestamp(facts.timestamp);
  const bool newest = out.sequence > last_sequence_ || !sent_any_;
  if (facts.descriptor_size != 0) {
    const int64_t frame = facts.picture_id + picture_offset_;
    out.numbers.picture_id = static_cast<uint16_t>(frame);
    last_picture_ = std::max(last_picture_, frame);
  } else if (facts.frame.picture_id_bits != 0) {
    int64_t picture = facts.picture_id + picture_offset_;
    if (facts.codec == Codec::Vp8) {
      const auto pictures = pictures_.before(facts.picture_id);
      if (!pictures) return std::nullopt;
      pictures_.note(facts.picture_id, false);
      picture -= *pictures;
    }
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

std::optional<Rewritten> Rewriter::skip(const SourceFacts& facts) {
  if (is_behind(facts)) return std::nullopt;
  const bool counts_pictures = facts.codec == Codec::Vp8 && facts.frame.picture_id_bits != 0;
  if (counts_pictures && facts.picture_id > pictures_.newest())
    pictures_.note(facts.picture_id, true);
  if (facts.sequence > packets_.newest()) {
    packets_.note(facts.sequence, true);
    return std::nullopt;
  }
  const auto omitted = packets_.before(facts.sequence);
  if (!omitted || packets_.is_omitted(facts.sequence)) return std::nullopt;
  Rewritten place;
  place.sequence = facts.sequence + sequence_offset_ - *omitted;
  place.timestamp = map_timestamp(facts.timestamp);
  return place;
}

}  // namespace media::send

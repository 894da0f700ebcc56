#include "media/sfu/policer.h"

#include <algorithm>

namespace media::sfu {

Policer::Policer(MediaKind kind, int64_t agreed_bps) : cuts_(kind == MediaKind::Video) {
  const bool is_video = cuts_;
  const int64_t ceiling = is_video ? kMaxVideoBps : kMaxAudioBps;
  agreed_bps_ = agreed_bps > 0 ? std::min(agreed_bps, ceiling) : ceiling;
  bytes_per_second_ = agreed_bps > 0 ? agreed_bps_ / 8 * kHeadroomPercent / 100 : ceiling / 8;
  const Duration burst = is_video ? kVideoBurst : kAudioBurst;
  burst_ = std::max(is_video ? kMinVideoBurst : kMinAudioBurst,
                    bytes_per_second_ * burst.as_micros() / 1'000'000);
  tokens_ = burst_;
}

bool Policer::admit(Instant now, size_t bytes) {
  const int64_t us =
      last_ == Instant() ? 0 : std::clamp<int64_t>((now - last_).as_micros(), 0, 10'000'000);
  last_ = std::max(last_, now);
  fraction_ += us * bytes_per_second_;
  tokens_ = std::min(burst_, tokens_ + fraction_ / 1'000'000);
  fraction_ %= 1'000'000;
  const int64_t needed = is_cut_ ? burst_ / 2 : static_cast<int64_t>(bytes);
  if (tokens_ >= needed) {
    is_cut_ = false;
    tokens_ -= static_cast<int64_t>(bytes);
    if (refusing_since_ != Instant::never() && now - last_refusal_ > kPeace)
      refusing_since_ = Instant::never();
    return true;
  }
  is_cut_ = cuts_;
  if (refusing_since_ == Instant::never()) refusing_since_ = now;
  last_refusal_ = now;
  return false;
}

}  // namespace media::sfu

#include "media/audio/voice_activity.h"

namespace media::audio {

std::optional<VoiceActivity::Change> VoiceActivity::on_level(Instant now, uint8_t dbov) {
  if (dbov > kSpeechDbov) return poll(now);
  if (!loud_since_ || (!speaking_ && now - last_loud_ > kDip)) loud_since_ = now;
  last_loud_ = now;
  if (speaking_ || now - *loud_since_ < kOnset) return std::nullopt;
  speaking_ = true;
  return Change{true, *loud_since_};
}

std::optional<VoiceActivity::Change> VoiceActivity::poll(Instant now) {
  if (!speaking_ || now - last_loud_ < kHangOver) return std::nullopt;
  speaking_ = false;
  loud_since_.reset();
  return Change{false, last_loud_};
}

}  // namespace media::audio

// When one track's voice starts and stops, from the levels its sender states (RFC 6464): a short
// onset against clicks, a long hang-over against pauses between words. Owner: sfu::IngressTrack.
// Thread: the owner's.
#pragma once

#include <cstdint>
#include <optional>

#include "media/base/time.h"

namespace media::audio {

class VoiceActivity {
 public:
  struct Change {
    bool speaking = false;
    Instant at;  // when it really began, or the last sound
  };

  // One packet's level, 0 loudest, 127 silence.
  std::optional<Change> on_level(Instant now, uint8_t dbov);
  // The passing of time; packets may have stopped coming.
  std::optional<Change> poll(Instant now);
  [[nodiscard]] bool is_speaking() const { return speaking_; }

  // Speech at arm's length from a microphone is 15 to 45 dB below overload; an empty classroom 55
  // and more.
  static constexpr uint8_t kSpeechDbov = 50;
  static constexpr Duration kOnset = Duration::millis(60);
  static constexpr Duration kHangOver = Duration::millis(800);
  // A shorter dip does not restart the onset.
  static constexpr Duration kDip = Duration::millis(100);

 private:
  bool speaking_ = false;
  std::optional<Instant> loud_since_;
  Instant last_loud_;
};

}  // namespace media::audio

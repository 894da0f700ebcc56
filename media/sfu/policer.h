// Holds a publisher to what was agreed with it. What exceeds that ends at the door, before it is
// parsed or copied for anybody. A picture that was cut goes on with a key frame only, once half of
// the allowance is there again: receivers see it stand still and jump, never in pieces. Pure.
// Owner: sfu::IngressTrack. Thread: one worker.
#pragma once

#include <cstddef>
#include <cstdint>

#include "media/base/model.h"
#include "media/base/time.h"

namespace media::sfu {

class Policer {
 public:
  // `agreed_bps`: all layers of a track together, without headers; 0: the kind's ceiling.
  Policer(MediaKind kind, int64_t agreed_bps);

  // One packet of `bytes`. False: over the allowance, drop it.
  bool admit(Instant now, size_t bytes);

  // Packets were refused within the last kPeace.
  [[nodiscard]] bool is_refusing(Instant now) const {
    return refusing_since_ != Instant::never() && now - last_refusal_ <= kPeace;
  }
  // Since when packets have been refused without kPeace between them; never() while there is peace.
  [[nodiscard]] Instant refusing_since() const { return refusing_since_; }
  [[nodiscard]] int64_t agreed_bps() const { return agreed_bps_; }

  static constexpr Duration kPeace = Duration::seconds(1);
  // Without an agreement: more than any camera of a classroom sends (1080p at its best is 8
  // Mbit/s), and more than Opus knows (510 kbit/s) with headers and redundancy.
  static constexpr int64_t kMaxVideoBps = 12'000'000;
  static constexpr int64_t kMaxAudioBps = 768'000;
  // Above what was agreed: RTP headers, retransmissions and probes, which encoders do not count.
  static constexpr int64_t kHeadroomPercent = 150;
  // The allowance that may be used at once: key frames of all layers together with what follows
  // them, and a voice that was held up for half a second on its way.
  static constexpr Duration kVideoBurst = Duration::seconds(1);
  static constexpr Duration kAudioBurst = Duration::millis(500);
  // A key frame of a small stream is far above its rate: 720p takes 100 KB at any rate.
  static constexpr int64_t kMinVideoBurst = 250'000;
  static constexpr int64_t kMinAudioBurst = 10'000;

 private:
  int64_t agreed_bps_;
  int64_t bytes_per_second_;
  int64_t burst_;
  int64_t tokens_;
  int64_t fraction_ = 0;  // of a byte, in millionths
  bool cuts_;             // refuses until half of the burst is there again
  bool is_cut_ = false;
  Instant last_;
  Instant refusing_since_ = Instant::never();
  Instant last_refusal_;
};

}  // namespace media::sfu

// Decides when a wish for a key frame becomes a request to the publisher: however many receivers
// wish, at most one key frame per interval is asked for, and a lost request is repeated. Owner: one
// simulcast layer. Thread: the owner's.
#pragma once

#include "media/base/time.h"

namespace media::receive {

class KeyFrameRequester {
 public:
  // A key frame costs the line of a high layer more than that of a low one.
  static constexpr Duration kIntervalLow = Duration::millis(500);
  static constexpr Duration kIntervalHigh = Duration::seconds(1);
  // Below this the repetition of an unanswered request would overtake the encoder.
  static constexpr Duration kMinRetry = Duration::millis(200);

  explicit KeyFrameRequester(Duration interval) : interval_(interval) {}

  void wish() { wished_ = true; }
  // True when a request must be sent now; the wish stays until a key frame comes.
  bool poll(Instant now, Duration rtt);
  // The first packet of a key frame arrived.
  void on_key_frame(Instant now);
  [[nodiscard]] bool is_wished() const { return wished_; }

 private:
  Duration interval_;
  bool wished_ = false;
  bool asked_before_ = false;
  bool answered_ = true;
  Instant last_ask_;
  int unanswered_ = 0;
};

}  // namespace media::receive

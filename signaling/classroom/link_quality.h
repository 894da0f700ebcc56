// How good one participant's line is, in the three words that a teacher needs. What the server
// measures and what the page reports are taken together, the worse of the two; a state changes only
// when it has lasted, so that the light on the wall does not flicker.
#pragma once

#include <optional>

#include "media/base/time.h"
#include "signaling/protocol/messages.h"

namespace signaling::classroom {

struct LinkSample {
  double rtt_ms = 0;  // 0: not known
  double loss_up = 0;
  double loss_down = 0;
  double frozen_ms = 0;
};

class LinkQuality {
 public:
  void on_server_sample(media::Instant now, const LinkSample& sample);
  void on_page_sample(media::Instant now, const LinkSample& sample);
  void on_connected(media::Instant now);
  void on_lost();
  // Starts afresh with `state`: a seat came back, or went away.
  void reset(protocol::LinkState state);
  // The state as of `now`; call about once a second.
  protocol::LinkState update(media::Instant now);

  [[nodiscard]] protocol::LinkState state() const { return state_; }

 private:
  struct Timed {
    LinkSample sample;
    media::Instant at;
  };
  [[nodiscard]] bool is_bad(media::Instant now) const;
  [[nodiscard]] bool is_fine(media::Instant now) const;

  protocol::LinkState state_ = protocol::LinkState::Good;
  std::optional<Timed> server_;
  std::optional<Timed> page_;
  std::optional<media::Instant> bad_since_;
  std::optional<media::Instant> fine_since_;
};

}  // namespace signaling::classroom

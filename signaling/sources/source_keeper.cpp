#include "signaling/sources/source_keeper.h"

#include <algorithm>
#include <utility>

namespace signaling::sources {

using media::Duration;
using media::Instant;

const char* phase_name(Phase phase) {
  switch (phase) {
    case Phase::Off:
      return "off";
    case Phase::Waiting:
      return "waiting";
    case Phase::Connecting:
      return "connecting";
    case Phase::Live:
      return "live";
    case Phase::Retrying:
      break;
  }
  return "retrying";
}

SourceKeeper::SourceKeeper(uint64_t seed) : rng_(seed), backoff_({kFirstRetry, kLongestRetry}) {}

void SourceKeeper::rest(Phase phase, std::string reason) {
  phase_ = phase;
  reason_ = std::move(reason);
}

SourceKeeper::Step SourceKeeper::stop() {
  if (!running_ || std::exchange(stopping_, true)) return Step::None;
  return Step::Stop;
}

SourceKeeper::Step SourceKeeper::on_tick(Instant now, bool enabled, bool wanted, bool room) {
  if (!enabled || !wanted) {
    rest(enabled ? Phase::Waiting : Phase::Off, {});
    // Switched on again, or the next lesson: it starts afresh.
    backoff_.reset();
    retry_at_ = {};
    return stop();
  }
  if (running_) {
    // It still goes down from before; started again when it has.
    if (stopping_) return Step::None;
    if (now - last_word_ > kSilent) {
      reason_ = "hangs";
      return stop();
    }
    return Step::None;
  }
  if (now < retry_at_) return Step::None;
  if (!room) {
    rest(Phase::Waiting, "no-room");
    return Step::None;
  }
  running_ = true;
  stopping_ = false;
  last_word_ = now;
  // Until it shows something, what was wrong before still stands.
  rest(Phase::Connecting, phase_ == Phase::Retrying ? reason_ : std::string());
  return Step::Start;
}

void SourceKeeper::on_word(Instant now, bool is_live) {
  if (!running_ || stopping_) return;
  last_word_ = now;
  if (!is_live || phase_ == Phase::Live) return;
  live_since_ = now;
  rest(Phase::Live, {});
}

void SourceKeeper::on_ended(Instant now, const std::string& reason) {
  const bool was_live = phase_ == Phase::Live;
  const bool hung = std::exchange(stopping_, false) && reason_ == "hangs";
  running_ = false;
  // Switched off, or the lesson is over: nothing failed.
  if (phase_ == Phase::Off || phase_ == Phase::Waiting) return;
  if (was_live && now - live_since_ > kSettled) backoff_.reset();
  Duration wait = backoff_.next(static_cast<double>(rng_.below(1'000)) / 1'000);
  const std::string why = hung ? "stalled" : reason.empty() ? "broken" : reason;
  if (why == "unauthorized" || why == "not-allowed") wait = std::max(wait, kRefusedRetry);
  retry_at_ = now + wait;
  rest(Phase::Retrying, why);
}

}  // namespace signaling::sources

// When one recorder or encoder of a lesson is called, given up and called again. Pure: told the
// time and what happened, it says what to do. One owner.
#pragma once

#include <cstdint>
#include <string>

#include "media/base/rng.h"
#include "media/base/time.h"
#include "signaling/process/backoff.h"

namespace signaling::sources {

enum class Phase : uint8_t {
  Off,         // switched off by the teacher
  Waiting,     // for the lesson to begin, for room on this server, or for an encoder to call
  Connecting,  // called, nothing shown yet
  Live,
  Retrying  // failed; called again at retry_at()
};
const char* phase_name(Phase phase);  // "off", "waiting", "connecting", "live", "retrying"

class SourceKeeper {
 public:
  enum class Step : uint8_t { None, Start, Stop };

  // After a failure that may pass quickly (a recorder that starts, a cable).
  static constexpr media::Duration kFirstRetry = media::Duration::seconds(2);
  // A recorder that was switched on is found within the first minutes of a lesson.
  static constexpr media::Duration kLongestRetry = media::Duration::seconds(30);
  // Cameras lock out who shows a wrong password too often, commonly five times in some minutes.
  static constexpr media::Duration kRefusedRetry = media::Duration::seconds(120);
  // Live for this long: the next failure is a new one.
  static constexpr media::Duration kSettled = media::Duration::seconds(60);
  // A reader that says nothing for this long hangs. It speaks every kHeartbeat while it is live,
  // and the longest silence before that is its wait for a first key frame.
  static constexpr media::Duration kHeartbeat = media::Duration::seconds(5);
  static constexpr media::Duration kSilent = media::Duration::seconds(45);

  explicit SourceKeeper(uint64_t seed);

  // `enabled`: by the teacher; `wanted`: the lesson is live; `room`: this server may read one more.
  // Start and Stop are to be done at once; after Stop, on_ended() will follow.
  Step on_tick(media::Instant now, bool enabled, bool wanted, bool room);
  // The reader says that it is alive, and whether pictures or sound reach the lesson.
  void on_word(media::Instant now, bool is_live);
  // The reader is gone. `reason`: media::ingest::fault_name(), or what the child process says;
  // empty when it was asked to.
  void on_ended(media::Instant now, const std::string& reason);

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool is_running() const { return running_; }
  // Why it is not live; empty when there is nothing to say. "no-room" while Waiting for it.
  [[nodiscard]] const std::string& reason() const { return reason_; }
  // With Phase::Retrying.
  [[nodiscard]] media::Instant retry_at() const { return retry_at_; }

 private:
  void rest(Phase phase, std::string reason);
  Step stop();

  media::SplitMix64 rng_;
  process::Backoff backoff_;
  Phase phase_ = Phase::Waiting;
  std::string reason_;
  bool running_ = false;
  bool stopping_ = false;
  media::Instant retry_at_;
  media::Instant last_word_;
  media::Instant live_since_;
};

}  // namespace signaling::sources

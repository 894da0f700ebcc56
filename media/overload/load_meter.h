// How hard one worker works, from a few numbers ten times a second: smoothed, with a level that
// rises within half a second and falls only after seconds of peace, so that nothing that hangs on
// it flutters. Pure. Owner: worker::Worker, or a simulation. Thread: the owner's.
#pragma once

#include <cstdint>

#include "media/base/time.h"

namespace media::overload {

enum class LoadLevel : uint8_t {
  Calm,
  Busy,        // what runs is carried; nothing new should come
  Overloaded,  // what runs suffers already, or will within moments
};

// What was measured since the sample before.
struct LoadSample {
  double busy = 0;          // share of the time in which the loop did not wait: 0..1
  double line = 0;          // share of the line's permitted bit rate that is in use; 0: no limit
  Duration lag;             // longest time by which a timer fired late
  uint64_t sent = 0;        // datagrams given to the kernel
  uint64_t refused = 0;     // of those, the ones that the socket would not take
  bool backlogged = false;  // datagrams still waited when the loop had to turn to its timers
};

class LoadMeter {
 public:
  // A long gap between two samples is one sample. Returns level().
  LoadLevel on_sample(Instant now, const LoadSample& sample);

  [[nodiscard]] LoadLevel level() const { return level_; }
  // The smoothed use of whatever is scarcest, 0..1 and above.
  [[nodiscard]] double use() const;
  [[nodiscard]] double busy() const { return busy_; }
  [[nodiscard]] double line() const { return line_; }
  [[nodiscard]] Duration lag() const { return Duration::micros(static_cast<int64_t>(lag_us_)); }

  // A worker that is busy for four fifths of its time still forwards within a millisecond or two;
  // queues grow without bound as it nears one.
  static constexpr double kBusyUse = 0.80;
  static constexpr double kOverloadedUse = 0.92;
  static constexpr double kCalmUse = 0.65;
  // Voice that wavers by more than a jitter buffer's 100 ms breaks up. Ticks come every 20 ms, and
  // a machine that runs other things delays single ones by as much.
  static constexpr Duration kBusyLag = Duration::millis(50);
  static constexpr Duration kOverloadedLag = Duration::millis(100);
  // One datagram in a hundred that does not fit the socket is a line or a buffer that is full.
  static constexpr double kBusyRefusals = 0.002;
  static constexpr double kOverloadedRefusals = 0.01;
  // Smoothing: a key frame to all, or a burst of joins, is over sooner.
  static constexpr Duration kSmoothing = Duration::millis(400);
  // The level falls when everything has stayed below its lower mark for this long.
  static constexpr Duration kPeace = Duration::seconds(3);

 private:
  void smooth(double weight, const LoadSample& sample);
  [[nodiscard]] LoadLevel demanded() const;
  [[nodiscard]] bool is_peaceful() const;

  double busy_ = 0;
  double line_ = 0;
  double lag_us_ = 0;
  double refusals_ = 0;
  Instant last_;
  Instant peaceful_since_ = Instant::never();
  LoadLevel level_ = LoadLevel::Calm;
};

}  // namespace media::overload

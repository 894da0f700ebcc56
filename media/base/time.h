// Time as values. Deliberately without now(): pure code is told the time; media/net/clock.h makes
// it.
#pragma once

#include <compare>
#include <cstdint>

namespace media {

// A span of time with microsecond resolution; may be negative.
class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration micros(int64_t v) { return Duration(v); }
  static constexpr Duration millis(int64_t v) { return Duration(v * 1'000); }
  static constexpr Duration seconds(int64_t v) { return Duration(v * 1'000'000); }

  [[nodiscard]] constexpr int64_t as_micros() const { return us_; }
  [[nodiscard]] constexpr int64_t as_millis() const { return us_ / 1'000; }
  [[nodiscard]] constexpr double as_seconds() const { return static_cast<double>(us_) / 1e6; }

  constexpr auto operator<=>(const Duration&) const = default;
  constexpr Duration operator+(Duration o) const { return Duration(us_ + o.us_); }
  constexpr Duration operator-(Duration o) const { return Duration(us_ - o.us_); }
  constexpr Duration operator-() const { return Duration(-us_); }
  constexpr Duration operator*(int64_t n) const { return Duration(us_ * n); }
  constexpr Duration operator/(int64_t n) const { return Duration(us_ / n); }
  constexpr Duration& operator+=(Duration o) {
    us_ += o.us_;
    return *this;
  }

 private:
  constexpr explicit Duration(int64_t us) : us_(us) {}
  int64_t us_ = 0;
};

// A point on the monotonic clock (CLOCK_MONOTONIC), in microseconds since an unspecified start.
class Instant {
 public:
  constexpr Instant() = default;
  static constexpr Instant from_micros(int64_t us) { return Instant(us); }
  // Later than every real instant: "no deadline".
  static constexpr Instant never() { return Instant(INT64_MAX); }

  [[nodiscard]] constexpr int64_t as_micros() const { return us_; }

  constexpr auto operator<=>(const Instant&) const = default;
  constexpr Instant operator+(Duration d) const { return Instant(us_ + d.as_micros()); }
  constexpr Instant operator-(Duration d) const { return Instant(us_ - d.as_micros()); }
  constexpr Duration operator-(Instant o) const { return Duration::micros(us_ - o.us_); }
  constexpr Instant& operator+=(Duration d) {
    us_ += d.as_micros();
    return *this;
  }

 private:
  constexpr explicit Instant(int64_t us) : us_(us) {}
  int64_t us_ = 0;
};

}  // namespace media

#include "media/net/clock.h"

#include <ctime>

namespace media::net {

namespace {

int64_t read_us(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1'000;
}

}  // namespace

Instant monotonic_now() {
  return Instant::from_micros(read_us(CLOCK_MONOTONIC));
}

int64_t wall_now_us() {
  return read_us(CLOCK_REALTIME);
}

}  // namespace media::net

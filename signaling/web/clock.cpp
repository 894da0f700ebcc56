#include "signaling/web/clock.h"

#include <time.h>

namespace signaling::web {
namespace {

int64_t read_clock(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1'000;
}

}  // namespace

media::Instant monotonic_now() {
  return media::Instant::from_micros(read_clock(CLOCK_MONOTONIC));
}

int64_t wall_now_us() {
  return read_clock(CLOCK_REALTIME);
}

}  // namespace signaling::web

// The only places where time is made.
#pragma once

#include <cstdint>

#include "media/base/time.h"

namespace media::net {

// CLOCK_MONOTONIC.
Instant monotonic_now();
// Microseconds since 1970 (CLOCK_REALTIME); may jump. For stamps that people read, never for
// timers.
int64_t wall_now_us();

}  // namespace media::net

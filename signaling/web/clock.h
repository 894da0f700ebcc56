// Where signaling's edge takes its time from; everything behind it is told.
#pragma once

#include <cstdint>

#include "media/base/time.h"

namespace signaling::web {

media::Instant monotonic_now();  // CLOCK_MONOTONIC
int64_t wall_now_us();           // microseconds since the Unix epoch; may jump

}  // namespace signaling::web

// A line between two points in virtual time: the project's line emulator (tests/line) as the
// simulations call it.
#pragma once

#include <cstdint>
#include <utility>

#include "tests/line/pipe.h"

namespace sim {

using line::Bytes;
using media::Duration;
using media::Instant;
// By default 20 ms one way and nothing else; jitter lets packets overtake each other.
using LineParams = line::Params;

class Line {
 public:
  Line(uint64_t seed, line::Schedule schedule) : pipe_(std::move(schedule), seed, Instant()) {}

  LineParams& params() { return pipe_.params(); }
  // Begins a schedule at `now`, with the figures at zero.
  void follow(Instant now, line::Schedule schedule) { pipe_.restart(now, std::move(schedule)); }
  [[nodiscard]] const line::Statistics& statistics() const { return pipe_.statistics(); }
  [[nodiscard]] uint64_t lost() const { return pipe_.statistics().lost_packets(); }

  void send(Instant now, Bytes packet) { pipe_.offer(now, std::move(packet)); }
  // What has arrived by `now`, in order of arrival.
  template <class Deliver>
  void deliver(Instant now, Deliver&& to) {
    pipe_.deliver(now, [&](Bytes packet, uint32_t) { to(std::move(packet)); });
  }

 private:
  line::Pipe pipe_;
};

}  // namespace sim

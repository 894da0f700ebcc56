// What one direction of a line is like, and how that changes over time. Pure values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "media/base/time.h"
#include "tests/line/capacity_trace.h"

namespace line {

using media::Duration;
using media::Instant;

// Losses that come in runs (Gilbert 1960: nothing is lost in the good state, everything in the bad
// one), given by what can be measured.
struct Burst {
  double loss = 0;         // mean share lost, 0..1
  double mean_length = 1;  // mean number of datagrams lost in a row, at least 1
};

// A line as a datagram meets it, in this order: the queue before the bottleneck, the bottleneck,
// the losses behind it (what is lost has used its share of the rate), the way.
struct Params {
  Duration delay = Duration::millis(20);  // one way, besides queue and bottleneck
  Duration jitter = {};                   // uniform in [0, jitter), on top of the delay
  double loss = 0;                        // 0..1, independent
  int64_t bits_per_second = 0;            // of whole datagrams; 0: no limit
  // A datagram that would wait longer than `max_queue`, or that finds `max_queue_bytes` waiting (0:
  // no such limit), is dropped.
  Duration max_queue = Duration::millis(500);
  int64_t max_queue_bytes = 0;
  std::shared_ptr<const CapacityTrace> trace = nullptr;  // instead of a rate
  bool in_order = false;  // else jitter lets datagrams overtake each other
  Burst burst = {};
  double reorder = 0;  // share that is held back by `reorder_by`, so that later ones overtake
  Duration reorder_by = Duration::millis(30);
  double duplicate = 0;  // share that arrives twice
  bool out = false;      // nothing passes: what comes and what waits is lost
};

// Parameters from `at` on, until the next step.
struct Step {
  Duration at;
  Params params;
};

// At least one step, the first at zero, ascending.
struct Schedule {
  Schedule() : steps(1) {}
  // NOLINTNEXTLINE(google-explicit-constructor): parameters that stay are the usual schedule.
  Schedule(Params params) : steps{{Duration(), std::move(params)}} {}

  std::vector<Step> steps;
  Duration repeat;  // begins again after this; zero: the last step stays
};

// Both directions, seen from the school: up leads to the server.
struct Profile {
  std::string name;
  std::string about;
  Schedule up;
  Schedule down;
};

}  // namespace line

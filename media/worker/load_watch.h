// One worker's load in practice: counts what its loop does, and ten times a second turns that into
// a level and into what is to be left out. Owner: Worker. Thread: the owner's; told the time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "media/base/time.h"
#include "media/overload/load_meter.h"
#include "media/overload/relief.h"
#include "media/worker/line_meter.h"

namespace media::worker {

class LoadWatch {
 public:
  // `line` may be null: no limit.
  LoadWatch(size_t index, std::shared_ptr<LineMeter> line)
      : index_(index), line_(std::move(line)) {}

  // The loop slept for `span`.
  void note_wait(Duration span) { waited_ += span; }
  void note_lag(Duration late) { lag_ = std::max(lag_, late); }
  void note_backlog() {
    ++backlogs_;
    backlogged_ = true;
  }
  // Totals since the start: datagrams and bytes sent, datagrams that the socket refused. True when
  // relief() has changed.
  bool on_sample(Instant now, uint64_t sent, uint64_t bytes, uint64_t refused);

  [[nodiscard]] const overload::LoadMeter& meter() const { return meter_; }
  [[nodiscard]] overload::Relief relief() const { return ladder_.relief(); }
  [[nodiscard]] uint64_t backlogs() const { return backlogs_; }
  // Steps down since the start.
  [[nodiscard]] uint64_t reliefs() const { return reliefs_; }

 private:
  size_t index_;
  std::shared_ptr<LineMeter> line_;
  overload::LoadMeter meter_;
  overload::ReliefLadder ladder_;
  Duration waited_;
  Duration lag_;
  bool backlogged_ = false;
  uint64_t backlogs_ = 0;
  uint64_t reliefs_ = 0;
  Instant sampled_;
  uint64_t sent_ = 0;
  uint64_t bytes_ = 0;
  uint64_t refused_ = 0;
};

}  // namespace media::worker

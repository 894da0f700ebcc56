// Which worker carries the next peer of a room. Pure: numbers in, a choice out. Owner: WorkerPool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "media/base/time.h"

namespace media::worker {

// What one worker carries, as far as placing needs it. Thread: signaling's.
class LoadEstimate {
 public:
  // What a worker says of itself.
  struct Reading {
    uint64_t packets = 0;  // RTP in and out since its start
    uint64_t lag_us = 0;   // worst lateness of the last moments
    double busy = 0;       // share of its time in use, smoothed: overload::LoadMeter::busy()
    // Its own work is too much for it (a line that is full is so for all workers).
    bool is_full = false;
  };
  // Packets of readings closer together than kInterval are left out.
  void on_reading(Instant now, const Reading& reading);
  void count_peer(int change);
  void count_room(int change) { rooms_ += change; }

  // In packets a second: those that were counted or, where each costs more than usual (handshakes,
  // repair, a slow machine), as many as fill the time that is in use; and those that the peers that
  // came since will bring. A worker that runs late is full whatever it counts.
  [[nodiscard]] int64_t load() const;
  // For ties among idle workers.
  [[nodiscard]] int64_t peers() const { return peers_; }
  [[nodiscard]] int64_t rooms() const { return rooms_; }

  static constexpr Duration kInterval = Duration::seconds(1);
  // A watcher of one picture and one voice, until it is measured.
  static constexpr int64_t kFreshPeer = 250;
  // Half of what a listener notices as delay.
  static constexpr uint64_t kLateUs = 10'000;
  // What a core carries of a lesson's packets, at about 2 us each.
  static constexpr int64_t kWhole = 480'000;
  static constexpr int64_t kFull = 1'000'000;

 private:
  int64_t measured_ = 0;
  int64_t fresh_ = 0;     // peers since the last reading
  int64_t settling_ = 0;  // peers of the interval before
  int64_t peers_ = 0;
  int64_t rooms_ = 0;
  uint64_t packets_before_ = 0;
  Instant read_at_;
  double busy_ = 0;
  bool full_ = false;
};

// The worker for a room's next peer. `in_room`: workers that have a part of it already, in the
// order in which they got it. The least loaded of those, unless it carries more than `spread_above`
// and another worker carries less than three quarters of its load. `loads` is not empty.
size_t choose_worker(const std::vector<LoadEstimate>& loads, const std::vector<size_t>& in_room,
                     int64_t spread_above);

}  // namespace media::worker

// A worker's counters for other threads to read: single words, written by the worker a few times a
// second, so that its counting itself stays plain. Thread: the worker writes, any reads.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "media/base/drop.h"

namespace media::worker {

struct WorkerCounters {
  uint64_t datagrams_in = 0;
  uint64_t bytes_in = 0;
  uint64_t datagrams_out = 0;
  uint64_t bytes_out = 0;
  uint64_t rtp_in = 0;
  uint64_t rtp_forwarded = 0;
  uint64_t rtx_out = 0;
  uint64_t relay_out = 0;
  uint64_t relay_in = 0;
  uint64_t send_calls = 0;
  uint64_t gso_sends = 0;
  uint64_t recv_calls = 0;
  uint64_t tcp_connections = 0;  // open now
  uint64_t tcp_accepted = 0;
  uint64_t tcp_datagrams_out = 0;  // those of TCP within datagrams_out
  uint64_t lag_us = 0;             // worst lateness of the last moments, halved ten times a second
  uint64_t sessions = 0;
  uint64_t rooms = 0;
  uint64_t busy_permille = 0;  // smoothed, as are the next two (overload/load_meter.h)
  uint64_t line_permille = 0;
  uint64_t mean_lag_us = 0;
  uint64_t load_level = 0;  // overload::LoadLevel
  uint64_t relief = 0;      // overload::Relief
  uint64_t reliefs = 0;     // steps down since the start
  uint64_t backlogs = 0;    // turns of the loop that left datagrams waiting
  std::array<uint64_t, kDropCount> drops{};
};

class StatsBoard {
 public:
  void publish(const WorkerCounters& counters) {
    const auto* words = reinterpret_cast<const uint64_t*>(&counters);
    for (size_t i = 0; i < kWords; ++i) words_[i].store(words[i], std::memory_order_relaxed);
  }
  [[nodiscard]] WorkerCounters read() const {
    WorkerCounters counters;
    auto* words = reinterpret_cast<uint64_t*>(&counters);
    for (size_t i = 0; i < kWords; ++i) words[i] = words_[i].load(std::memory_order_relaxed);
    return counters;
  }

  void note_lag(uint64_t us) {
    if (us > lag_us_.load(std::memory_order_relaxed)) lag_us_.store(us, std::memory_order_relaxed);
  }
  // The longest since the last call.
  uint64_t take_lag() { return lag_us_.exchange(0, std::memory_order_relaxed); }

 private:
  static constexpr size_t kWords = sizeof(WorkerCounters) / sizeof(uint64_t);
  static_assert(sizeof(WorkerCounters) % sizeof(uint64_t) == 0);

  std::array<std::atomic<uint64_t>, kWords> words_{};
  std::atomic<uint64_t> lag_us_{0};
};

}  // namespace media::worker

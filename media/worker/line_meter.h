// How much of the line's permitted bit rate all workers of this process use together. Each worker
// writes its own rate, any reads the sum. Owner: WorkerPool, shared with its workers.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace media::worker {

class LineMeter {
 public:
  // `limit_bps` 0: no limit, use() is always 0.
  LineMeter(size_t workers, int64_t limit_bps) : limit_bps_(limit_bps), rates_(workers) {}

  // The worker's own thread.
  void report(size_t worker, int64_t bps) { rates_[worker].store(bps, std::memory_order_relaxed); }
  // 1 when the line is full.
  [[nodiscard]] double use() const {
    if (limit_bps_ <= 0) return 0;
    int64_t sum = 0;
    for (const auto& rate : rates_) sum += rate.load(std::memory_order_relaxed);
    return static_cast<double>(sum) / static_cast<double>(limit_bps_);
  }

 private:
  int64_t limit_bps_;
  std::vector<std::atomic<int64_t>> rates_;
};

}  // namespace media::worker

// The media threads of this process and what they carry. Owner: api::MediaServer. Thread:
// signaling's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "media/worker/placement.h"
#include "media/worker/worker.h"

namespace media::worker {

class WorkerPool {
 public:
  struct Params {
    unsigned workers = 1;
    std::string bind_address;
    uint16_t port = 0;                           // worker i binds port + i; 0 = any free port each
    net::Capabilities capabilities{true, true};  // what to use of the kernel
    bool tcp = true;
    int64_t line_bps = 0;  // what all workers together may send; 0: no limit
  };
  static Outcome<WorkerPool> start(const Params& params, const dtls::Certificate& certificate,
                                   const std::function<void()>& wake);

  ~WorkerPool();
  WorkerPool(WorkerPool&&) = default;
  WorkerPool& operator=(WorkerPool&&) = default;

  // The worker for the next peer of a room that has parts on `in_room`.
  size_t place(const std::vector<size_t>& in_room, int64_t spread_above);
  void count_peer(size_t worker, int change) { loads_[worker].count_peer(change); }
  void count_room(size_t worker, int change) { loads_[worker].count_room(change); }
  // Lays the pipes between two workers that are about to share a room; once.
  void connect(size_t a, size_t b);

  [[nodiscard]] Worker& worker(size_t index) const { return *workers_[index]; }
  [[nodiscard]] size_t size() const { return workers_.size(); }
  [[nodiscard]] const std::vector<std::unique_ptr<Worker>>& workers() const { return workers_; }
  // By which the parts of a room name each other.
  [[nodiscard]] static ShardId shard_of(size_t worker) {
    return ShardId(static_cast<uint32_t>(worker + 1));
  }

 private:
  WorkerPool() = default;

  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<LoadEstimate> loads_;
  std::set<std::pair<size_t, size_t>> connected_;
};

}  // namespace media::worker

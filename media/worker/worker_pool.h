// The media threads of this process and which room lives where. A room stays on one worker for its
// life. Owner: api::MediaServer. Thread: signaling's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

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
  };
  static Outcome<WorkerPool> start(const Params& params, const dtls::Certificate& certificate,
                                   const std::function<void()>& wake);

  // The worker of `room`, chosen now when it has none: the one that carries least.
  Worker& place(RoomId room);
  [[nodiscard]] Worker* worker_of(RoomId room);
  void forget(RoomId room);
  // Load is counted in connections: what a worker does grows with them.
  void count_peer(RoomId room, int change);

  [[nodiscard]] const std::vector<std::unique_ptr<Worker>>& workers() const { return workers_; }

 private:
  struct Load {
    int64_t peers = 0;
    int64_t rooms = 0;
  };
  struct Placement {
    size_t worker = 0;
    int64_t peers = 0;
  };

  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Load> loads_;
  std::unordered_map<RoomId, Placement> rooms_;
};

// Which of `loads` (peers, rooms) carries least; the first among equals. Not empty.
size_t least_loaded(const std::vector<std::pair<int64_t, int64_t>>& loads);

}  // namespace media::worker

#include "media/worker/worker_pool.h"

#include <algorithm>

#include "media/base/check.h"

namespace media::worker {

size_t least_loaded(const std::vector<std::pair<int64_t, int64_t>>& loads) {
  return static_cast<size_t>(std::min_element(loads.begin(), loads.end()) - loads.begin());
}

Outcome<WorkerPool> WorkerPool::start(const Params& params, const dtls::Certificate& certificate,
                                      const std::function<void()>& wake) {
  WorkerPool pool;
  const unsigned count = std::max(1U, params.workers);
  if (params.port != 0 && params.port + count - 1 > UINT16_MAX) {
    return env_fail("The media port " + std::to_string(params.port) + " leaves no room for " +
                    std::to_string(count) + " workers; choose a lower one.");
  }
  for (unsigned i = 0; i < count; ++i) {
    const auto port = params.port == 0 ? uint16_t{0} : static_cast<uint16_t>(params.port + i);
    const auto address = Address::parse(params.bind_address, port);
    if (!address)
      return env_fail("The media bind address \"" + params.bind_address +
                      "\" is not a numeric address.");
    auto worker =
        Worker::start({i, *address, false, params.capabilities, params.tcp}, certificate, wake);
    if (!worker) return env_fail(worker.error().message);
    pool.workers_.push_back(std::move(*worker));
  }
  pool.loads_.resize(count);
  return pool;
}

Worker& WorkerPool::place(RoomId room) {
  if (Worker* worker = worker_of(room)) return *worker;
  std::vector<std::pair<int64_t, int64_t>> loads;
  loads.reserve(loads_.size());
  for (const Load& l : loads_) loads.emplace_back(l.peers, l.rooms);
  const size_t chosen = least_loaded(loads);
  ++loads_[chosen].rooms;
  rooms_.insert_or_assign(room, Placement{chosen, 0});
  return *workers_[chosen];
}

Worker* WorkerPool::worker_of(RoomId room) {
  const auto it = rooms_.find(room);
  return it == rooms_.end() ? nullptr : workers_[it->second.worker].get();
}

void WorkerPool::forget(RoomId room) {
  const auto it = rooms_.find(room);
  if (it == rooms_.end()) return;
  --loads_[it->second.worker].rooms;
  loads_[it->second.worker].peers -= it->second.peers;
  rooms_.erase(it);
}

void WorkerPool::count_peer(RoomId room, int change) {
  const auto it = rooms_.find(room);
  if (it == rooms_.end()) return;
  it->second.peers += change;
  loads_[it->second.worker].peers += change;
  DCHECK(it->second.peers >= 0);
}

}  // namespace media::worker

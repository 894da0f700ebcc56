#include "media/worker/worker_pool.h"

#include <algorithm>

#include "media/mesh/pipe.h"
#include "media/net/clock.h"
#include "media/overload/load_meter.h"

namespace media::worker {

Outcome<WorkerPool> WorkerPool::start(const Params& params, const dtls::Certificate& certificate,
                                      const std::function<void()>& wake) {
  WorkerPool pool;
  const unsigned count = std::max(1U, params.workers);
  if (params.port != 0 && params.port + count - 1 > UINT16_MAX) {
    return env_fail("The media port " + std::to_string(params.port) + " leaves no room for " +
                    std::to_string(count) + " workers; choose a lower one.");
  }
  const auto line = params.line_bps > 0 ? std::make_shared<LineMeter>(count, params.line_bps)
                                        : std::shared_ptr<LineMeter>();
  for (unsigned i = 0; i < count; ++i) {
    const auto port = params.port == 0 ? uint16_t{0} : static_cast<uint16_t>(params.port + i);
    const auto address = Address::parse(params.bind_address, port);
    if (!address)
      return env_fail("The media bind address \"" + params.bind_address +
                      "\" is not a numeric address.");
    auto worker = Worker::start({i, *address, false, params.capabilities, params.tcp, line},
                                certificate, wake);
    if (!worker) return env_fail(worker.error().message);
    pool.workers_.push_back(std::move(*worker));
  }
  pool.loads_.resize(count);
  return pool;
}

WorkerPool::~WorkerPool() {
  for (const auto& worker : workers_) worker->stop();
}

size_t WorkerPool::place(const std::vector<size_t>& in_room, int64_t spread_above) {
  const Instant now = net::monotonic_now();
  for (size_t i = 0; i < workers_.size(); ++i) {
    const WorkerCounters counters = workers_[i]->counters();
    const double busy = static_cast<double>(counters.busy_permille) / 1000;
    loads_[i].on_reading(now, {counters.rtp_in + counters.rtp_forwarded, counters.lag_us, busy,
                               busy >= overload::LoadMeter::kBusyUse});
  }
  return choose_worker(loads_, in_room, spread_above);
}

void WorkerPool::connect(size_t a, size_t b) {
  if (a == b || !connected_.insert(std::minmax(a, b)).second) return;
  const auto pipe_to = [this](size_t index) {
    return std::make_shared<mesh::Pipe>([w = workers_[index].get()] { w->wake(); });
  };
  const auto to_a = pipe_to(a);
  const auto to_b = pipe_to(b);
  workers_[a]->post(engine::ConnectShard{shard_of(b), to_b, to_a});
  workers_[b]->post(engine::ConnectShard{shard_of(a), to_a, to_b});
}

}  // namespace media::worker

// What forwarding itself costs, without cipher and system calls: one packet of a frame to one of N
// receivers.
#include "tests/bench/media/forward_work.h"

#include <benchmark/benchmark.h>

namespace {

void forward_frame(benchmark::State& state) {
  tests::ForwardWork work(static_cast<uint32_t>(state.range(0)));
  int64_t packets = 0;
  for (auto _ : state) {
    packets += static_cast<int64_t>(work.picture());
    benchmark::DoNotOptimize(work.buffer().data());
  }
  state.SetItemsProcessed(packets);
  state.counters["ns_per_packet"] =
      benchmark::Counter(static_cast<double>(packets) / 1e9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(forward_frame)->Arg(10)->Arg(50)->Arg(100)->Arg(200);

}  // namespace

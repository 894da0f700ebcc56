// Whatever is taken for a trace: time goes on in it, and what it prints reads the same.
#include "tests/line/capacity_trace.h"

#include <cstddef>
#include <cstdint>

#include "media/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto trace = line::CapacityTrace::parse({reinterpret_cast<const char*>(data), size});
  if (!trace) return 0;
  CHECK(trace->size() > 0 && trace->period() > media::Duration());
  const uint64_t count = trace->size();
  for (uint64_t i = 1; i < 3 * count && i < 1'000; ++i)
    CHECK(trace->time_of(i) >= trace->time_of(i - 1));
  const media::Duration late = trace->time_of(count - 1);
  const uint64_t at = trace->first_from(late);
  CHECK(trace->time_of(at) >= late && (at == 0 || trace->time_of(at - 1) < late));
  const auto again = line::CapacityTrace::parse(trace->to_text());
  CHECK(again && again->to_text() == trace->to_text());
  return 0;
}

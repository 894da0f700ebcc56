// Whatever is taken for lines makes schedules that begin at zero and go forward, of shares that are
// shares.
#include "tests/line/profiles.h"

#include <cstddef>
#include <cstdint>

#include "media/base/check.h"

namespace {

void check_schedule(const line::Schedule& schedule) {
  CHECK(!schedule.steps.empty() && schedule.steps.front().at == line::Duration());
  line::Duration before = -line::Duration::micros(1);
  for (const line::Step& step : schedule.steps) {
    CHECK(step.at > before);
    before = step.at;
    const line::Params& p = step.params;
    for (const double share : {p.loss, p.burst.loss, p.reorder, p.duplicate})
      CHECK(share >= 0 && share <= 1);
    CHECK(p.bits_per_second >= 0 && p.delay >= line::Duration() && p.burst.mean_length >= 1);
  }
  CHECK(schedule.repeat == line::Duration() || schedule.repeat > before);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto profiles = line::parse_profiles(
      {reinterpret_cast<const char*>(data), size}, "fuzz.toml",
      [](const std::string&) -> media::Outcome<std::string> { return "5\n7\n"; });
  if (!profiles) {
    CHECK(!profiles.error().message.empty());
    return 0;
  }
  for (const line::Profile& p : *profiles) {
    check_schedule(p.up);
    check_schedule(p.down);
  }
  return 0;
}

#include "tests/line/report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace line {

namespace {

nlohmann::json to_json(const Histogram& histogram) {
  return {{"count", histogram.count()},
          {"p50_ms", histogram.quantile(0.5).as_millis()},
          {"p95_ms", histogram.quantile(0.95).as_millis()},
          {"p99_ms", histogram.quantile(0.99).as_millis()},
          {"max_ms", histogram.max().as_millis()}};
}

nlohmann::json to_json(const Statistics& s) {
  nlohmann::json lost;
  for (size_t i = 0; i < s.lost.size(); ++i)
    lost[std::string(to_string(static_cast<LossReason>(i)))] = s.lost[i];
  return {{"offered_packets", s.offered_packets},
          {"offered_bytes", s.offered_bytes},
          {"delivered_packets", s.delivered_packets},
          {"delivered_bytes", s.delivered_bytes},
          {"lost", std::move(lost)},
          {"duplicated", s.duplicated},
          {"overtaken", s.overtaken},
          {"queue_wait", to_json(s.queue_wait)}};
}

std::string direction_text(const char* name, const Statistics& s, Duration ran_for) {
  const double seconds = ran_for.as_seconds();
  std::string text = fmt::format(
      "{:<5} {} packets in, {} out, {:.0f} kbit/s; lost {:.2f} %", name, s.offered_packets,
      s.delivered_packets,
      seconds > 0 ? static_cast<double>(s.delivered_bytes) * 8 / 1e3 / seconds : 0.0,
      s.offered_packets > 0
          ? 100 * static_cast<double>(s.lost_packets()) / static_cast<double>(s.offered_packets)
          : 0.0);
  for (size_t i = 0; i < s.lost.size(); ++i) {
    if (s.lost[i] > 0)
      text += fmt::format(", {} {}", to_string(static_cast<LossReason>(i)), s.lost[i]);
  }
  return text + fmt::format("; queue p50 {} ms, p95 {} ms, most {} ms",
                            s.queue_wait.quantile(0.5).as_millis(),
                            s.queue_wait.quantile(0.95).as_millis(),
                            s.queue_wait.max().as_millis());
}

}  // namespace

nlohmann::json to_json(const Report& report) {
  return {{"profile", report.profile},
          {"seed", report.seed},
          {"seconds", report.ran_for.as_seconds()},
          {"up", to_json(report.up)},
          {"down", to_json(report.down)},
          {"lateness", to_json(report.lateness)}};
}

std::string to_text(const Report& report) {
  return fmt::format(
             "line {} (seed {}), {:.1f} s; the emulator was late by p99 {} ms, at most {} ms\n",
             report.profile, report.seed, report.ran_for.as_seconds(),
             report.lateness.quantile(0.99).as_millis(), report.lateness.max().as_millis()) +
         direction_text("down", report.down, report.ran_for) + '\n' +
         direction_text("up", report.up, report.ran_for) + '\n';
}

}  // namespace line

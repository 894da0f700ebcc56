#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "signaling/load/capacity_run.h"

namespace signaling::load {
namespace {

// As many digits as a measurement has.
double rounded(double value, int decimals) {
  const double scale = std::pow(10.0, decimals);
  return std::round(value * scale) / scale;
}

}  // namespace

std::string as_table(const CapacityResult& r) {
  std::string out;
  const auto row = [&out](const char* name, const std::string& value) {
    out += fmt::format("{:<34}{}\n", name, value);
  };
  row("rooms, watchers (joined / lost)",
      fmt::format("{}, {} ({} / {})", r.rooms, r.subscribers, r.joined, r.lost));
  row("join, POST to first media",
      fmt::format("p50 {:.1f} ms, p99 {:.1f} ms", r.join_p50_ms, r.join_p99_ms));
  row("forwarding delay", fmt::format("p50 {:.2f} ms, p99 {:.2f} ms, largest {:.2f} ms",
                                      r.delay_p50_ms, r.delay_p99_ms, r.delay_max_ms));
  row("delivered", r.offered_pps > 0
                       ? fmt::format("{:.0f} packets/s of {:.0f}", r.delivered_pps, r.offered_pps)
                       : fmt::format("{:.0f} packets/s", r.delivered_pps));
  row("missing / duplicate / reordered",
      fmt::format("{} / {} / {}", r.missing, r.duplicates, r.reordered));
  if (r.repair.thrown_away > 0 || r.repair.asked > 0) {
    row("thrown away / asked / sent again",
        fmt::format("{} / {} / {}, {} holes filled", r.repair.thrown_away, r.repair.asked,
                    r.repair.rtx, r.repair.repaired));
  }
  if (r.cpu_percent > 0) {
    row("server CPU per packet",
        fmt::format("{:.2f} us ({:.1f} % of a core)", r.cpu_us_per_packet, r.cpu_percent));
    row("server CPU per join", fmt::format("{:.2f} ms", r.cpu_ms_per_join));
    row("server memory per watcher", fmt::format("{:.0f} KB", r.rss_kb_per_subscriber));
  }
  row("this load itself", fmt::format("{:.0f} % of a core, {} pictures skipped", r.load_cpu_percent,
                                      r.skipped_pictures));
  if (r.storm.watchers > 0) {
    const StormResult& s = r.storm;
    row("storm: back / left", fmt::format("{} / {}", s.back, s.watchers));
    row("storm: all back after",
        s.all_back_s > 0 ? fmt::format("{:.1f} s", s.all_back_s) : std::string("never"));
    row("storm: join",
        fmt::format("p50 {:.1f} ms, p99 {:.1f} ms", s.rejoin_p50_ms, s.rejoin_p99_ms));
    row("storm: others' delay p99",
        fmt::format("{:.2f} ms, before {:.2f} ms; {} packets missing", s.others_p99_during_ms,
                    s.others_p99_before_ms, s.others_missing));
  }
  if (!r.first_failure.empty()) row("first failure", r.first_failure);
  return out;
}

std::string as_json(const CapacityResult& r) {
  nlohmann::json json{{"rooms", r.rooms},
                      {"subscribers", r.subscribers},
                      {"joined", r.joined},
                      {"lost", r.lost},
                      {"join_p50_ms", rounded(r.join_p50_ms, 2)},
                      {"join_p99_ms", rounded(r.join_p99_ms, 2)},
                      {"delay_p50_ms", rounded(r.delay_p50_ms, 3)},
                      {"delay_p99_ms", rounded(r.delay_p99_ms, 3)},
                      {"delay_max_ms", rounded(r.delay_max_ms, 3)},
                      {"delivered_pps", rounded(r.delivered_pps, 1)},
                      {"offered_pps", rounded(r.offered_pps, 1)},
                      {"missing", r.missing},
                      {"duplicates", r.duplicates},
                      {"reordered", r.reordered},
                      {"thrown_away", r.repair.thrown_away},
                      {"nacked", r.repair.asked},
                      {"rtx", r.repair.rtx},
                      {"repaired", r.repair.repaired},
                      {"cpu_us_per_packet", rounded(r.cpu_us_per_packet, 3)},
                      {"cpu_percent", rounded(r.cpu_percent, 2)},
                      {"cpu_ms_per_join", rounded(r.cpu_ms_per_join, 3)},
                      {"rss_kb_per_subscriber", rounded(r.rss_kb_per_subscriber, 1)},
                      {"load_cpu_percent", rounded(r.load_cpu_percent, 1)},
                      {"skipped_pictures", r.skipped_pictures},
                      {"first_failure", r.first_failure}};
  if (r.storm.watchers > 0) {
    json["storm"] = {{"watchers", r.storm.watchers},
                     {"back", r.storm.back},
                     {"all_back_s", rounded(r.storm.all_back_s, 2)},
                     {"rejoin_p50_ms", rounded(r.storm.rejoin_p50_ms, 2)},
                     {"rejoin_p99_ms", rounded(r.storm.rejoin_p99_ms, 2)},
                     {"others_p99_before_ms", rounded(r.storm.others_p99_before_ms, 3)},
                     {"others_p99_during_ms", rounded(r.storm.others_p99_during_ms, 3)},
                     {"others_missing", r.storm.others_missing}};
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace signaling::load

#include "tests/line/profiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#define TOML_EXCEPTIONS 0
// The parser asserts on some text that is not TOML, which it then reports as the error that it is.
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

namespace line {

namespace {

using media::env_fail;
using media::Outcome;

// Above these a value is a slip of the pen.
constexpr double kMaxKbit = 10e6;
constexpr double kMaxMillis = 60'000;
constexpr double kMaxSeconds = 86'400;
constexpr double kMaxQueueBytes = 1e9;
constexpr double kMaxBurst = 10'000;

// Reads one table of a profile into parameters; the first thing wrong is kept.
class Reader {
 public:
  Reader(std::string file, const TraceReader& traces) : file_(std::move(file)), traces_(traces) {}

  // Every key of `table` that says what a line is like. `also` may stand there beside them.
  void read(const toml::table& table, Params& out, const std::set<std::string_view>& also) {
    for (const auto& [key, node] : table) {
      if (!also.contains(key.str())) read_key(key.str(), node, out);
    }
  }

  double number(const toml::node& node, std::string_view key, double lowest, double highest) {
    const auto value = node.value<double>();
    if (!value || node.is_boolean() || !(*value >= lowest && *value <= highest)) {
      complain(node, key, fmt::format("is a number from {} to {}", lowest, highest));
      return lowest;
    }
    return *value;
  }

  void complain(const toml::node& node, std::string_view key, const std::string& rule) {
    if (complaint_.empty())
      complaint_ = fmt::format("{}:{}: {} {}.", file_, node.source().begin.line, key, rule);
  }
  [[nodiscard]] const std::string& complaint() const { return complaint_; }

 private:
  void read_key(std::string_view key, const toml::node& node, Params& out) {
    using Read = void (Reader::*)(const toml::node&, std::string_view, Params&);
    static const std::map<std::string_view, Read> kKeys = {{"rate_kbit", &Reader::rate},
                                                           {"trace", &Reader::trace},
                                                           {"queue_ms", &Reader::times},
                                                           {"delay_ms", &Reader::times},
                                                           {"jitter_ms", &Reader::times},
                                                           {"reorder_ms", &Reader::times},
                                                           {"queue_bytes", &Reader::bytes},
                                                           {"in_order", &Reader::flags},
                                                           {"out", &Reader::flags},
                                                           {"loss_percent", &Reader::shares},
                                                           {"reorder_percent", &Reader::shares},
                                                           {"duplicate_percent", &Reader::shares},
                                                           {"burst_loss_percent", &Reader::shares},
                                                           {"burst_mean", &Reader::burst_mean}};
    const auto found = kKeys.find(key);
    if (found == kKeys.end()) return complain(node, key, "is not a key of a line");
    (this->*found->second)(node, key, out);
  }

  void rate(const toml::node& node, std::string_view key, Params& out) {
    out.bits_per_second = static_cast<int64_t>(number(node, key, 0, kMaxKbit) * 1'000);
  }
  void trace(const toml::node& node, std::string_view key, Params& out) {
    const auto name = node.value_exact<std::string>();
    if (!name) return complain(node, key, "is the name of a file in quotes");
    auto& known = loaded_[*name];
    if (!known) {
      const auto text = traces_(*name);
      if (!text) return complain(node, key, "cannot be read: " + text.error().message);
      auto parsed = CapacityTrace::parse(*text);
      if (!parsed) return complain(node, key, std::string("is not usable: ") + parsed.error().what);
      known = std::make_shared<const CapacityTrace>(std::move(*parsed));
    }
    out.trace = known;
  }
  void times(const toml::node& node, std::string_view key, Params& out) {
    Duration& value = key == "queue_ms"    ? out.max_queue
                      : key == "delay_ms"  ? out.delay
                      : key == "jitter_ms" ? out.jitter
                                           : out.reorder_by;
    value = Duration::micros(static_cast<int64_t>(number(node, key, 0, kMaxMillis) * 1'000));
  }
  void bytes(const toml::node& node, std::string_view key, Params& out) {
    out.max_queue_bytes = static_cast<int64_t>(number(node, key, 0, kMaxQueueBytes));
  }
  void flags(const toml::node& node, std::string_view key, Params& out) {
    const auto value = node.value_exact<bool>();
    if (!value) return complain(node, key, "is true or false");
    (key == "out" ? out.out : out.in_order) = *value;
  }
  void shares(const toml::node& node, std::string_view key, Params& out) {
    double& value = key == "loss_percent"        ? out.loss
                    : key == "reorder_percent"   ? out.reorder
                    : key == "duplicate_percent" ? out.duplicate
                                                 : out.burst.loss;
    value = number(node, key, 0, 100) / 100;
  }
  void burst_mean(const toml::node& node, std::string_view key, Params& out) {
    out.burst.mean_length = number(node, key, 1, kMaxBurst);
  }

  std::string file_;
  const TraceReader& traces_;
  std::map<std::string, std::shared_ptr<const CapacityTrace>> loaded_;
  std::string complaint_;
};

Params usual() {
  Params params;
  params.in_order = true;
  return params;
}

// The steps of [[NAME.step]] or [[NAME.down.step]], each different from `base`.
void read_steps(Reader& reader, const toml::table& table, const Params& base, Schedule& out) {
  const toml::node* node = table.get("step");
  if (node == nullptr) return;
  const toml::array* steps = node->as_array();
  if (steps == nullptr || !steps->is_array_of_tables())
    return reader.complain(*node, "step", "is a list of tables: [[NAME.step]]");
  for (const toml::node& entry : *steps) {
    const toml::table& step = *entry.as_table();
    const toml::node* at = step.get("at_s");
    if (at == nullptr) return reader.complain(entry, "step", "says when it begins: at_s");
    const double seconds = reader.number(*at, "at_s", 0.001, kMaxSeconds);
    const Duration begins = Duration::micros(static_cast<int64_t>(seconds * 1e6));
    if (begins <= out.steps.back().at)
      return reader.complain(*at, "at_s", "is later than that of the step before");
    Params params = base;
    reader.read(step, params, {"at_s"});
    out.steps.push_back({begins, std::move(params)});
  }
}

Profile read_profile(Reader& reader, std::string name, const toml::table& table) {
  Profile profile;
  profile.name = std::move(name);
  Params both = usual();
  reader.read(table, both, {"about", "down", "up", "step", "repeat_s"});
  if (const toml::node* about = table.get("about")) {
    profile.about = about->value_or(std::string());
    if (!about->is_string()) reader.complain(*about, "about", "is a text in quotes");
  }
  for (const bool down : {true, false}) {
    const char* side = down ? "down" : "up";
    Schedule& schedule = down ? profile.down : profile.up;
    Params params = both;
    const toml::table* own = nullptr;
    if (const toml::node* node = table.get(side)) {
      own = node->as_table();
      if (own == nullptr) {
        reader.complain(*node, side, fmt::format("is a section: [{}.{}]", profile.name, side));
        continue;
      }
      reader.read(*own, params, {"step"});
    }
    schedule = Schedule(params);
    read_steps(reader, own != nullptr && own->contains("step") ? *own : table, params, schedule);
    if (const toml::node* repeat = table.get("repeat_s")) {
      const double seconds = reader.number(*repeat, "repeat_s", 0.001, kMaxSeconds);
      schedule.repeat = Duration::micros(static_cast<int64_t>(seconds * 1e6));
      if (schedule.repeat <= schedule.steps.back().at)
        reader.complain(*repeat, "repeat_s", "is later than the last step");
    }
  }
  return profile;
}

}  // namespace

Outcome<std::vector<Profile>> parse_profiles(std::string_view text, const std::string& file_name,
                                             const TraceReader& traces) {
  const toml::parse_result parsed = toml::parse(text, file_name);
  if (!parsed) {
    return env_fail(fmt::format("{}:{}: {}.", file_name, parsed.error().source().begin.line,
                                parsed.error().description()));
  }
  Reader reader(file_name, traces);
  std::vector<Profile> profiles;
  for (const auto& [key, node] : parsed.table()) {
    const std::string name(key.str());
    if (!node.is_table()) {
      reader.complain(node, name, fmt::format("is a line: [{}]", name));
      break;
    }
    profiles.push_back(read_profile(reader, name, *node.as_table()));
  }
  if (!reader.complaint().empty()) return env_fail(reader.complaint());
  return profiles;
}

std::string describe(const Schedule& schedule) {
  const Params& p = schedule.steps.front().params;
  std::string text = p.trace
                         ? fmt::format("{:.1f} Mbit/s on average",
                                       static_cast<double>(p.trace->mean_bits_per_second()) / 1e6)
                     : p.bits_per_second > 0
                         ? fmt::format("{:g} kbit/s", static_cast<double>(p.bits_per_second) / 1e3)
                         : "no limit";
  text += fmt::format(", {:g} ms", static_cast<double>(p.delay.as_micros()) / 1e3);
  if (p.jitter > Duration())
    text += fmt::format(" + 0..{:g}", static_cast<double>(p.jitter.as_micros()) / 1e3);
  if (p.loss > 0) text += fmt::format(", {:g} % lost", p.loss * 100);
  if (p.burst.loss > 0)
    text += fmt::format(", {:g} % lost in runs of {:g}", p.burst.loss * 100, p.burst.mean_length);
  if (schedule.steps.size() > 1) text += fmt::format(", {} steps", schedule.steps.size());
  return text;
}

}  // namespace line

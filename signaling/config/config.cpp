#include "signaling/config/config.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#define TOML_EXCEPTIONS 0
// The parser asserts on some text that is not TOML, which it then reports as the error that it is.
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

#include "media/base/address.h"

namespace signaling::config {

namespace {

using media::env_fail;
using media::Outcome;

constexpr std::array kLogLevels{"trace", "debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 4> kVideoCodecs = {"VP8", "H264", "VP9", "AV1"};

// Reads the keys of one TOML table; the first thing wrong is kept, the rest is skipped.
class TableReader {
 public:
  TableReader(const toml::table& table, std::string file, std::string prefix)
      : table_(table), file_(std::move(file)), prefix_(std::move(prefix)) {}

  void text(const char* key, std::string& out) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<std::string>();
    if (!value) return complain(*node, key, "is a text in quotes");
    out = *value;
  }

  void texts(const char* key, std::vector<std::string>& out, size_t most) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const toml::array* list = node->as_array();
    const std::string rule = fmt::format("is a list of at most {} texts in quotes", most);
    if (list == nullptr || list->size() > most) return complain(*node, key, rule);
    out.clear();
    for (const toml::node& entry : *list) {
      const auto value = entry.value_exact<std::string>();
      if (!value) return complain(*node, key, rule);
      out.push_back(*value);
    }
  }

  void flag(const char* key, bool& out) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<bool>();
    if (!value) return complain(*node, key, "is true or false");
    out = *value;
  }

  template <class T>
  void number(const char* key, T& out, int64_t lowest, int64_t highest) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<int64_t>();
    if (!value || *value < lowest || *value > highest) {
      return complain(*node, key, fmt::format("is a whole number from {} to {}", lowest, highest));
    }
    out = static_cast<T>(*value);
  }

  // The table named `key`; an empty one when it is absent.
  const toml::table& section(const char* key) {
    static const toml::table kEmpty;
    const toml::node* node = take(key);
    if (node == nullptr) return kEmpty;
    if (!node->is_table()) {
      complain(*node, key, fmt::format("is a section: [{}]", key));
      return kEmpty;
    }
    return *node->as_table();
  }

  // The first complaint; a key that was never asked for is one.
  std::string finish() {
    for (const auto& [key, node] : table_) {
      const std::string name(key.str());
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
        complain(node, name, "is not a key that Tongke knows; configs/tongke.toml lists them all");
      }
    }
    return complaint_;
  }

 private:
  const toml::node* take(const char* key) {
    known_.emplace_back(key);
    return table_.get(key);
  }
  void complain(const toml::node& node, const std::string& key, const std::string& rule) {
    if (!complaint_.empty()) return;
    complaint_ =
        fmt::format("{}:{}: {}{} {}.", file_, node.source().begin.line, prefix_, key, rule);
  }

  const toml::table& table_;
  std::string file_;
  std::string prefix_;
  std::vector<std::string> known_;
  std::string complaint_;
};

std::string first_of(std::initializer_list<std::string> complaints) {
  for (const std::string& text : complaints) {
    if (!text.empty()) return text;
  }
  return {};
}

// RFC 7065, as far as it is used: no user part, no quotes or spaces that would break out of a
// header.
bool is_turn_url(std::string_view url) {
  const bool is_tls = url.starts_with("turns:");
  if (!is_tls && !url.starts_with("turn:")) return false;
  std::string_view rest = url.substr(url.find(':') + 1);
  const size_t question = rest.find('?');
  if (question != std::string_view::npos) {
    const std::string_view query = rest.substr(question);
    if (query != "?transport=tcp" && (is_tls || query != "?transport=udp")) return false;
    rest = rest.substr(0, question);
  }
  return !rest.empty() && rest.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              ".-:[]") == std::string_view::npos;
}

std::string ice_contradiction(const Config::Ice& ice) {
  for (const std::string& url : ice.turn) {
    if (!is_turn_url(url)) {
      return fmt::format(
          "ice.turn holds \"{}\"; an entry is turn:HOST:PORT?transport=udp, the same with tcp, or "
          "turns:HOST:PORT?transport=tcp.",
          url);
    }
  }
  if (ice.turn.empty() != ice.turn_secret_file.empty())
    return "ice.turn and ice.turn_secret_file belong together: give both, or none.";
  return {};
}

std::string codec_contradiction(const std::vector<std::string>& codecs) {
  if (codecs.empty()) return "media.video_codecs is empty; no picture could be published.";
  for (const std::string& name : codecs) {
    if (std::find(kVideoCodecs.begin(), kVideoCodecs.end(), name) == kVideoCodecs.end() ||
        std::count(codecs.begin(), codecs.end(), name) > 1) {
      return fmt::format("media.video_codecs holds \"{}\"; it names each of {} at most once.", name,
                         fmt::join(kVideoCodecs, ", "));
    }
  }
  return {};
}

// What no single key can tell. Empty: sound.
std::string contradiction(const Config& config) {
  if (config.data.empty()) return "data must name a directory.";
  if (!media::Address::parse(config.public_address, 0)) {
    return fmt::format(
        "public_address is \"{}\"; it must be a numeric address, since browsers get it as an ICE "
        "candidate.",
        config.public_address);
  }
  for (const std::string& bind : {config.http.bind, config.media.bind}) {
    if (!media::Address::parse(bind, 0))
      return fmt::format("bind is \"{}\"; it must be a numeric address.", bind);
  }
  if (std::find(kLogLevels.begin(), kLogLevels.end(), config.log_level) == kLogLevels.end()) {
    return fmt::format("log_level is \"{}\"; it is one of {}.", config.log_level,
                       fmt::join(kLogLevels, ", "));
  }
  if (config.http.certificate.empty() != config.http.private_key.empty()) {
    return "http.certificate and http.private_key belong together: give both, or none for a "
           "self-signed certificate.";
  }
  if (config.media.port != 0 &&
      config.media.port + std::max(config.media.workers, 1U) - 1 > 65535) {
    return "media.port + media.workers goes beyond port 65535.";
  }
  if (auto problem = codec_contradiction(config.media.video_codecs); !problem.empty())
    return problem;
  return ice_contradiction(config.ice);
}

}  // namespace

Outcome<Config> parse_config(std::string_view text, const std::string& file_name) {
  if (text.size() > kMaxConfigBytes)
    return env_fail(fmt::format("{}: larger than a megabyte.", file_name));
  const toml::parse_result parsed = toml::parse(text, file_name);
  if (!parsed) {
    return env_fail(fmt::format("{}:{}: {}.", file_name, parsed.error().source().begin.line,
                                parsed.error().description()));
  }
  Config config;
  TableReader top(parsed.table(), file_name, "");
  top.text("data", config.data);
  top.text("public_address", config.public_address);
  top.text("log_level", config.log_level);
  TableReader http(top.section("http"), file_name, "http.");
  http.text("bind", config.http.bind);
  http.number("port", config.http.port, 0, 65535);
  http.text("certificate", config.http.certificate);
  http.text("private_key", config.http.private_key);
  http.text("web_root", config.http.web_root);
  TableReader media(top.section("media"), file_name, "media.");
  media.text("bind", config.media.bind);
  media.number("port", config.media.port, 0, 65535);
  media.number("workers", config.media.workers, 0, kMaxWorkers);
  media.flag("tcp", config.media.tcp);
  media.flag("offload", config.media.offload);
  media.number("line_mbit", config.media.line_mbit, 0, 1'000'000);
  media.number("spread_above_pps", config.media.spread_above_pps, 0, 1'000'000);
  media.texts("video_codecs", config.media.video_codecs, kVideoCodecs.size());
  media.number("picture_kbps", config.media.picture_kbps, 100, 12'000);
  media.number("sound_kbps", config.media.sound_kbps, 16, 768);
  media.flag("audio_red", config.media.audio_red);
  TableReader session(top.section("session"), file_name, "session.");
  session.number("lifetime_hours", config.session.lifetime_hours, 1, kMaxSessionHours);
  TableReader ice(top.section("ice"), file_name, "ice.");
  ice.texts("turn", config.ice.turn, kMaxTurnUrls);
  ice.text("turn_secret_file", config.ice.turn_secret_file);
  ice.number("turn_lifetime_hours", config.ice.turn_lifetime_hours, 1, kMaxTurnHours);
  TableReader ingest(top.section("ingest"), file_name, "ingest.");
  ingest.text("bind", config.ingest.bind);
  ingest.number("rtmp_port", config.ingest.rtmp_port, 0, 65535);
  ingest.number("rtmps_port", config.ingest.rtmps_port, 0, 65535);
  ingest.number("max_pulls", config.ingest.max_pulls, 0, kMaxPulls);
  ingest.texts("deny", config.ingest.deny, kMaxNetworks);
  ingest.texts("allow", config.ingest.allow, kMaxNetworks);
  const std::string complaint = first_of({top.finish(), http.finish(), media.finish(),
                                          session.finish(), ice.finish(), ingest.finish()});
  if (!complaint.empty()) return env_fail(complaint);
  if (const std::string problem = contradiction(config); !problem.empty()) {
    return env_fail(fmt::format("{}: {}", file_name, problem));
  }
  return config;
}

Outcome<Config> load_config(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return env_fail(fmt::format("cannot read the configuration {}.", file.string()));
  std::string text;
  std::array<char, 4096> chunk{};
  while (text.size() <= kMaxConfigBytes &&
         (in.read(chunk.data(), chunk.size()) || in.gcount() > 0)) {
    text.append(chunk.data(), static_cast<size_t>(in.gcount()));
  }
  if (in.bad() || !in.eof())
    return env_fail(fmt::format("cannot read the configuration {}.", file.string()));
  return parse_config(text, file.string());
}

void add_options(CLI::App& app, Overrides& overrides) {
  app.add_option("--config", overrides.config_file,
                 "Configuration file (TOML); configs/tongke.toml lists the keys");
  app.add_option("--data", overrides.data, "Data directory");
  app.add_option("--http-port", overrides.http_port, "HTTPS port; 0 takes any free one");
  app.add_option("--media-port", overrides.media_port,
                 "First port for media, UDP and TCP; 0 takes any free ones");
  app.add_option("--public-address", overrides.public_address,
                 "Numeric address that browsers reach the server at");
  app.add_option("--workers", overrides.workers, "Media workers; 0 is one per processor")
      ->check(CLI::Range(0U, kMaxWorkers));
  app.add_option("--web-root", overrides.web_root, "Directory of the built pages");
  app.add_option("--log-level", overrides.log_level, "trace, debug, info, warn, error or off");
  app.add_flag("--demo", overrides.demo, "Start with the demonstration collective");
}

Outcome<Config> resolve(const Overrides& overrides) {
  Config config;
  if (overrides.config_file) {
    auto loaded = load_config(*overrides.config_file);
    if (!loaded) return loaded;
    config = std::move(*loaded);
  }
  config.data = overrides.data.value_or(config.data);
  config.public_address = overrides.public_address.value_or(config.public_address);
  config.log_level = overrides.log_level.value_or(config.log_level);
  config.http.port = overrides.http_port.value_or(config.http.port);
  config.media.port = overrides.media_port.value_or(config.media.port);
  config.media.workers = overrides.workers.value_or(config.media.workers);
  config.http.web_root = overrides.web_root.value_or(config.http.web_root);
  config.demo = overrides.demo;
  if (const std::string problem = contradiction(config); !problem.empty()) return env_fail(problem);
  return config;
}

}  // namespace signaling::config

// What an operator may set. Defaults are here and nowhere else; configs/tongke.toml lists them (a
// test compares). Order: defaults, then the file, then the command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/base/result.h"

namespace CLI {
class App;
}

namespace signaling::config {

struct Config {
  // Database, recordings, certificate, lock and admin socket. Made when missing.
  std::string data = "/var/lib/tongke";
  // The numeric address that browsers reach this server at: in links and ICE candidates.
  std::string public_address = "127.0.0.1";
  std::string log_level = "info";  // trace debug info warn error off

  struct Http {
    std::string bind = "0.0.0.0";
    uint16_t port = 8443;
    // PEM files; both empty: a self-signed certificate made on the first start.
    std::string certificate;
    std::string private_key;
    // Built pages; empty: beside the program.
    std::string web_root;
    bool operator==(const Http&) const = default;
  } http;

  struct Media {
    std::string bind = "0.0.0.0";
    uint16_t port = 40000;  // worker i listens on port + i; 0: any free port per worker
    unsigned workers = 0;   // 0: one per processor
    bool tcp = true;        // on the same ports, for networks that let no UDP through
    bool offload = true;    // UDP GSO and GRO where the kernel has them
    // Taken from publishers, best first: "VP8", "H264", "VP9", "AV1".
    std::vector<std::string> video_codecs = {"VP8", "H264", "VP9", "AV1"};
    unsigned picture_kbps = 6000;  // what one camera, screen or encoder may send
    unsigned sound_kbps = 510;     // and one microphone, or the sound of a screen
    bool audio_red = true;   // voices with redundancy (RFC 2198) where browsers can
    unsigned line_mbit = 0;  // what lessons may send in all; 0: no limit
    // A lesson goes to a second worker above so many packets a second on its first.
    unsigned spread_above_pps = 60'000;
    bool operator==(const Media&) const = default;
  } media;

  struct Session {
    unsigned lifetime_hours = 12;  // a sign-in; a school day
    bool operator==(const Session&) const = default;
  } session;

  // Ways in for clients whose network lets no UDP of ours through; see IceServers for what is made
  // of them.
  struct Ice {
    std::vector<std::string> turn;  // RFC 7065: "turn:HOST:PORT?transport=udp", "turns:…"
    // One secret a line, shared with the TURN server; the first is used. Read again when it
    // changes.
    std::string turn_secret_file;
    unsigned turn_lifetime_hours = 12;  // of the credentials; a school day
    bool operator==(const Ice&) const = default;
  } ice;

  // Classroom recorders and encoders: those that push RTMP, and those that we call.
  struct Ingest {
    std::string bind = "0.0.0.0";
    uint16_t rtmp_port = 0;   // 0: none taken; 1935 is the usual one
    uint16_t rtmps_port = 0;  // 0: none taken; 443 or 1936 are usual
    unsigned max_pulls = 8;   // called at a time; each may cost as much as a 720p encoder
    // Networks (CIDR) in which nobody is called, besides this machine and link-local addresses;
    // `allow` takes networks out of both.
    std::vector<std::string> deny;
    std::vector<std::string> allow;
    bool operator==(const Ingest&) const = default;
  } ingest;

  bool demo = false;  // command line only: seed the demonstration data

  bool operator==(const Config&) const = default;
};

inline constexpr unsigned kMaxWorkers = 64;
inline constexpr unsigned kMaxSessionHours = 24 * 31;
inline constexpr unsigned kMaxTurnHours = 24 * 7;  // a credential that leaked dies with the week
inline constexpr size_t kMaxTurnUrls = 8;          // browsers slow down with more ICE servers
inline constexpr unsigned kMaxPulls = 256;
inline constexpr size_t kMaxNetworks = 64;
inline constexpr size_t kMaxConfigBytes = 1 << 20;

// Reads TOML over the defaults. Errors name the file, line and key: not TOML, an unknown key, a
// wrong type, a value out of range.
media::Outcome<Config> parse_config(std::string_view toml, const std::string& file_name);
media::Outcome<Config> load_config(const std::filesystem::path& file);

// What the command line says; unset members leave the file's value.
struct Overrides {
  std::optional<std::string> config_file;
  std::optional<std::string> data;
  std::optional<std::string> public_address;
  std::optional<std::string> log_level;
  std::optional<uint16_t> http_port;
  std::optional<uint16_t> media_port;
  std::optional<unsigned> workers;
  std::optional<std::string> web_root;
  bool demo = false;
};

// Declares --config, --data, --http-port, --media-port, --public-address, --workers, --web-root,
// --demo, --log-level on `app`, writing into `overrides`, which must outlive parsing.
void add_options(CLI::App& app, Overrides& overrides);

// File (if named), then overrides, then validation of the whole.
media::Outcome<Config> resolve(const Overrides& overrides);

}  // namespace signaling::config

// What `tongke ingest` is told on stdin, and what it tells on stdout: one JSON object each.
// Credentials travel here and nowhere else.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "media/base/result.h"
#include "media/ingest/source_reader.h"

namespace signaling::ingest {

// Where the media goes.
struct Target {
  std::string whip_url;   // for RTMP pushes the base, to which the lesson is added
  std::string token;      // RTMP pushes bring their own
  bool insecure = false;  // our own server's self-signed certificate, on loopback
};

struct Job {
  Target target;
  media::ingest::SourceParams source;
  // Where no source may be: see AddressPolicy. Networks as CIDR.
  std::vector<std::string> deny;
  std::vector<std::string> allow;
  std::vector<uint16_t> own_ports;
};

struct ListenJob {
  Target target;
  std::string bind;
  uint16_t port = 0;  // 0: any free one
  // RTMPS: PEM files; both empty: plain RTMP.
  std::string certificate;
  std::string private_key;
};

// "rtsp", "rtsp-udp", "srt", "srt-listen", "rtmp". Errors: NotFound.
media::Result<media::ingest::SourceKind> parse_kind(std::string_view name);
const char* kind_name(media::ingest::SourceKind kind);

nlohmann::json to_json(const Job& job);
nlohmann::json to_json(const ListenJob& job);
// Errors: a sentence; never with a credential in it.
media::Outcome<Job> parse_job(std::string_view text);
media::Outcome<ListenJob> parse_listen_job(std::string_view text);

// A source's URL with what would be a secret in it taken out, and those secrets beside it.
// "rtsp://user:pass@host/x" -> user, password; "srt://host:port?streamid=…&passphrase=…" likewise.
// Errors: Malformed, Unsupported (a scheme that does not fit the kind).
media::Result<media::ingest::SourceParams> parse_source_url(media::ingest::SourceKind kind,
                                                            std::string_view url);
// Host of a source's URL without brackets; empty when it has none.
std::string host_of(const std::string& url);
// Its port, or the scheme's usual one; 0 when it has neither.
uint16_t port_of(const std::string& url);
// The same URL without anything that may be secret: RTSP's query, RTMP's stream key (the last part
// of its path), user and password. For people.
std::string shown_address(const std::string& url);
// The same URL with another host.
std::string with_host(const std::string& url, const std::string& host);

}  // namespace signaling::ingest

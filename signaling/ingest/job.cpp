#include "signaling/ingest/job.h"

#include <curl/curl.h>

#include <array>
#include <charconv>
#include <memory>
#include <utility>

namespace signaling::ingest {
namespace {

using media::ingest::SourceKind;
using media::ingest::SourceParams;
using nlohmann::json;

constexpr std::array<std::pair<SourceKind, const char*>, 5> kKinds = {{
    {SourceKind::Rtsp, "rtsp"},
    {SourceKind::RtspUdp, "rtsp-udp"},
    {SourceKind::Srt, "srt"},
    {SourceKind::SrtListen, "srt-listen"},
    {SourceKind::Rtmp, "rtmp"},
}};
constexpr size_t kMaxUrl = 2048;
constexpr std::array<std::pair<const char*, uint16_t>, 4> kUsualPorts = {
    {{"rtsp", 554}, {"rtsps", 322}, {"rtmp", 1935}, {"rtmps", 443}}};

struct UrlFree {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlFree>;

// Schemes that curl does not speak are fine: only the form counts.
Url read_url(const std::string& text) {
  Url url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
    return nullptr;
  return url;
}

std::string part(const Url& url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  std::string out;
  if (curl_url_get(url.get(), which, &text, flags) == CURLUE_OK) out = text;
  curl_free(text);
  return out;
}

bool fits(SourceKind kind, const std::string& scheme) {
  switch (kind) {
    case SourceKind::Rtsp:
    case SourceKind::RtspUdp:
      return scheme == "rtsp" || (scheme == "rtsps" && kind == SourceKind::Rtsp);
    case SourceKind::Srt:
    case SourceKind::SrtListen:
      return scheme == "srt";
    case SourceKind::Rtmp:
      return scheme == "rtmp" || scheme == "rtmps";
    case SourceKind::Flv:
      break;
  }
  return false;
}

std::string decoded(std::string_view text) {
  int size = 0;
  char* plain = curl_easy_unescape(nullptr, text.data(), static_cast<int>(text.size()), &size);
  std::string out(plain != nullptr ? std::string(plain, static_cast<size_t>(size)) : std::string());
  curl_free(plain);
  return out;
}

// SRT keeps its secrets in the query.
void take_srt_query(const std::string& query, SourceParams& out) {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    const size_t equals = one.find('=');
    if (equals == std::string_view::npos) continue;
    if (one.substr(0, equals) == "passphrase") out.passphrase = decoded(one.substr(equals + 1));
    if (one.substr(0, equals) == "streamid") out.stream_id = decoded(one.substr(equals + 1));
  }
}

json target_json(const Target& target) {
  return {{"whip", target.whip_url}, {"token", target.token}, {"insecure", target.insecure}};
}

Target target_of(const json& body) {
  return {body.at("whip").get<std::string>(), body.at("token").get<std::string>(),
          body.at("insecure").get<bool>()};
}

// `read` throws what nlohmann throws; its sentences may quote values, so ours does not.
template <class T, class Read>
media::Outcome<T> parse(std::string_view text, Read read) try {
  return read(json::parse(text));
} catch (const json::exception& error) {
  return media::env_fail("The job on stdin is not one: error " + std::to_string(error.id) + ".");
}

}  // namespace

media::Result<SourceKind> parse_kind(std::string_view name) {
  for (const auto& [kind, known] : kKinds) {
    if (name == known) return kind;
  }
  return media::fail(media::Errc::NotFound, "kind is rtsp, rtsp-udp, srt, srt-listen or rtmp");
}

const char* kind_name(SourceKind kind) {
  for (const auto& [known, name] : kKinds) {
    if (kind == known) return name;
  }
  return "flv";
}

json to_json(const Job& job) {
  const SourceParams& s = job.source;
  return {{"target", target_json(job.target)},
          {"kind", kind_name(s.kind)},
          {"url", s.url},
          {"user", s.user},
          {"password", s.password},
          {"passphrase", s.passphrase},
          {"stream_id", s.stream_id},
          {"timeout_ms", s.timeout.as_millis()},
          {"deny", job.deny},
          {"allow", job.allow},
          {"own_ports", job.own_ports}};
}

json to_json(const ListenJob& job) {
  return {{"target", target_json(job.target)},
          {"bind", job.bind},
          {"port", job.port},
          {"certificate", job.certificate},
          {"private_key", job.private_key}};
}

media::Outcome<Job> parse_job(std::string_view text) {
  return parse<Job>(text, [](const json& body) -> media::Outcome<Job> {
    const auto kind = parse_kind(body.at("kind").get<std::string>());
    if (!kind) return media::env_fail(kind.error().what);
    Job job;
    job.target = target_of(body.at("target"));
    job.source = {.kind = *kind,
                  .url = body.at("url").get<std::string>(),
                  .user = body.at("user").get<std::string>(),
                  .password = body.at("password").get<std::string>(),
                  .passphrase = body.at("passphrase").get<std::string>(),
                  .stream_id = body.at("stream_id").get<std::string>(),
                  .timeout = media::Duration::millis(body.at("timeout_ms").get<int64_t>())};
    job.deny = body.at("deny").get<std::vector<std::string>>();
    job.allow = body.at("allow").get<std::vector<std::string>>();
    job.own_ports = body.at("own_ports").get<std::vector<uint16_t>>();
    return job;
  });
}

media::Outcome<ListenJob> parse_listen_job(std::string_view text) {
  return parse<ListenJob>(text, [](const json& body) -> media::Outcome<ListenJob> {
    return ListenJob{target_of(body.at("target")), body.at("bind").get<std::string>(),
                     body.at("port").get<uint16_t>(), body.at("certificate").get<std::string>(),
                     body.at("private_key").get<std::string>()};
  });
}

media::Result<SourceParams> parse_source_url(SourceKind kind, std::string_view text) {
  if (text.size() > kMaxUrl) return media::fail(media::Errc::TooLarge, "the address is too long");
  const Url url = read_url(std::string(text));
  if (!url || part(url, CURLUPART_HOST).empty())
    return media::fail(media::Errc::Malformed, "the address is not one");
  if (!fits(kind, part(url, CURLUPART_SCHEME)))
    return media::fail(media::Errc::Unsupported, "the address does not fit the kind of source");
  SourceParams out;
  out.kind = kind;
  out.user = part(url, CURLUPART_USER, CURLU_URLDECODE);
  out.password = part(url, CURLUPART_PASSWORD, CURLU_URLDECODE);
  curl_url_set(url.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(url.get(), CURLUPART_PASSWORD, nullptr, 0);
  if (kind == SourceKind::Srt || kind == SourceKind::SrtListen) {
    if (part(url, CURLUPART_PORT).empty())
      return media::fail(media::Errc::Malformed, "an SRT address names a port");
    take_srt_query(part(url, CURLUPART_QUERY), out);
    curl_url_set(url.get(), CURLUPART_QUERY, nullptr, 0);
    curl_url_set(url.get(), CURLUPART_PATH, nullptr, 0);
    if (!out.passphrase.empty() && (out.passphrase.size() < 10 || out.passphrase.size() > 79))
      return media::fail(media::Errc::Malformed, "an SRT passphrase has 10 to 79 characters");
  }
  out.url = part(url, CURLUPART_URL);
  return out;
}

std::string host_of(const std::string& text) {
  const Url url = read_url(text);
  std::string host = url ? part(url, CURLUPART_HOST) : std::string();
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}

uint16_t port_of(const std::string& text) {
  const Url url = read_url(text);
  if (!url) return 0;
  const std::string port = part(url, CURLUPART_PORT);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error == std::errc() && number <= 65535) return static_cast<uint16_t>(number);
  const std::string scheme = part(url, CURLUPART_SCHEME);
  for (const auto& [name, usual] : kUsualPorts) {
    if (scheme == name) return usual;
  }
  return 0;
}

std::string shown_address(const std::string& text) {
  const Url url = read_url(text);
  if (!url) return {};
  for (const CURLUPart secret :
       {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    curl_url_set(url.get(), secret, nullptr, 0);
  }
  if (part(url, CURLUPART_SCHEME).starts_with("rtmp")) {
    const std::string path = part(url, CURLUPART_PATH);
    curl_url_set(url.get(), CURLUPART_PATH, path.substr(0, path.rfind('/')).c_str(), 0);
  }
  std::string out = part(url, CURLUPART_URL);
  if (part(url, CURLUPART_PATH) == "/" && out.ends_with('/')) out.pop_back();
  return out;
}

std::string with_host(const std::string& text, const std::string& host) {
  const Url url = read_url(text);
  if (!url) return text;
  const bool is_v6 = host.find(':') != std::string::npos;
  curl_url_set(url.get(), CURLUPART_HOST, (is_v6 ? '[' + host + ']' : host).c_str(), 0);
  return part(url, CURLUPART_URL);
}

}  // namespace signaling::ingest

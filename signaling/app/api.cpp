#include "signaling/app/api.h"

#include <fmt/format.h>

#include <utility>

#include "signaling/app/route_table.h"
#include "signaling/web/answer.h"

namespace signaling::app {
namespace {

// Objects and arrays nested deeper than this are not ours.
constexpr int kMaxJsonDepth = 32;

// What a page of another site may read of an answer to WHIP and WHEP (Fetch, section 3.3.3).
constexpr const char* kExposed =
    "Location, ETag, Link, Accept-Post, Accept-Patch, Allow, Retry-After, WWW-Authenticate";

// Nothing for a key that comes twice or a document that is too deep: what such input means depends
// on who reads it.
std::optional<nlohmann::json> parse_strictly(const std::string& text) {
  bool refused = false;
  std::vector<std::vector<std::string>> keys;
  const auto watch = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    if (depth > kMaxJsonDepth) refused = true;
    if (event == nlohmann::json::parse_event_t::object_start) keys.emplace_back();
    if (event == nlohmann::json::parse_event_t::object_end && !keys.empty()) keys.pop_back();
    if (event == nlohmann::json::parse_event_t::key && !keys.empty()) {
      for (const std::string& known : keys.back())
        refused = refused || known == value.get_ref<std::string&>();
      keys.back().push_back(value.get<std::string>());
    }
    return !refused;
  };
  nlohmann::json parsed = nlohmann::json::parse(text, watch, false);
  if (refused || parsed.is_discarded()) return std::nullopt;
  return parsed;
}

}  // namespace

void reply(Api& api, const Call& call, web::Response response) {
  if (call.route != nullptr && call.route->cors == Cors::Bearer) {
    response.with("Access-Control-Allow-Origin", "*")
        .with("Access-Control-Expose-Headers", kExposed);
  }
  if (response.status >= 400) {
    const std::string_view route =
        call.route == nullptr ? std::string_view("other") : call.route->pattern;
    ++api.refusals[fmt::format("{} {}", route, response.status)];
  }
  call.responder.send(std::move(response));
}

void reply_json(Api& api, const Call& call, int status, const nlohmann::json& body) {
  // Text from the database is UTF-8; anything else is shown as replacement characters, never thrown
  // about.
  web::Response response =
      web::text_response(status, "application/json",
                         body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  response.with("Cache-Control", "no-store");
  reply(api, call, std::move(response));
}

namespace {

web::Response error_response(const Call& call, int status, std::string_view code,
                             std::string_view message) {
  nlohmann::json body{{"error", {{"code", code}, {"message", message}}}};
  // WHIP and WHEP clients know RFC 9457 (RFC 9725 section 4.1); ours find the usual member beside
  // it.
  const bool is_problem = call.route != nullptr && call.route->cors == Cors::Bearer;
  if (is_problem) {
    body["title"] = web::reason_phrase(status);
    body["status"] = status;
    body["detail"] = message;
  }
  web::Response response =
      web::text_response(status, is_problem ? "application/problem+json" : "application/json",
                         body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  response.with("Cache-Control", "no-store");
  if (status == 401) response.with("WWW-Authenticate", "Bearer");
  if (status == 503) response.with("Retry-After", code == "overloaded" ? "5" : "1");
  return response;
}

}  // namespace

void reply_error(Api& api, const Call& call, int status, std::string_view code,
                 std::string_view message) {
  reply(api, call, error_response(call, status, code, message));
}

void reply_too_fast(Api& api, const Call& call, media::Duration wait, std::string_view message) {
  constexpr int64_t kSecond = 1'000'000;
  web::Response response = error_response(call, 429, "too-fast", message);
  response.with("Retry-After", std::to_string((wait.as_micros() + kSecond - 1) / kSecond));
  reply(api, call, std::move(response));
}

void reply_unavailable(Api& api, const Call& call) {
  reply_error(api, call, 503, "unavailable", "the database does not answer; try again in a moment");
}

std::optional<nlohmann::json> json_body(Api& api, const Call& call) {
  if (!call.request.header("content-type").starts_with("application/json")) {
    reply_error(api, call, 415, "unsupported-media-type", "send application/json");
    return std::nullopt;
  }
  auto parsed = parse_strictly(call.request.body);
  if (!parsed || !parsed->is_object()) {
    reply_error(api, call, 400, "bad-json", "the body is not a JSON object");
    return std::nullopt;
  }
  return parsed;
}

}  // namespace signaling::app

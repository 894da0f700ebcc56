// A lesson as an HLS stream: an address for who may watch, and what lies below it.
#include <fmt/format.h>

#include <utility>

#include "signaling/app/api.h"
#include "signaling/app/handlers.h"
#include "signaling/app/hls_house.h"
#include "signaling/web/range.h"

namespace signaling::app {
namespace {

std::optional<std::string> value_of(const web::Request& request, std::string_view name) {
  const auto value = request.query_value(name);
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

void send(Api& api, const Call& call, const hls::Reply& made) {
  switch (made.status) {
    case 200:
      break;
    case 400:
      return reply_error(api, call, 400, "bad-request", "_HLS_msn or _HLS_part make no sense here");
    case 403:
      return reply_error(api, call, 403, "forbidden", "this address is not valid any more");
    case 404:
      return reply_error(api, call, 404, "not-found", "not in the stream, or not any more");
    default:
      return reply_error(api, call, 503, "unavailable", "the stream does not go on just now");
  }
  web::Response response;
  response.with("Content-Type", std::string(made.content_type))
      .with("Cache-Control", fmt::format("public, max-age={}", made.cache.as_millis() / 1000));
  if (!made.etag.empty()) response.with("ETag", made.etag);
  if (!made.etag.empty() &&
      web::etag_listed(call.request.header("if-none-match"), made.etag, true)) {
    response.status = 304;
  } else {
    response.shared_body = made.body;
  }
  reply(api, call, std::move(response));
}

}  // namespace

void handle_open_stream(Api& api, Call call) {
  if (api.params.streams == nullptr)
    return reply_error(api, call, 404, "not-found", "this server makes no streams");
  if (call.lesson.state != storage::LessonState::Live)
    return reply_error(api, call, 409, "not-live", "the lesson is not live");
  if (api.params.streams->is_removed(call.lesson.id, call.actor))
    return reply_error(api, call, 403, "forbidden", "removed from this lesson by the teacher");
  const auto grant = api.params.streams->admit(call.lesson.id, call.actor);
  if (!grant) return reply_error(api, call, 503, "busy", grant.error().message);
  const std::string base = fmt::format("/hls/{}/{}/", call.lesson.id, grant->text);
  constexpr int64_t kSecondUs = 1'000'000;
  reply_json(api, call, 200,
             {{"url", base + "master.m3u8"},
              {"pictureUrl", base + "av.m3u8"},
              {"soundUrl", base + "a.m3u8"},
              {"expiresAt", grant->expires_s * kSecondUs},
              {"serverTime", api.params.wall_us()}});
}

void handle_stream_file(Api& api, Call call) {
  const hls::ReloadQuery query{value_of(call.request, "_HLS_msn"),
                               value_of(call.request, "_HLS_part"),
                               value_of(call.request, "_HLS_skip")};
  const std::string lesson = call.params[0];
  const std::string file = call.params[2];
  const auto shared = std::make_shared<Call>(std::move(call));
  api.params.streams->request(
      lesson, file, query,
      {[shared] { return shared->responder.is_open(); },
       [&api, shared](const hls::Reply& made) { send(api, *shared, made); }});
}

}  // namespace signaling::app

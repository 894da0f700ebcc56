// WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): HTTP's part. What the SDP means is LiveLessons'
// business.
#include <fmt/format.h>

#include <utility>

#include "signaling/app/api.h"
#include "signaling/app/handlers.h"
#include "signaling/app/ice_servers.h"
#include "signaling/app/route_table.h"
#include "storage/api/names.h"

namespace signaling::app {
namespace {

constexpr const char* kSdp = "application/sdp";
constexpr const char* kFragment = "application/trickle-ice-sdpfrag";  // RFC 8840

// Parameters such as charset do not matter.
bool is_media_type(std::string_view header, std::string_view type) {
  const std::string_view bare = header.substr(0, header.find(';'));
  return bare.substr(0, bare.find(' ')) == type;
}

// Answers and returns false when the offer cannot be one.
bool check_offer(Api& api, const Call& call) {
  if (!is_media_type(call.request.header("content-type"), kSdp)) {
    reply_error(api, call, 415, "unsupported-media-type", "send the offer as application/sdp");
    return false;
  }
  if (call.request.body.empty()) {
    reply_error(api, call, 400, "bad-sdp", "the offer is empty");
    return false;
  }
  return true;
}

// Answers and returns false when this key comes too often.
bool check_rate(Api& api, const Call& call, auth::KeyedBuckets& buckets) {
  const media::Duration wait = buckets.take(call.actor.credential_hash, api.params.monotonic());
  if (wait == media::Duration()) return true;
  reply_too_fast(api, call, wait, "this key connects too often");
  return false;
}

// RFC 9725 section 4.6.
void add_ice_links(const Api& api, const Call& call, web::Response& response) {
  if (!api.params.ice_servers) return;
  for (std::string& link : ice_links(api.params.ice_servers(call.actor)))
    response.with("Link", std::move(link));
}

HttpReply<MediaAnswer> created(Api& api, Call call) {
  return [&api, call = std::move(call)](HttpResult<MediaAnswer> answer) {
    if (!answer)
      return reply_error(api, call, answer.error().status, answer.error().code,
                         answer.error().message);
    web::Response response = web::text_response(201, kSdp, std::move(answer->sdp));
    // RFC 9725 section 4.2: below the endpoint, so that both have the same prefix.
    response.with("Location", fmt::format("{}/{}", call.request.path, answer->session))
        .with("ETag", answer->etag)
        .with("Accept-Patch", kFragment)
        .with("Cache-Control", "no-store");
    add_ice_links(api, call, response);
    reply(api, call, std::move(response));
  };
}

web::Response preflight_response(const Call& call) {
  web::Response response;
  const std::string allowed = match_route(call.request.method, call.request.path).allowed;
  response.with("Allow", allowed)
      .with("Access-Control-Allow-Methods", allowed)
      .with("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match")
      .with("Access-Control-Max-Age", "600");
  if (call.params.size() == 1) {
    response.with("Accept-Post", kSdp);  // RFC 9725 section 4.2
  } else {
    response.with("Accept-Patch", kFragment);
  }
  return response;
}

}  // namespace

void handle_whip_post(Api& api, Call call) {
  if (!check_offer(api, call) || !check_rate(api, call, api.offers.publishes_by_key)) return;
  const auth::Actor actor = call.actor;
  std::string offer = std::move(call.request.body);
  const std::string lesson = call.params[0];
  std::optional<storage::SourceRole> as;
  if (const auto said = call.request.query_value("source")) {
    as = storage::parse_name<storage::SourceRole>(*said);
    if (!as)
      return reply_error(api, call, 400, "bad-request",
                         "source is teacher-camera, board, courseware or other");
  }
  api.live.publish(actor, lesson, std::move(offer), as, created(api, std::move(call)));
}

void handle_whep_post(Api& api, Call call) {
  if (!check_offer(api, call) || !check_rate(api, call, api.offers.plays_by_key)) return;
  const std::string source(call.request.query_value("source").value_or("teacher"));
  if (source != "teacher" && source != "screen" && source != "board") {
    return reply_error(api, call, 400, "bad-request", "source is teacher, screen or board");
  }
  const auth::Actor actor = call.actor;
  std::string offer = std::move(call.request.body);
  const std::string lesson = call.params[0];
  api.live.play(actor, lesson, std::move(offer),
                source == "screen"  ? PlaySource::Screen
                : source == "board" ? PlaySource::Board
                                    : PlaySource::Teacher,
                created(api, std::move(call)));
}

void handle_session_patch(Api& api, Call call) {
  if (!is_media_type(call.request.header("content-type"), kFragment)) {
    return reply_error(api, call, 415, "unsupported-media-type",
                       "send application/trickle-ice-sdpfrag");
  }
  const std::string if_match(call.request.header("if-match"));
  // RFC 9725 section 4.3.1: without the tag, an old fragment could be applied to a newer ICE
  // session.
  if (if_match.empty())
    return reply_error(api, call, 428, "precondition-required", "send If-Match");
  const auth::Actor actor = call.actor;
  std::string fragment = std::move(call.request.body);
  const std::string lesson = call.params[0];
  const std::string session = call.params[1];
  api.live.patch(actor, lesson, session, if_match, std::move(fragment),
                 [&api, call = std::move(call)](HttpResult<PatchAnswer> answer) {
                   if (!answer) {
                     return reply_error(api, call, answer.error().status, answer.error().code,
                                        answer.error().message);
                   }
                   web::Response response =
                       answer->fragment.empty()
                           ? web::Response{.status = 204, .headers = {}, .body = {}, .file = {}}
                           : web::text_response(200, kFragment, std::move(answer->fragment));
                   if (!answer->etag.empty()) response.with("ETag", answer->etag);
                   reply(api, call, std::move(response));
                 });
}

void handle_session_delete(Api& api, Call call) {
  const auth::Actor actor = call.actor;
  const std::string lesson = call.params[0];
  const std::string session = call.params[1];
  api.live.end_session(actor, lesson, session,
                       [&api, call = std::move(call)](HttpResult<void> answer) {
                         if (!answer)
                           return reply_error(api, call, answer.error().status, answer.error().code,
                                              answer.error().message);
                         reply(api, call, {});
                       });
}

// RFC 9725 section 4.1: there is nothing to show, and that is no error.
void handle_endpoint_get(Api& api, Call call) {
  reply(api, call, {.status = 204, .headers = {}, .body = {}, .file = {}});
}

void handle_session_get(Api& api, Call call) {
  if (!api.live.has_session(call.actor, call.params[0], call.params[1]))
    return reply_error(api, call, 404, "not-found", "no such session");
  handle_endpoint_get(api, std::move(call));
}

void handle_preflight(Api& api, Call call) {
  const Credential credential = credential_of(call.request);
  if (credential.from_cookie || credential.secret.empty())
    return reply(api, call, preflight_response(call));
  // A client that wants its relay before it makes an offer asks with its token (RFC 9725 section
  // 4.6); a browser's preflight has none.
  const web::Request request = call.request;
  api.authenticator.authenticate(
      request, [&api, call = std::move(call)](auth::Actor actor, AuthFailure failure) mutable {
        call.actor = std::move(actor);
        web::Response response = preflight_response(call);
        if (failure == AuthFailure::None && call.actor.kind != auth::ActorKind::None)
          add_ice_links(api, call, response);
        reply(api, call, std::move(response));
      });
}

void handle_ice_servers(Api& api, Call call) {
  nlohmann::json servers = nlohmann::json::array();
  if (api.params.ice_servers) {
    for (const protocol::IceServer& server : api.params.ice_servers(call.actor)) {
      servers.push_back({{"urls", server.urls},
                         {"username", server.username},
                         {"credential", server.credential}});
    }
  }
  reply_json(api, call, 200, {{"iceServers", servers}});
}

}  // namespace signaling::app

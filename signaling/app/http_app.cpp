#include "signaling/app/http_app.h"

#include <utility>

#include "media/base/check.h"
#include "signaling/app/handlers.h"
#include "signaling/app/hls_house.h"
#include "signaling/app/route_table.h"

namespace signaling::app {
namespace {

bool changes_state(web::Method method) {
  return method != web::Method::Get && method != web::Method::Head &&
         method != web::Method::Options;
}

// Paths of the program interface never fall back to a page.
bool is_interface_path(std::string_view path) {
  for (const std::string_view prefix : {"/api/", "/whip/", "/whep/", "/recordings/", "/hls/"}) {
    if (path.starts_with(prefix)) return true;
  }
  return path == "/ws" || path == "/metrics" || path == "/healthz";
}

// To WHIP or WHEP.
bool is_offer(const Route& route) {
  return route.cors == Cors::Bearer && route.method == web::Method::Post;
}

// The path is one of ours, the method none of its own.
void reply_not_allowed(Api& api, const Call& call, std::string allowed) {
  web::Response response;
  response.status = 204;
  if (call.request.method != web::Method::Options) {
    response = web::text_response(
        405, "application/json",
        nlohmann::json{
            {"error", {{"code", "method-not-allowed"}, {"message", "this takes " + allowed}}}}
            .dump());
  }
  response.with("Allow", std::move(allowed));
  reply(api, call, std::move(response));
}

void reply_denied(Api& api, const Call& call) {
  if (call.actor.kind == auth::ActorKind::None) {
    return reply_error(api, call, 401, "unauthorized", "sign in, or send a valid token");
  }
  reply_error(api, call, 403, "forbidden", "you may not do this");
}

}  // namespace

class HttpApp::SocketConnection final : public Connection {
 public:
  explicit SocketConnection(web::Socket& socket) : socket_(socket) {}
  void send(std::string json) override { socket_.send(std::move(json)); }
  void close(uint16_t code, std::string reason) override { socket_.close(code, std::move(reason)); }

 private:
  web::Socket& socket_;
};

bool is_own_origin(const web::Request& request) {
  const std::string_view origin = request.header("origin");
  const std::string_view host = request.header("host");
  constexpr std::string_view kScheme = "https://";
  return !host.empty() && origin.starts_with(kScheme) && origin.substr(kScheme.size()) == host;
}

HttpApp::HttpApp(ApiParams params, storage::sql::StorageThread& storage,
                 auth::PasswordWorker& passwords, LiveDoor& live)
    : api_{params,
           storage,
           passwords,
           live,
           Authenticator(storage, params.monotonic, params.wall_us),
           {},
           {},
           {},
           std::nullopt,
           "starting",
           {}} {}

HttpApp::~HttpApp() = default;

void HttpApp::on_request(web::Request request, web::Responder responder) {
  RouteMatch match = match_route(request.method, request.path);
  Call call{match.route, std::move(request), std::move(responder), {}, std::move(match.params), {},
            {}};
  if (match.route == nullptr) {
    if (match.allowed.empty()) {
      if (!is_interface_path(call.request.path)) return handle_page(api_, std::move(call));
      return reply_error(api_, call, 404, "not-found", "no such resource");
    }
    return reply_not_allowed(api_, call, match.allowed);
  }
  if (match.route->gate.kind() == Gate::Kind::Open) {
    // A page of somebody else must not sign a visitor in as somebody.
    if (changes_state(call.request.method) && !call.request.header("origin").empty() &&
        !is_own_origin(call.request)) {
      return reply_error(api_, call, 403, "forbidden", "this request comes from another site");
    }
    return match.route->handler(api_, std::move(call));
  }
  // Before the token is looked up: wrong ones cost as much.
  if (is_offer(*match.route)) {
    const media::Duration wait =
        api_.offers.by_address.take(auth::address_key(call.request.peer), api_.params.monotonic());
    if (wait > media::Duration())
      return reply_too_fast(api_, call, wait, "too many connections from this address just now");
  }
  if (match.route->gate.kind() == Gate::Kind::SignedPath) return pass_signed_path(std::move(call));
  const web::Request& asked = call.request;
  api_.authenticator.authenticate(asked,
                                  [this, call](auth::Actor actor, AuthFailure failure) mutable {
                                    call.actor = std::move(actor);
                                    pass_gate(std::move(call), failure);
                                  });
}

void HttpApp::pass_signed_path(Call call) {
  if (api_.params.streams == nullptr)
    return reply_error(api_, call, 404, "not-found", "this server makes no streams");
  if (!api_.params.streams->check(call.params[0], call.params[1]))
    return reply_error(api_, call, 403, "forbidden", "this address is not valid, or not any more");
  call.responder.trust();
  const Route& route = *call.route;
  route.handler(api_, std::move(call));
}

void HttpApp::pass_gate(Call call, AuthFailure failure) {
  if (failure == AuthFailure::Unavailable) return reply_unavailable(api_, call);
  const Route& route = *call.route;
  const Gate& gate = route.gate;
  if (gate.kind() == Gate::Kind::Verb) {
    if (!auth::authorize(call.actor, gate.asked(), auth::Object::nothing()))
      return reply_denied(api_, call);
  } else if (call.actor.kind == auth::ActorKind::None) {
    return reply_denied(api_, call);
  }
  if (call.actor.kind != auth::ActorKind::None) call.responder.trust();
  if (changes_state(call.request.method) && credential_of(call.request).from_cookie &&
      !is_own_origin(call.request)) {
    return reply_error(api_, call, 403, "forbidden", "this request comes from another site");
  }
  if (api_.status != "ok" && route.cors == Cors::Bearer) return reply_unavailable(api_, call);
  if (gate.kind() == Gate::Kind::Lesson) return pass_lesson_gate(std::move(call));
  route.handler(api_, std::move(call));
}

void HttpApp::pass_lesson_gate(Call call) {
  struct Found {
    std::optional<storage::Lesson> lesson;
    storage::LessonRoster roster;
  };
  api_.storage.ask(
      [id = call.params[0]](storage::Store& store) -> media::Outcome<Found> {
        auto lesson = store.lesson(id);
        if (!lesson) return tl::unexpected<media::EnvError>(lesson.error());
        if (!*lesson) return Found{};
        auto roster = store.lesson_roster(id);
        if (!roster) return tl::unexpected<media::EnvError>(roster.error());
        return Found{std::move(*lesson), roster->value_or(storage::LessonRoster{})};
      },
      [this, call](media::Outcome<Found> found) mutable {
        if (!found) return reply_unavailable(api_, call);
        // A lesson that one may not see and one that does not exist look alike.
        if (!found->lesson) return reply_error(api_, call, 404, "not-found", "no such lesson");
        const auth::Object object = auth::Object::lesson(*found->lesson, found->roster);
        if (!auth::authorize(call.actor, auth::Verb::ViewLesson, object)) {
          return reply_error(api_, call, 404, "not-found", "no such lesson");
        }
        if (!auth::authorize(call.actor, call.route->gate.asked(), object))
          return reply_denied(api_, call);
        call.lesson = std::move(*found->lesson);
        call.roster = std::move(found->roster);
        const Route& route = *call.route;
        route.handler(api_, std::move(call));
      });
}

web::UpgradeDecision HttpApp::on_upgrade(const web::Request& request) {
  const auto refuse = [](int status, const char* code, const char* message) {
    web::UpgradeDecision decision;
    decision.refusal = web::text_response(
        status, "application/json",
        nlohmann::json{{"error", {{"code", code}, {"message", message}}}}.dump());
    if (status == 503) decision.refusal->with("Retry-After", "1");
    return decision;
  };
  if (api_.status != "ok") return refuse(503, "unavailable", "the server is starting or stopping");
  // A program with a bearer token sends no Origin; a page always does.
  if (!request.header("origin").empty() ? !is_own_origin(request)
                                        : credential_of(request).from_cookie) {
    return refuse(403, "forbidden", "this request comes from another site");
  }
  auto actor = api_.authenticator.authenticate_now(request);
  if (!actor)
    return refuse(503, "unavailable", "the database does not answer; try again in a moment");
  if (actor->kind == auth::ActorKind::None)
    return refuse(401, "unauthorized", "sign in, or send a valid token");
  web::UpgradeDecision decision;
  decision.context = std::move(*actor);
  return decision;
}

void HttpApp::on_socket_open(web::Socket& socket, std::any context) {
  auto* actor = std::any_cast<auth::Actor>(&context);
  CHECK(actor != nullptr);
  auto& connection = sockets_[socket.id()];
  connection = std::make_unique<SocketConnection>(socket);
  api_.live.on_open(ConnectionId(socket.id()), *connection, *actor);
}

void HttpApp::on_socket_message(web::Socket& socket, std::string_view text) {
  api_.live.on_message(ConnectionId(socket.id()), text);
}

void HttpApp::on_socket_close(web::Socket& socket) {
  api_.live.on_close(ConnectionId(socket.id()));
  sockets_.erase(socket.id());
}

}  // namespace signaling::app

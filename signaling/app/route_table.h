// Every HTTP route there is, with what it takes to pass: the one list that dispatch, the OpenAPI
// test and the test that knocks on every door read. What is not in it is a page of the web client
// or 404.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/auth/authorize.h"
#include "signaling/web/http.h"

namespace signaling::app {

struct Api;
struct Call;
using Handler = void (*)(Api& api, Call call);

// Who passes. There is no default: a route without a gate does not compile.
class Gate {
 public:
  // Without any credential. Only for sign-in, health, the description of the interface and CORS
  // preflight.
  static constexpr Gate open() { return Gate(Kind::Open, auth::Verb::Count); }
  // Any valid credential; what the handler shows belongs to the asker.
  static constexpr Gate signed_in() { return Gate(Kind::SignedIn, auth::Verb::Count); }
  // authorize(actor, verb, nothing).
  static constexpr Gate verb(auth::Verb verb) { return Gate(Kind::Verb, verb); }
  // The first path parameter names a lesson: authorize(actor, verb, that lesson).
  static constexpr Gate on_lesson(auth::Verb verb) { return Gate(Kind::Lesson, verb); }
  // Any valid credential may ask; the handler authorizes `verb` on the object in the body or behind
  // the session id.
  static constexpr Gate in_handler(auth::Verb verb) { return Gate(Kind::InHandler, verb); }

  // Whoever knows the address: the first two path parameters are a lesson and a grant that
  // PathSigner made for somebody who was allowed to watch it (403 otherwise).
  static constexpr Gate signed_path() { return Gate(Kind::SignedPath, auth::Verb::Count); }

  enum class Kind : uint8_t { Open, SignedIn, Verb, Lesson, InHandler, SignedPath };
  [[nodiscard]] constexpr Kind kind() const { return kind_; }
  [[nodiscard]] constexpr auth::Verb asked() const { return verb_; }

 private:
  constexpr Gate(Kind kind, auth::Verb verb) : kind_(kind), verb_(verb) {}
  Kind kind_;
  auth::Verb verb_;
};

enum class Cors : uint8_t {
  Never,
  Bearer,  // any origin may call with a bearer token; cookies are never allowed to come along
};

struct Route {
  constexpr Route(web::Method m, std::string_view p, Gate g, Handler h, Cors c = Cors::Never)
      : method(m), pattern(p), gate(g), handler(h), cors(c) {}
  web::Method method;
  std::string_view pattern;  // "{name}" stands for one path segment
  Gate gate;
  Handler handler;
  Cors cors;
};

std::span<const Route> route_table();

struct RouteMatch {
  const Route* route = nullptr;  // null: no route has this path, or none with this method
  std::vector<std::string> params;
  std::string allowed;  // the methods that the path has, for Allow; "" when it is no route's path
};

// HEAD matches GET.
RouteMatch match_route(web::Method method, std::string_view path);

}  // namespace signaling::app

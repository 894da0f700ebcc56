#include "signaling/app/route_table.h"

#include <array>

#include "signaling/app/handlers.h"

namespace signaling::app {
namespace {

using auth::Verb;
using enum web::Method;

constexpr std::array kRoutes{
    Route(Post, "/api/v1/session", Gate::open(), handle_sign_in),
    Route(Get, "/api/v1/session", Gate::signed_in(), handle_me),
    Route(Delete, "/api/v1/session", Gate::signed_in(), handle_sign_out),
    Route(Get, "/api/v1/ice-servers", Gate::signed_in(), handle_ice_servers),
    Route(Get, "/api/v1/lessons", Gate::verb(Verb::ListLessons), handle_list_lessons),
    Route(Post, "/api/v1/lessons", Gate::in_handler(Verb::CreateLesson), handle_create_lesson),
    Route(Get, "/api/v1/lessons/{lesson}", Gate::on_lesson(Verb::ViewLesson), handle_get_lesson),
    Route(Get, "/api/v1/lessons/{lesson}/attendance", Gate::on_lesson(Verb::SeeAttendance),
          handle_attendance),
    Route(Get, "/api/v1/lessons/{lesson}/sources", Gate::on_lesson(Verb::ManageSources),
          handle_list_sources),
    Route(Post, "/api/v1/lessons/{lesson}/sources", Gate::on_lesson(Verb::ManageSources),
          handle_create_source),
    Route(Patch, "/api/v1/lessons/{lesson}/sources/{source}", Gate::on_lesson(Verb::ManageSources),
          handle_change_source),
    Route(Delete, "/api/v1/lessons/{lesson}/sources/{source}", Gate::on_lesson(Verb::ManageSources),
          handle_remove_source),
    Route(Get, "/api/v1/recordings", Gate::verb(Verb::ListRecordings), handle_list_recordings),
    Route(Get, "/api/v1/recordings/{lesson}", Gate::on_lesson(Verb::SeeRecording),
          handle_get_recording),
    Route(Get, "/api/v1/openapi.json", Gate::open(), handle_openapi),
    Route(Get, "/recordings/{lesson}/{segment}", Gate::on_lesson(Verb::SeeRecording),
          handle_recording_file),
    Route(Post, "/whip/{lesson}", Gate::on_lesson(Verb::PublishWhip), handle_whip_post,
          Cors::Bearer),
    Route(Get, "/whip/{lesson}", Gate::on_lesson(Verb::PublishWhip), handle_endpoint_get,
          Cors::Bearer),
    Route(Options, "/whip/{lesson}", Gate::open(), handle_preflight, Cors::Bearer),
    Route(Get, "/whip/{lesson}/{session}", Gate::in_handler(Verb::PublishWhip), handle_session_get,
          Cors::Bearer),
    Route(Patch, "/whip/{lesson}/{session}", Gate::in_handler(Verb::PublishWhip),
          handle_session_patch, Cors::Bearer),
    Route(Delete, "/whip/{lesson}/{session}", Gate::in_handler(Verb::PublishWhip),
          handle_session_delete, Cors::Bearer),
    Route(Options, "/whip/{lesson}/{session}", Gate::open(), handle_preflight, Cors::Bearer),
    Route(Post, "/whep/{lesson}", Gate::on_lesson(Verb::PlayWhep), handle_whep_post, Cors::Bearer),
    Route(Get, "/whep/{lesson}", Gate::on_lesson(Verb::PlayWhep), handle_endpoint_get,
          Cors::Bearer),
    Route(Options, "/whep/{lesson}", Gate::open(), handle_preflight, Cors::Bearer),
    Route(Get, "/whep/{lesson}/{session}", Gate::in_handler(Verb::PlayWhep), handle_session_get,
          Cors::Bearer),
    Route(Patch, "/whep/{lesson}/{session}", Gate::in_handler(Verb::PlayWhep), handle_session_patch,
          Cors::Bearer),
    Route(Delete, "/whep/{lesson}/{session}", Gate::in_handler(Verb::PlayWhep),
          handle_session_delete, Cors::Bearer),
    Route(Options, "/whep/{lesson}/{session}", Gate::open(), handle_preflight, Cors::Bearer),
    Route(Post, "/api/v1/lessons/{lesson}/stream", Gate::on_lesson(Verb::PlayStream),
          handle_open_stream),
    Route(Get, "/hls/{lesson}/{grant}/{file}", Gate::signed_path(), handle_stream_file,
          Cors::Bearer),
    Route(Get, "/healthz", Gate::open(), handle_health),
    Route(Get, "/metrics", Gate::verb(Verb::SeeMetrics), handle_metrics),
};

std::string_view next_segment(std::string_view& path) {
  const size_t slash = path.find('/', 1);
  const std::string_view segment = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
  return segment;
}

bool fits(std::string_view pattern, std::string_view path, std::vector<std::string>& params) {
  params.clear();
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = next_segment(pattern);
    const std::string_view given = next_segment(path);
    if (wanted.starts_with("/{")) {
      if (given.size() < 2) return false;
      params.emplace_back(given.substr(1));
    } else if (wanted != given) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::span<const Route> route_table() {
  return kRoutes;
}

RouteMatch match_route(web::Method method, std::string_view path) {
  RouteMatch match;
  const web::Method wanted = method == Head ? Get : method;
  std::vector<std::string> params;
  for (const Route& route : kRoutes) {
    if (!fits(route.pattern, path, params)) continue;
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += web::method_name(route.method);
    if (route.method == Get) match.allowed += ", HEAD";
    if (route.method == wanted) {
      match.route = &route;
      match.params = params;
    }
  }
  return match;
}

}  // namespace signaling::app

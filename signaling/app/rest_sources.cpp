// A lesson's recorders, cameras and encoders.
#include <algorithm>
#include <utility>

#include "signaling/app/api.h"
#include "signaling/app/handlers.h"
#include "signaling/app/source_house.h"
#include "signaling/auth/secrets.h"
#include "signaling/ingest/job.h"
#include "signaling/protocol/names.h"
#include "storage/api/names.h"
#include "storage/sql/ids.h"

namespace signaling::app {
namespace {

template <class T>
using Outcome = media::Outcome<T>;
using storage::LessonSource;

constexpr int kMostOfALesson = 8;
constexpr size_t kMaxName = 120;  // bytes: forty Chinese characters
// Encoders keep their key for a term; a lesson's key dies with its source in any case.
constexpr int64_t kKeyLifeUs = int64_t{180} * 24 * 3600 * 1'000'000;

nlohmann::json source_json(const Api& api, const LessonSource& row) {
  const protocol::SourceStatus now = api.params.sources->status(row);
  return {{"id", row.id},
          {"name", row.name},
          {"role", now.role},
          {"kind", now.kind},
          {"address", now.address},
          {"enabled", row.enabled},
          {"state", protocol::wire_name(now.state)},
          {"reason", now.reason},
          {"retryIn", now.retry_in}};
}

// A text of the body; unset: it is not there, or `problem` is told.
std::optional<std::string> text_of(const nlohmann::json& body, const char* name,
                                   std::string& problem) {
  const auto found = body.find(name);
  if (found == body.end()) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  problem = std::string(name) + ": a text";
  return std::nullopt;
}

void read_name(const nlohmann::json& body, LessonSource& row, std::string& problem) {
  const auto name = text_of(body, "name", problem);
  if (name) row.name = *name;
  if (problem.empty() && (row.name.empty() || row.name.size() > kMaxName))
    problem = "name: a text of 1 to 120 bytes";
}

void read_role(const nlohmann::json& body, LessonSource& row, std::string& problem) {
  const auto role = text_of(body, "role", problem);
  if (!role) return;
  const auto parsed = storage::parse_name<storage::SourceRole>(*role);
  if (!parsed) problem = "role: teacher-camera, board, courseware or other";
  row.role = parsed.value_or(row.role);
}

// The address, its secrets taken out.
void read_url(const nlohmann::json& body, LessonSource& row, std::string& problem) {
  if (row.kind == storage::SourceKind::RtmpPush) return;
  const auto url = text_of(body, "url", problem);
  const auto kind = ingest::parse_kind(storage::name_of(row.kind));
  if (!url || !kind) {
    problem = "url: the address that is called";
    return;
  }
  const auto parsed = ingest::parse_source_url(*kind, *url);
  if (!parsed) {
    problem = std::string("url: ") + parsed.error().what;
    return;
  }
  row.url = parsed->url;
  row.user = parsed->user;
  row.password = parsed->password;
  row.passphrase = parsed->passphrase;
  row.stream_id = parsed->stream_id;
}

struct NewSource {
  LessonSource row;
  std::string problem;  // names the field; empty when all is well
};

NewSource read_source(const nlohmann::json& body, const Call& call, int64_t wall_us) {
  NewSource made;
  made.row.id = storage::sql::new_id();
  made.row.lesson_id = call.lesson.id;
  made.row.created_at = wall_us;
  const auto kind = text_of(body, "kind", made.problem);
  const auto parsed = storage::parse_name<storage::SourceKind>(kind.value_or(""));
  if (!parsed) {
    made.problem = "kind: rtmp-push, rtsp, rtsp-udp, srt or rtmp";
    return made;
  }
  made.row.kind = *parsed;
  if (!body.contains("role")) made.problem = "role: teacher-camera, board, courseware or other";
  read_name(body, made.row, made.problem);
  read_role(body, made.row, made.problem);
  if (made.problem.empty()) read_url(body, made.row, made.problem);
  return made;
}

// The row as it is now, or a problem; neither: there is none.
using Changed = std::pair<std::optional<LessonSource>, std::string>;

// On the storage thread.
Outcome<Changed> change(storage::Store& store, const std::string& lesson, const std::string& id,
                        const nlohmann::json& body) {
  const auto rows = store.sources_of_lesson(lesson);
  if (!rows) return tl::unexpected<media::EnvError>(rows.error());
  const auto found = std::find_if(rows->begin(), rows->end(),
                                  [&](const LessonSource& row) { return row.id == id; });
  if (found == rows->end()) return Changed{};
  LessonSource row = *found;
  std::string problem;
  read_name(body, row, problem);
  read_role(body, row, problem);
  if (const auto enabled = body.find("enabled"); enabled != body.end()) {
    if (!enabled->is_boolean()) problem = "enabled: true or false";
    if (enabled->is_boolean()) row.enabled = enabled->get<bool>();
  }
  if (!problem.empty()) return Changed{std::nullopt, problem};
  const auto done = store.change_source(row);
  if (!done) return tl::unexpected<media::EnvError>(done.error());
  return Changed{*done ? std::optional(row) : std::nullopt, {}};
}

// Answers and returns false where there are none.
bool has_sources(Api& api, const Call& call) {
  if (api.params.sources != nullptr) return true;
  reply_error(api, call, 404, "not-found", "this server takes no sources");
  return false;
}

}  // namespace

void handle_list_sources(Api& api, Call call) {
  if (!has_sources(api, call)) return;
  api.storage.ask(
      [id = call.lesson.id](storage::Store& store) { return store.sources_of_lesson(id); },
      [&api, call](const Outcome<std::vector<LessonSource>>& rows) {
        if (!rows) return reply_unavailable(api, call);
        nlohmann::json list = nlohmann::json::array();
        for (const LessonSource& row : *rows) list.push_back(source_json(api, row));
        const PushPorts ports = api.params.push_ports ? api.params.push_ports() : PushPorts{};
        reply_json(api, call, 200,
                   {{"sources", std::move(list)},
                    {"push", {{"rtmpPort", ports.rtmp}, {"rtmpsPort", ports.rtmps}}}});
      });
}

void handle_create_source(Api& api, Call call) {
  if (!has_sources(api, call)) return;
  const auto body = json_body(api, call);
  if (!body) return;
  NewSource made = read_source(*body, call, api.params.wall_us());
  if (!made.problem.empty()) return reply_error(api, call, 400, "bad-message", made.problem);
  if (!api.params.sources->may_call(made.row.url)) {
    return reply_error(api, call, 422, "not-allowed",
                       "the operator of this server allows no sources at this address");
  }
  std::string secret;
  std::optional<storage::AccessToken> key;
  if (made.row.kind == storage::SourceKind::RtmpPush) {
    secret = auth::new_secret();
    key.emplace();
    key->secret_hash = made.row.key_hash = auth::hash_secret(secret);
    key->lesson_id = call.lesson.id;
    key->role = storage::LessonRole::Teacher;
    key->expires_at = std::max(api.params.wall_us(), call.lesson.scheduled_at) + kKeyLifeUs;
  }
  api.storage.ask(
      [row = made.row, key](storage::Store& store) {
        return store.add_source(row, key, kMostOfALesson);
      },
      [&api, call, row = made.row, secret](const Outcome<bool>& added) {
        if (!added) return reply_unavailable(api, call);
        if (!*added)
          return reply_error(api, call, 409, "conflict", "a lesson has at most 8 sources");
        api.params.sources->on_changed(row.lesson_id);
        nlohmann::json json = source_json(api, row);
        // Shown this once.
        if (!secret.empty()) json["streamKey"] = secret;
        web::Response response =
            web::text_response(201, "application/json",
                               json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        response.with("Location", call.request.path + "/" + row.id)
            .with("Cache-Control", "no-store");
        reply(api, call, std::move(response));
      });
}

void handle_change_source(Api& api, Call call) {
  if (!has_sources(api, call)) return;
  const auto body = json_body(api, call);
  if (!body) return;
  api.storage.ask([body = *body, lesson = call.lesson.id, id = call.params[1]](
                      storage::Store& store) { return change(store, lesson, id, body); },
                  [&api, call](const Outcome<Changed>& done) {
                    if (!done) return reply_unavailable(api, call);
                    if (!done->second.empty())
                      return reply_error(api, call, 400, "bad-message", done->second);
                    if (!done->first)
                      return reply_error(api, call, 404, "not-found", "no such source");
                    api.params.sources->on_changed(call.lesson.id);
                    reply_json(api, call, 200, source_json(api, *done->first));
                  });
}

void handle_remove_source(Api& api, Call call) {
  if (!has_sources(api, call)) return;
  api.storage.ask([lesson = call.lesson.id, id = call.params[1]](
                      storage::Store& store) { return store.remove_source(lesson, id); },
                  [&api, call](const Outcome<bool>& removed) {
                    if (!removed) return reply_unavailable(api, call);
                    if (!*removed)
                      return reply_error(api, call, 404, "not-found", "no such source");
                    api.params.sources->on_changed(call.lesson.id);
                    reply(api, call, {.status = 204, .headers = {}, .body = {}, .file = {}});
                  });
}

}  // namespace signaling::app

// Lessons and attendance.
#include <algorithm>
#include <set>
#include <utility>

#include "signaling/app/api.h"
#include "signaling/app/handlers.h"
#include "signaling/app/lesson_json.h"
#include "storage/api/names.h"
#include "storage/sql/ids.h"

namespace signaling::app {
namespace {

template <class T>
using Outcome = media::Outcome<T>;

constexpr int kListedLessons = 200;
constexpr size_t kMaxText = 200;     // bytes of topic, subject, grade
constexpr size_t kMaxClasses = 200;  // of one lesson

struct Shown {
  storage::Lesson lesson;
  storage::LessonRoster roster;
};

Outcome<std::vector<storage::Lesson>> lessons_of(storage::Store& store, const auth::Actor& actor) {
  if (actor.kind == auth::ActorKind::Person)
    return store.lessons_for_person(*actor.person_id, kListedLessons);
  auto lesson = store.lesson(*actor.lesson_id);
  if (!lesson) return tl::unexpected<media::EnvError>(lesson.error());
  std::vector<storage::Lesson> one;
  if (*lesson) one.push_back(std::move(**lesson));
  return one;
}

struct NewLesson {
  storage::Lesson lesson;
  std::string problem;  // names the field; empty when all is well
};

NewLesson read_lesson(const nlohmann::json& body, const auth::Actor& actor) {
  NewLesson made;
  const auto text = [&](const char* name, bool required) -> std::string {
    const auto found = body.find(name);
    if (found == body.end() && !required) return {};
    if (found == body.end() || !found->is_string() ||
        (required && found->get_ref<const std::string&>().empty()) ||
        found->get_ref<const std::string&>().size() > kMaxText) {
      made.problem = std::string(name) + ": a text of 1 to 200 bytes";
      return {};
    }
    return found->get<std::string>();
  };
  made.lesson.collective_id = text("collectiveId", true);
  made.lesson.topic = text("topic", true);
  made.lesson.subject = text("subject", false);
  made.lesson.grade = text("grade", false);
  const std::string kind = text("kind", false);
  const auto parsed =
      storage::parse_name<storage::ActivityKind>(kind.empty() ? "synchronous-lesson" : kind);
  if (!parsed) made.problem = "kind: not a kind of activity";
  made.lesson.kind = parsed.value_or(storage::ActivityKind::SynchronousLesson);
  const auto when = body.find("scheduledAt");
  if (when == body.end() || !when->is_number_integer() || when->get<int64_t>() < 0) {
    made.problem = "scheduledAt: microseconds since 1970";
  } else {
    made.lesson.scheduled_at = when->get<int64_t>();
  }
  const auto classes = body.find("classIds");
  if (classes == body.end() || !classes->is_array() || classes->size() > kMaxClasses) {
    made.problem = "classIds: a list of at most 200 ids";
  } else {
    for (const nlohmann::json& id : *classes) {
      if (id.is_string()) made.lesson.class_ids.push_back(id.get<std::string>());
    }
    const std::set<std::string> different(made.lesson.class_ids.begin(),
                                          made.lesson.class_ids.end());
    if (different.size() != classes->size()) made.problem = "classIds: each id once, as text";
  }
  made.lesson.id = storage::sql::new_id();
  made.lesson.teacher_id = actor.person_id.value_or("");
  made.lesson.host_school_id = actor.school_id.value_or("");
  return made;
}

// Unset when all went well; otherwise the field that names something outside the collective. On the
// storage thread.
Outcome<std::optional<std::string>> add_checked(storage::Store& store,
                                                const storage::Lesson& lesson) {
  auto schools = store.schools_of_collective(lesson.collective_id);
  if (!schools) return tl::unexpected<media::EnvError>(schools.error());
  for (const storage::Id& id : lesson.class_ids) {
    auto row = store.school_class(id);
    if (!row) return tl::unexpected<media::EnvError>(row.error());
    const bool member = *row && std::any_of(schools->begin(), schools->end(), [&](const auto& s) {
      return s.school.id == (*row)->school_id;
    });
    if (!member) return "classIds: " + id + " is no class of this collective";
  }
  if (auto added = store.add_lesson(lesson); !added)
    return tl::unexpected<media::EnvError>(added.error());
  return std::nullopt;
}

}  // namespace

nlohmann::json lesson_json(const storage::Lesson& lesson, const storage::LessonRoster& roster,
                           const auth::Actor& actor) {
  nlohmann::json classes = nlohmann::json::array();
  for (const storage::RosterClass& c : roster.classes) {
    classes.push_back(
        {{"id", c.class_id}, {"name", c.name}, {"school", c.school}, {"headcount", c.headcount}});
  }
  const auto role = auth::entry_role(actor, auth::Object::lesson(lesson, roster));
  nlohmann::json json{{"id", lesson.id},
                      {"topic", lesson.topic},
                      {"subject", lesson.subject},
                      {"grade", lesson.grade},
                      {"kind", storage::name_of(lesson.kind)},
                      {"school", roster.host_school},
                      {"teacher", roster.teacher},
                      {"state", storage::name_of(lesson.state)},
                      {"scheduledAt", lesson.scheduled_at},
                      {"startedAt", lesson.started_at},
                      {"endedAt", lesson.ended_at},
                      {"classes", std::move(classes)},
                      {"role", nullptr}};
  if (role) json["role"] = storage::name_of(*role);
  return json;
}

void handle_list_lessons(Api& api, Call call) {
  api.storage.ask(
      [actor = call.actor](storage::Store& store) -> Outcome<std::vector<Shown>> {
        auto lessons = lessons_of(store, actor);
        if (!lessons) return tl::unexpected<media::EnvError>(lessons.error());
        std::vector<Shown> shown;
        for (storage::Lesson& lesson : *lessons) {
          auto roster = store.lesson_roster(lesson.id);
          if (!roster) return tl::unexpected<media::EnvError>(roster.error());
          if (*roster) shown.push_back({std::move(lesson), std::move(**roster)});
        }
        return shown;
      },
      [&api, call](Outcome<std::vector<Shown>> lessons) {
        if (!lessons) return reply_unavailable(api, call);
        nlohmann::json list = nlohmann::json::array();
        for (const Shown& s : *lessons) list.push_back(lesson_json(s.lesson, s.roster, call.actor));
        reply_json(api, call, 200, {{"lessons", std::move(list)}});
      });
}

void handle_get_lesson(Api& api, Call call) {
  reply_json(api, call, 200, lesson_json(call.lesson, call.roster, call.actor));
}

void handle_create_lesson(Api& api, Call call) {
  const auto body = json_body(api, call);
  if (!body) return;
  NewLesson made = read_lesson(*body, call.actor);
  // Permission first: whoever may not make lessons there learns nothing of what would have been
  // wrong.
  if (call.actor.kind != auth::ActorKind::Person ||
      !auth::authorize(call.actor, auth::Verb::CreateLesson,
                       auth::Object::collective(made.lesson.collective_id))) {
    return reply_error(api, call, 403, "forbidden", "you may not make lessons in this collective");
  }
  if (!made.problem.empty()) return reply_error(api, call, 400, "bad-message", made.problem);
  struct Made {
    std::optional<std::string> problem;
    storage::LessonRoster roster;
  };
  api.storage.ask(
      [lesson = made.lesson](storage::Store& store) -> Outcome<Made> {
        auto problem = add_checked(store, lesson);
        if (!problem) return tl::unexpected<media::EnvError>(problem.error());
        if (*problem) return Made{std::move(*problem), {}};
        auto roster = store.lesson_roster(lesson.id);
        if (!roster) return tl::unexpected<media::EnvError>(roster.error());
        return Made{std::nullopt, roster->value_or(storage::LessonRoster{})};
      },
      [&api, call, lesson = made.lesson](Outcome<Made> done) {
        if (!done) return reply_unavailable(api, call);
        if (done->problem) return reply_error(api, call, 400, "bad-message", *done->problem);
        web::Response response =
            web::text_response(201, "application/json",
                               lesson_json(lesson, done->roster, call.actor)
                                   .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        response.with("Location", "/api/v1/lessons/" + lesson.id).with("Cache-Control", "no-store");
        reply(api, call, std::move(response));
      });
}

void handle_attendance(Api& api, Call call) {
  api.storage.ask([id = call.lesson.id](storage::Store& store) { return store.attendance(id); },
                  [&api, call](Outcome<std::vector<storage::AttendanceSpan>> spans) {
                    if (!spans) return reply_unavailable(api, call);
                    nlohmann::json list = nlohmann::json::array();
                    for (const storage::AttendanceSpan& s : *spans) {
                      list.push_back({{"participant", s.participant},
                                      {"name", s.name},
                                      {"headcount", s.headcount},
                                      {"joinedUs", s.joined_us},
                                      {"leftUs", s.left_us ? nlohmann::json(*s.left_us)
                                                           : nlohmann::json(nullptr)}});
                    }
                    reply_json(api, call, 200, {{"spans", std::move(list)}});
                  });
}

}  // namespace signaling::app

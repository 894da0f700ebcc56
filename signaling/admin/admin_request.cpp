#include "signaling/admin/admin_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "signaling/auth/secrets.h"
#include "storage/api/names.h"
#include "storage/sql/ids.h"

namespace signaling::admin {

namespace {

using media::env_fail;
using media::Outcome;
using nlohmann::json;
using storage::Store;

template <class T>
Outcome<T> found(Outcome<std::optional<T>> row, const std::string& what, const std::string& id) {
  if (!row) return tl::unexpected(row.error());
  if (!*row) return env_fail(fmt::format("there is no {} \"{}\".", what, id));
  return std::move(**row);
}

std::string text(const json& request, const char* key) {
  return request.value(key, std::string());
}

Outcome<void> audit(Store& store, const AdminContext& context, const char* verb,
                    const std::string& object) {
  return store.add_audit({context.wall_us, context.actor, verb, object});
}

// Without a choice: the receiving class with the fewest valid tokens, so that one call after the
// other serves each class.
Outcome<storage::Id> choose_class(Store& store, const storage::Lesson& lesson, int64_t wall_us) {
  if (lesson.class_ids.empty())
    return env_fail("the lesson has no receiving classes; a class token needs one.");
  const auto tokens = store.tokens_of_lesson(lesson.id);
  if (!tokens) return tl::unexpected(tokens.error());
  storage::Id best;
  auto fewest = std::numeric_limits<std::ptrdiff_t>::max();
  for (const storage::Id& id : lesson.class_ids) {
    const auto count =
        std::count_if(tokens->begin(), tokens->end(), [&](const storage::AccessToken& token) {
          return token.class_id == id && !token.revoked && token.expires_at > wall_us;
        });
    if (count < fewest) {
      fewest = count;
      best = id;
    }
  }
  return best;
}

Outcome<json> make_token(Store& store, const json& request, const AdminContext& context) {
  const auto lesson =
      found(store.lesson(text(request, "lesson")), "lesson", text(request, "lesson"));
  if (!lesson) return tl::unexpected(lesson.error());
  const auto role = storage::parse_name<storage::LessonRole>(text(request, "role"));
  if (!role) return env_fail("the role is teacher, class or observer.");
  const int64_t ttl = request.value("ttlUs", int64_t{0});
  if (ttl <= 0 || ttl > kMaxTokenLifetimeUs)
    return env_fail("the lifetime of a token is up to 400 days.");

  storage::AccessToken token;
  token.lesson_id = lesson->id;
  token.role = *role;
  token.expires_at = context.wall_us + ttl;
  json result{{"role", text(request, "role")}, {"expiresAt", token.expires_at}};
  const std::string wanted = text(request, "class");
  if (*role != storage::LessonRole::Class && !wanted.empty())
    return env_fail("only a class token names a class.");
  if (*role == storage::LessonRole::Teacher) token.person_id = lesson->teacher_id;
  if (*role == storage::LessonRole::Class) {
    const auto chosen = wanted.empty() ? choose_class(store, *lesson, context.wall_us)
                                       : Outcome<storage::Id>(wanted);
    if (!chosen) return tl::unexpected(chosen.error());
    if (std::find(lesson->class_ids.begin(), lesson->class_ids.end(), *chosen) ==
        lesson->class_ids.end()) {
      return env_fail(fmt::format("\"{}\" is not a receiving class of this lesson.", *chosen));
    }
    const auto row = found(store.school_class(*chosen), "class", *chosen);
    if (!row) return tl::unexpected(row.error());
    token.class_id = *chosen;
    result["classId"] = *chosen;
    result["className"] = row->name;
  }
  const std::string secret = auth::new_secret();
  token.secret_hash = auth::hash_secret(secret);
  if (auto added = store.add_token(token); !added) return tl::unexpected(added.error());
  if (auto noted =
          audit(store, context, "token", fmt::format("{} {}", lesson->id, storage::name_of(*role)));
      !noted) {
    return tl::unexpected(noted.error());
  }
  result["token"] = secret;
  return result;
}

Outcome<json> add_user(Store& store, const json& request, const AdminContext& context) {
  const storage::Person person{storage::sql::new_id(), text(request, "school"),
                               text(request, "name"), text(request, "login"),
                               text(request, "passwordHash")};
  if (person.login.empty() || person.name.empty() || person.password_hash.empty()) {
    return env_fail("a user has a login, a name and a password.");
  }
  const auto role = storage::parse_name<storage::CollectiveRole>(text(request, "role"));
  if (!role) return env_fail(fmt::format("there is no role \"{}\".", text(request, "role")));
  const auto school = found(store.school(person.school_id), "school", person.school_id);
  if (!school) return tl::unexpected(school.error());
  const auto collective = found(store.collective(text(request, "collective")), "collective",
                                text(request, "collective"));
  if (!collective) return tl::unexpected(collective.error());
  const auto taken = store.person_by_login(person.login);
  if (!taken) return tl::unexpected(taken.error());
  if (*taken) return env_fail(fmt::format("the login \"{}\" is taken.", person.login));
  Outcome<void> done = store.add_person(person);
  if (done) done = store.add_person_role({person.id, collective->id, *role});
  if (done) done = audit(store, context, "user-add", person.id);
  if (!done) return tl::unexpected(done.error());
  return json{{"person", person.id}};
}

Outcome<json> set_password(Store& store, const json& request, const AdminContext& context) {
  const auto person =
      found(store.person_by_login(text(request, "login")), "login", text(request, "login"));
  if (!person) return tl::unexpected(person.error());
  const std::string hash = text(request, "passwordHash");
  if (hash.empty()) return env_fail("a password is missing.");
  const auto set = store.set_password(person->id, hash);
  if (!set) return tl::unexpected(set.error());
  if (auto noted = audit(store, context, "user-passwd", person->id); !noted)
    return tl::unexpected(noted.error());
  return json::object();
}

Outcome<json> list_users(Store& store, const json& request, const AdminContext&) {
  const auto collective = found(store.collective(text(request, "collective")), "collective",
                                text(request, "collective"));
  if (!collective) return tl::unexpected(collective.error());
  json list = json::array();
  for (storage::Page page{storage::kMaxPage, 0};; page.offset += page.limit) {
    const auto people = store.people_of_collective(collective->id, page);
    if (!people) return tl::unexpected(people.error());
    for (const auto& person : *people) {
      json roles = json::array();
      for (const auto role : person.roles) roles.push_back(storage::name_of(role));
      list.push_back({{"id", person.person_id},
                      {"name", person.name},
                      {"school", person.school},
                      {"roles", roles}});
    }
    if (people->size() < static_cast<size_t>(page.limit)) return list;
  }
}

Outcome<json> list_collectives(Store& store, const json&, const AdminContext&) {
  const auto collectives = store.collectives();
  if (!collectives) return tl::unexpected(collectives.error());
  json list = json::array();
  for (const auto& collective : *collectives) {
    const auto schools = store.schools_of_collective(collective.id);
    if (!schools) return tl::unexpected(schools.error());
    json members = json::array();
    for (const auto& member : *schools) {
      const auto classes = store.classes_of_school(member.school.id);
      if (!classes) return tl::unexpected(classes.error());
      json rows = json::array();
      for (const auto& row : *classes)
        rows.push_back({{"id", row.id}, {"name", row.name}, {"headcount", row.headcount}});
      members.push_back({{"id", member.school.id},
                         {"name", member.school.name},
                         {"role", storage::name_of(member.role)},
                         {"classes", rows}});
    }
    list.push_back({{"id", collective.id},
                    {"name", collective.name},
                    {"kind", storage::name_of(collective.kind)},
                    {"schools", members}});
  }
  return list;
}

Outcome<json> list_lessons(Store& store, const json& request, const AdminContext&) {
  const auto lessons = store.lessons({request.value("limit", 50), 0});
  if (!lessons) return tl::unexpected(lessons.error());
  json list = json::array();
  for (const auto& lesson : *lessons) {
    const auto roster = found(store.lesson_roster(lesson.id), "lesson", lesson.id);
    if (!roster) return tl::unexpected(roster.error());
    list.push_back({{"id", lesson.id},
                    {"state", storage::name_of(lesson.state)},
                    {"topic", lesson.topic},
                    {"teacher", roster->teacher},
                    {"school", roster->host_school},
                    {"scheduledAt", lesson.scheduled_at}});
  }
  return list;
}

Outcome<json> check(Store& store, const json&, const AdminContext& context) {
  auto complaints = store.check_integrity();
  if (!complaints) return tl::unexpected(complaints.error());
  for (const auto state : {storage::SegmentState::Complete, storage::SegmentState::Repaired,
                           storage::SegmentState::Writing}) {
    const auto segments = store.segments_in_state(state);
    if (!segments) return tl::unexpected(segments.error());
    for (const auto& segment : *segments) {
      const auto file = context.data_dir / "recordings" / segment.lesson_id / segment.file;
      std::error_code error;
      const auto size = std::filesystem::file_size(file, error);
      if (error)
        complaints->push_back(
            fmt::format("the recording {} is missing: {}", file.string(), error.message()));
      else if (size == 0)
        complaints->push_back(fmt::format("the recording {} is empty", file.string()));
    }
  }
  return json(*complaints);
}

struct Command {
  const char* name;
  Outcome<json> (*run)(Store&, const json&, const AdminContext&);
};
constexpr Command kCommands[] = {
    {"token", make_token},
    {"user-add", add_user},
    {"user-passwd", set_password},
    {"user-list", list_users},
    {"collective-list", list_collectives},
    {"lesson-list", list_lessons},
    {"check", check},
};

}  // namespace

Outcome<json> execute(Store& store, const json& request, const AdminContext& context) {
  // A field of the wrong type throws inside the JSON library; this is its seam.
  try {
    const std::string name = text(request, "command");
    for (const Command& command : kCommands) {
      if (name == command.name) return command.run(store, request, context);
    }
    return env_fail(fmt::format(
        "there is no command \"{}\"; the program and the server may be of different versions.",
        name));
  } catch (const json::exception& error) {
    return env_fail(fmt::format("the request cannot be read: {}.", error.what()));
  }
}

json answer_of(const Outcome<json>& outcome) {
  if (outcome) return {{"ok", true}, {"result", *outcome}};
  return {{"ok", false}, {"error", outcome.error().message}};
}

Outcome<int64_t> parse_ttl(const std::string& input) {
  int64_t number = 0;
  const char* end = input.data() + input.size();
  const auto parsed = std::from_chars(input.data(), end, number);
  const bool one_unit_left = parsed.ec == std::errc() && end - parsed.ptr == 1;
  int64_t seconds = 0;
  if (one_unit_left && *parsed.ptr == 's') seconds = 1;
  if (one_unit_left && *parsed.ptr == 'm') seconds = 60;
  if (one_unit_left && *parsed.ptr == 'h') seconds = 3600;
  if (one_unit_left && *parsed.ptr == 'd') seconds = 24 * 3600;
  if (seconds == 0 || number <= 0 || number > kMaxTokenLifetimeUs / (seconds * 1'000'000)) {
    return env_fail(
        fmt::format("\"{}\" is not a lifetime: write 90s, 30m, 1h or 7d, at most 400d.", input));
  }
  return number * seconds * 1'000'000;
}

}  // namespace signaling::admin

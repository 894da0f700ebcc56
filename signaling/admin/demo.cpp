#include "signaling/admin/demo.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "signaling/admin/private_file.h"
#include "signaling/auth/passwords.h"
#include "signaling/auth/secrets.h"
#include "storage/api/names.h"
#include "storage/sql/ids.h"

namespace signaling::admin {

namespace {

using media::env_fail;
using media::Outcome;
using nlohmann::json;
using storage::CollectiveRole;
using storage::Id;
using storage::MemberRole;
using storage::Store;

constexpr int64_t kDayUs = 24LL * 3600 * 1'000'000;
constexpr int64_t kTokenLifetimeUs = 30 * kDayUs;
constexpr size_t kPasswordLength = 12;  // 72 random bits, and still typed by hand

struct SchoolSpec {
  const char* key;
  const char* name;
  MemberRole role;
  const char* parent;  // key, or null
};
constexpr char kCounty[] = "罗源县";
constexpr SchoolSpec kSchools[] = {
    {"core", "罗源县实验小学", MemberRole::Core, nullptr},
    {"zhongfang", "中房中心小学", MemberRole::Member, nullptr},
    {"feizhu", "飞竹中心小学", MemberRole::Member, nullptr},
    {"tali", "飞竹小学塔里教学点", MemberRole::TeachingPoint, "feizhu"},
};

struct ClassSpec {
  const char* key;
  const char* school;
  const char* name;
  int headcount;
};
constexpr char kGrade[] = "三年级";
constexpr ClassSpec kClasses[] = {
    {"zhongfang-3-2", "zhongfang", "三年级二班", 32},
    {"feizhu-3-1", "feizhu", "三年级一班", 28},
    {"tali-3", "tali", "三年级", 11},
};

struct PersonSpec {
  const char* login;  // also the key
  const char* name;
  const char* school;
  CollectiveRole role;
};
constexpr PersonSpec kPeople[] = {
    {"teacher", "林雪梅", "core", CollectiveRole::Teacher},
    {"admin", "陈国栋", "core", CollectiveRole::Administrator},
    {"leader", "黄秀英", "core", CollectiveRole::GroupLeader},
    {"researcher", "郑文彬", "core", CollectiveRole::Researcher},
    {"zhongfang", "张小兰", "zhongfang", CollectiveRole::AssistantTeacher},
    {"feizhu", "吴建平", "feizhu", CollectiveRole::AssistantTeacher},
    {"tali", "雷桂花", "tali", CollectiveRole::AssistantTeacher},
};

// What demo.json holds. It is written before the rows, so that a start that was cut short is
// finished by the next one with the same ids and secrets.
struct Plan {
  std::map<std::string, Id>
      ids;  // "authority", "collective", "school core", "class tali-3", "person teacher", …
  std::map<std::string, std::string> passwords;  // by login
  Id live_lesson;
  Id next_lesson;
  int64_t live_at = 0;
  int64_t next_at = 0;
  int64_t tokens_end = 0;
  std::vector<DemoLink> links;
};

std::string school_key(const char* key) {
  return fmt::format("school {}", key);
}
std::string class_key(const char* key) {
  return fmt::format("class {}", key);
}
std::string person_key(const char* login) {
  return fmt::format("person {}", login);
}

const char* school_name(const char* key) {
  for (const SchoolSpec& school : kSchools) {
    if (std::string_view(school.key) == key) return school.name;
  }
  return "";
}

json to_json(const Plan& plan) {
  json links = json::array();
  for (const DemoLink& link : plan.links) {
    links.push_back({{"role", link.role},
                     {"name", link.name},
                     {"classId", link.class_id},
                     {"token", link.token}});
  }
  return {{"version", 1},
          {"ids", plan.ids},
          {"passwords", plan.passwords},
          {"live", plan.live_lesson},
          {"liveAt", plan.live_at},
          {"next", plan.next_lesson},
          {"nextAt", plan.next_at},
          {"tokensEnd", plan.tokens_end},
          {"links", links}};
}

Plan from_json(const json& j) {
  Plan plan;
  j.at("ids").get_to(plan.ids);
  j.at("passwords").get_to(plan.passwords);
  j.at("live").get_to(plan.live_lesson);
  j.at("next").get_to(plan.next_lesson);
  j.at("liveAt").get_to(plan.live_at);
  j.at("nextAt").get_to(plan.next_at);
  j.at("tokensEnd").get_to(plan.tokens_end);
  for (const json& link : j.at("links")) {
    plan.links.push_back({link.at("role"), link.at("name"), link.at("classId"), link.at("token")});
  }
  return plan;
}

// Ids and passwords for everything that has none yet.
void name_bodies(Plan& plan) {
  const auto give = [&](const std::string& key) {
    if (plan.ids.count(key) == 0) plan.ids[key] = storage::sql::new_id();
  };
  give("authority");
  give("collective");
  for (const SchoolSpec& school : kSchools) give(school_key(school.key));
  for (const ClassSpec& item : kClasses) give(class_key(item.key));
  for (const PersonSpec& person : kPeople) {
    give(person_key(person.login));
    if (plan.passwords.count(person.login) == 0) {
      plan.passwords[person.login] = auth::new_secret().substr(0, kPasswordLength);
    }
  }
}

void plan_live_lesson(Plan& plan, int64_t wall_us) {
  plan.live_lesson = storage::sql::new_id();
  plan.live_at = wall_us;
  plan.tokens_end = wall_us + kTokenLifetimeUs;
  plan.links.clear();
  plan.links.push_back({"teacher", fmt::format("{} {}", school_name("core"), kPeople[0].name), "",
                        auth::new_secret()});
  for (const ClassSpec& item : kClasses) {
    plan.links.push_back({"class", fmt::format("{} {}", school_name(item.school), item.name),
                          plan.ids.at(class_key(item.key)), auth::new_secret()});
  }
  plan.links.push_back({"observer", "听课", "", auth::new_secret()});
  plan.links.push_back({"researcher", "教研组 郑文彬", "", auth::new_secret()});
}

void plan_next_lesson(Plan& plan, int64_t wall_us) {
  plan.next_lesson = storage::sql::new_id();
  plan.next_at = wall_us + kDayUs;
}

// Runs `add` when `row` says that there is none.
template <class T, class Add>
Outcome<void> ensure(const Outcome<std::optional<T>>& row, Add add) {
  if (!row) return tl::unexpected(row.error());
  return *row ? Outcome<void>() : add();
}

Outcome<void> ensure_schools(Store& store, const Plan& plan) {
  const Id& collective = plan.ids.at("collective");
  const auto members = store.schools_of_collective(collective);
  if (!members) return tl::unexpected(members.error());
  for (const SchoolSpec& spec : kSchools) {
    storage::School school{plan.ids.at(school_key(spec.key)), spec.name, kCounty, std::nullopt};
    if (spec.parent != nullptr) school.parent_id = plan.ids.at(school_key(spec.parent));
    auto done = ensure(store.school(school.id), [&] { return store.add_school(school); });
    const bool member =
        std::any_of(members->begin(), members->end(),
                    [&](const storage::SchoolInCollective& m) { return m.school.id == school.id; });
    if (done && !member) done = store.add_membership({collective, school.id, spec.role});
    if (!done) return done;
  }
  for (const ClassSpec& spec : kClasses) {
    const storage::SchoolClass row{plan.ids.at(class_key(spec.key)),
                                   plan.ids.at(school_key(spec.school)), spec.name, kGrade,
                                   spec.headcount};
    auto done = ensure(store.school_class(row.id), [&] { return store.add_class(row); });
    if (!done) return done;
  }
  return {};
}

Outcome<void> ensure_person(Store& store, const Plan& plan, const PersonSpec& spec) {
  const Id& id = plan.ids.at(person_key(spec.login));
  const Id& collective = plan.ids.at("collective");
  auto done = ensure(store.person(id), [&]() -> Outcome<void> {
    const auto hash = auth::hash_password(plan.passwords.at(spec.login));
    if (!hash) return tl::unexpected(hash.error());
    return store.add_person(
        {id, plan.ids.at(school_key(spec.school)), spec.name, spec.login, *hash});
  });
  if (!done) return done;
  const auto roles = store.roles_of(id);
  if (!roles) return tl::unexpected(roles.error());
  return roles->empty() ? store.add_person_role({id, collective, spec.role}) : Outcome<void>();
}

Outcome<void> ensure_bodies(Store& store, const Plan& plan) {
  const Id& authority = plan.ids.at("authority");
  const Id& collective = plan.ids.at("collective");
  const auto authorities = store.authorities();
  if (!authorities) return tl::unexpected(authorities.error());
  Outcome<void> done;
  if (authorities->empty()) done = store.add_authority({authority, "罗源县教育局"});
  if (done) {
    done = ensure(store.collective(collective), [&] {
      return store.add_collective({collective, authority, storage::CollectiveKind::CoBuilt,
                                   "罗源县实验小学城乡教育共同体"});
    });
  }
  if (done) done = ensure_schools(store, plan);
  for (const PersonSpec& person : kPeople) {
    if (done) done = ensure_person(store, plan, person);
  }
  return done;
}

storage::Lesson lesson_of(const Plan& plan, const Id& id) {
  storage::Lesson lesson;
  lesson.id = id;
  lesson.collective_id = plan.ids.at("collective");
  lesson.subject = "科学";
  lesson.grade = kGrade;
  lesson.unit = "第二单元";
  lesson.host_school_id = plan.ids.at(school_key("core"));
  lesson.teacher_id = plan.ids.at(person_key("teacher"));
  for (const ClassSpec& item : kClasses)
    lesson.class_ids.push_back(plan.ids.at(class_key(item.key)));
  return lesson;
}

Outcome<void> ensure_lessons(Store& store, const Plan& plan) {
  storage::Lesson live = lesson_of(plan, plan.live_lesson);
  live.topic = "水的三态变化";
  live.state = storage::LessonState::Live;
  live.scheduled_at = plan.live_at;
  live.started_at = plan.live_at;
  auto done = ensure(store.lesson(live.id), [&] { return store.add_lesson(live); });
  if (!done) return done;
  storage::Lesson next = lesson_of(plan, plan.next_lesson);
  next.topic = "空气占据空间吗";
  next.scheduled_at = plan.next_at;
  return ensure(store.lesson(next.id), [&] { return store.add_lesson(next); });
}

Outcome<void> ensure_tokens(Store& store, const Plan& plan) {
  for (const DemoLink& link : plan.links) {
    storage::AccessToken token;
    token.secret_hash = auth::hash_secret(link.token);
    token.lesson_id = plan.live_lesson;
    token.expires_at = plan.tokens_end;
    if (link.role == "teacher") {
      token.role = storage::LessonRole::Teacher;
      token.person_id = plan.ids.at(person_key("teacher"));
    } else if (link.role == "class") {
      token.role = storage::LessonRole::Class;
      token.class_id = link.class_id;
    } else if (link.role == "researcher") {
      token.person_id = plan.ids.at(person_key("researcher"));
    }
    auto done =
        ensure(store.token_by_hash(token.secret_hash), [&] { return store.add_token(token); });
    if (!done) return done;
  }
  return {};
}

Outcome<std::optional<Plan>> read_plan(const std::filesystem::path& file) {
  const auto text = read_private_file(file);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return std::optional<Plan>();
  try {
    return std::optional<Plan>(from_json(json::parse(**text)));
  } catch (const json::exception&) {
    return env_fail(fmt::format(
        "{} cannot be read. Start the demonstration on an empty data directory.", file.string()));
  }
}

// Whether what the plan says is over, and new lessons and tokens are due.
Outcome<bool> renew(Store& store, Plan& plan, int64_t wall_us) {
  bool changed = false;
  const auto live = store.lesson(plan.live_lesson);
  if (!live) return tl::unexpected(live.error());
  const bool ended = *live && (*live)->state == storage::LessonState::Ended;
  // A day before the end, so that links which have just been printed work for a day.
  if (plan.live_lesson.empty() || ended || plan.tokens_end < wall_us + kDayUs) {
    if (const auto over = store.set_lesson_ended(plan.live_lesson, wall_us); !over)
      return tl::unexpected(over.error());
    plan_live_lesson(plan, wall_us);
    changed = true;
  }
  if (plan.next_lesson.empty() || plan.next_at <= wall_us) {
    plan_next_lesson(plan, wall_us);
    changed = true;
  }
  return changed;
}

Demo demo_of(const Plan& plan) {
  Demo demo;
  demo.live_lesson = plan.live_lesson;
  demo.next_lesson = plan.next_lesson;
  demo.collective = plan.ids.at("collective");
  demo.links = plan.links;
  for (const PersonSpec& person : kPeople) {
    demo.accounts.push_back({person.login, plan.passwords.at(person.login), person.name,
                             std::string(storage::name_of(person.role))});
  }
  return demo;
}

}  // namespace

Outcome<Demo> seed_demo(Store& store, const std::filesystem::path& data_dir, int64_t wall_us) {
  const auto file = data_dir / "demo.json";
  auto stored = read_plan(file);
  if (!stored) return tl::unexpected(stored.error());
  const auto authorities = store.authorities();
  if (!authorities) return tl::unexpected(authorities.error());
  if (!*stored && !authorities->empty()) {
    return env_fail(fmt::format(
        "{} holds a real collective. Start the demonstration on a data directory of its own.",
        data_dir.string()));
  }
  Plan plan = stored->value_or(Plan());
  name_bodies(plan);
  const auto renewed = renew(store, plan, wall_us);
  if (!renewed) return tl::unexpected(renewed.error());
  if (!*stored || *renewed) {
    if (auto written = write_private_file(file, to_json(plan).dump(2)); !written)
      return tl::unexpected(written.error());
  }
  Outcome<void> done = ensure_bodies(store, plan);
  if (done) done = ensure_lessons(store, plan);
  if (done) done = ensure_tokens(store, plan);
  if (!done) return tl::unexpected(done.error());
  return demo_of(plan);
}

}  // namespace signaling::admin

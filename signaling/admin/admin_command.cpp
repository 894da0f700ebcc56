#include "signaling/admin/admin_command.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "signaling/admin/admin_request.h"
#include "signaling/admin/perform.h"
#include "signaling/auth/passwords.h"
#include "signaling/auth/secrets.h"

namespace signaling::admin {

namespace {

using media::Outcome;
using nlohmann::json;

struct Arguments {
  std::string data;
  std::string lesson;
  std::string role;
  std::string class_id;
  std::string ttl = "12h";
  std::string login;
  std::string name;
  std::string school;
  std::string collective;
  bool password_stdin = false;
  int limit = 50;
};
using Shared = std::shared_ptr<Arguments>;

int complain(const media::EnvError& error) {
  fmt::print(stderr, "tongke admin: {}\n", error.message);
  return 1;
}

// Runs `request` and hands its result to `print`.
template <class Print>
int run_request(const Arguments& arguments, const Outcome<json>& request, Print print) {
  if (!request) return complain(request.error());
  const auto result = perform(arguments.data, *request);
  if (!result) return complain(result.error());
  return print(*result);
}

std::string local_time(int64_t wall_us) {
  return fmt::format("{:%Y-%m-%d %H:%M}",
                     fmt::localtime(static_cast<std::time_t>(wall_us / 1'000'000)));
}

int token(const Arguments& a) {
  const auto ttl = parse_ttl(a.ttl);
  if (!ttl) return complain(ttl.error());
  const json request{{"command", "token"},
                     {"lesson", a.lesson},
                     {"role", a.role},
                     {"class", a.class_id},
                     {"ttlUs", *ttl}};
  return run_request(a, request, [&](const json& result) {
    fmt::print("{}\n", result.value("token", ""));
    if (a.role == "class" && a.class_id.empty()) {
      fmt::print(stderr, "for {} ({})\n", result.value("className", ""),
                 result.value("classId", ""));
    }
    return 0;
  });
}

// The password, from standard input or made up; `shown` is set to what must be told to the person.
Outcome<std::string> password_hash(const Arguments& a, std::string& shown) {
  std::string password;
  if (a.password_stdin) {
    std::getline(std::cin, password);
  } else {
    constexpr size_t kLength = 16;  // 96 random bits
    password = auth::new_secret().substr(0, kLength);
    shown = password;
  }
  return auth::hash_password(password);
}

int user_add(const Arguments& a) {
  std::string shown;
  const auto hash = password_hash(a, shown);
  if (!hash) return complain(hash.error());
  const json request{{"command", "user-add"}, {"login", a.login},           {"name", a.name},
                     {"school", a.school},    {"collective", a.collective}, {"role", a.role},
                     {"passwordHash", *hash}};
  return run_request(a, request, [&](const json&) {
    if (!shown.empty()) fmt::print("{}\n", shown);
    return 0;
  });
}

int user_passwd(const Arguments& a) {
  std::string shown;
  const auto hash = password_hash(a, shown);
  if (!hash) return complain(hash.error());
  const json request{{"command", "user-passwd"}, {"login", a.login}, {"passwordHash", *hash}};
  return run_request(a, request, [&](const json&) {
    if (!shown.empty()) fmt::print("{}\n", shown);
    return 0;
  });
}

int user_list(const Arguments& a) {
  const json request{{"command", "user-list"}, {"collective", a.collective}};
  return run_request(a, request, [](const json& result) {
    for (const json& row : result) {
      std::string roles;
      for (const json& role : row["roles"])
        roles += (roles.empty() ? "" : ",") + role.get<std::string>();
      fmt::print("{}\t{}\t{}\t{}\n", row.value("id", ""), row.value("name", ""),
                 row.value("school", ""), roles);
    }
    return 0;
  });
}

int collective_list(const Arguments& a) {
  return run_request(a, json{{"command", "collective-list"}}, [](const json& result) {
    for (const json& row : result) {
      fmt::print("{}\t{}\t{}\n", row.value("id", ""), row.value("kind", ""), row.value("name", ""));
      for (const json& school : row["schools"]) {
        fmt::print("  {}\t{}\t{}\n", school.value("id", ""), school.value("role", ""),
                   school.value("name", ""));
        for (const json& item : school["classes"]) {
          fmt::print("    {}\t{}\t{}\n", item.value("id", ""), item.value("name", ""),
                     item.value("headcount", 0));
        }
      }
    }
    return 0;
  });
}

int lesson_list(const Arguments& a) {
  return run_request(
      a, json{{"command", "lesson-list"}, {"limit", a.limit}}, [](const json& result) {
        for (const json& row : result) {
          fmt::print("{}\t{}\t{}\t{}\t{}\t{}\n", row.value("id", ""), row.value("state", ""),
                     local_time(row.value("scheduledAt", int64_t{0})), row.value("topic", ""),
                     row.value("teacher", ""), row.value("school", ""));
        }
        return 0;
      });
}

int check(const Arguments& a) {
  return run_request(a, json{{"command", "check"}}, [](const json& result) {
    for (const json& complaint : result) fmt::print("{}\n", complaint.get<std::string>());
    if (!result.empty()) {
      fmt::print(stderr,
                 "tongke admin: {} faults. Copies of the database are in backups/ of the data "
                 "directory.\n",
                 result.size());
      return 1;
    }
    fmt::print("the database and its recordings are sound\n");
    return 0;
  });
}

CLI::App* add_verb(CLI::App& parent, const char* name, const char* what, const Shared& arguments,
                   std::function<int()>& run, int (*function)(const Arguments&)) {
  CLI::App* verb = parent.add_subcommand(name, what);
  verb->add_option("--data", arguments->data, "Data directory of the server")->required();
  verb->callback([arguments, &run, function] {
    run = [arguments, function] { return function(*arguments); };
  });
  return verb;
}

void add_user_commands(CLI::App& admin, const Shared& arguments, std::function<int()>& run) {
  CLI::App* user = admin.add_subcommand("user", "Accounts");
  user->require_subcommand(1);
  constexpr char kFromStdin[] =
      "Read the password from standard input instead of making one up and printing it";
  CLI::App* add =
      add_verb(*user, "add", "Make an account; prints its password", arguments, run, user_add);
  add->add_option("--login", arguments->login, "Sign-in name")->required();
  add->add_option("--name", arguments->name, "Name as shown")->required();
  add->add_option("--school", arguments->school, "School id, from `collective list`")->required();
  add->add_option("--collective", arguments->collective, "Collective id")->required();
  add->add_option("--role", arguments->role,
                  "administrator, teacher, assistant-teacher, researcher, …")
      ->required();
  add->add_flag("--password-stdin", arguments->password_stdin, kFromStdin);
  CLI::App* passwd = add_verb(*user, "passwd", "Set a new password; ends the account's sessions",
                              arguments, run, user_passwd);
  passwd->add_option("--login", arguments->login, "Sign-in name")->required();
  passwd->add_flag("--password-stdin", arguments->password_stdin, kFromStdin);
  CLI::App* list = add_verb(*user, "list", "People of a collective", arguments, run, user_list);
  list->add_option("--collective", arguments->collective, "Collective id")->required();
}

}  // namespace

void add_command(CLI::App& app, std::function<int()>& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* admin =
      app.add_subcommand("admin", "Accounts, tokens, lists and checks; also while the server runs");
  admin->require_subcommand(1);

  CLI::App* make =
      add_verb(*admin, "token", "Print a bearer token for one lesson", arguments, run, token);
  make->add_option("--lesson", arguments->lesson, "Lesson id, from `lesson list`")->required();
  make->add_option("--role", arguments->role, "teacher, class or observer")
      ->required()
      ->check(CLI::IsMember({"teacher", "class", "observer"}));
  make->add_option("--class", arguments->class_id,
                   "Receiving class; left out: the one with the fewest tokens");
  make->add_option("--ttl", arguments->ttl, "Lifetime: 90s, 30m, 1h, 7d")->capture_default_str();

  add_user_commands(*admin, arguments, run);

  CLI::App* collective =
      admin->add_subcommand("collective", "Collectives, their schools and classes");
  collective->require_subcommand(1);
  add_verb(*collective, "list", "All of them, with ids", arguments, run, collective_list);
  CLI::App* lesson = admin->add_subcommand("lesson", "Lessons");
  lesson->require_subcommand(1);
  add_verb(*lesson, "list", "Newest first", arguments, run, lesson_list)
      ->add_option("--limit", arguments->limit, "At most this many")
      ->check(CLI::Range(1, storage::kMaxPage));
  add_verb(*admin, "check", "Verify the database and that every recording it names is there",
           arguments, run, check);
}

}  // namespace signaling::admin

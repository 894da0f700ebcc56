// Signing in and out, and who one is.
#include <fmt/format.h>

#include <utility>

#include "signaling/app/api.h"
#include "signaling/app/handlers.h"
#include "signaling/auth/secrets.h"
#include "storage/api/names.h"

namespace signaling::app {
namespace {

template <class T>
using Outcome = media::Outcome<T>;

// "<school> <class>"; unset for a class that is gone.
Outcome<std::optional<std::string>> name_of_class(storage::Store& store, const storage::Id& id) {
  auto row = store.school_class(id);
  if (!row) return tl::unexpected<media::EnvError>(row.error());
  if (!*row) return std::optional<std::string>();
  auto school = store.school((*row)->school_id);
  if (!school) return tl::unexpected<media::EnvError>(school.error());
  return fmt::format("{}{}", *school ? (*school)->name + " " : "", (*row)->name);
}

// Adds the role to its collective's entry, which it makes when there is none.
Outcome<void> add_role(storage::Store& store, const storage::PersonRole& role,
                       nlohmann::json& collectives) {
  nlohmann::json* entry = nullptr;
  for (nlohmann::json& known : collectives) {
    if (known["id"] == role.collective_id) entry = &known;
  }
  if (entry == nullptr) {
    auto collective = store.collective(role.collective_id);
    if (!collective) return tl::unexpected<media::EnvError>(collective.error());
    collectives.push_back({{"id", role.collective_id},
                           {"name", *collective ? (*collective)->name : ""},
                           {"roles", nlohmann::json::array()}});
    entry = &collectives.back();
  }
  (*entry)["roles"].push_back(storage::name_of(role.role));
  return {};
}

// What GET /api/v1/session answers. On the storage thread.
Outcome<nlohmann::json> describe(storage::Store& store, const auth::Actor& actor) {
  nlohmann::json me{{"name", ""},          {"role", "person"},
                    {"personId", nullptr}, {"classId", nullptr},
                    {"lesson", nullptr},   {"collectives", nlohmann::json::array()}};
  if (actor.role) me["role"] = storage::name_of(*actor.role);
  if (actor.lesson_id) me["lesson"] = *actor.lesson_id;
  if (actor.person_id) {
    me["personId"] = *actor.person_id;
    auto person = store.person(*actor.person_id);
    if (!person) return tl::unexpected<media::EnvError>(person.error());
    if (*person) me["name"] = (*person)->name;
  }
  if (actor.class_id) {
    me["classId"] = *actor.class_id;
    auto name = name_of_class(store, *actor.class_id);
    if (!name) return tl::unexpected<media::EnvError>(name.error());
    if (*name) me["name"] = std::move(**name);
  }
  for (const storage::PersonRole& role : actor.roles) {
    if (auto added = add_role(store, role, me["collectives"]); !added)
      return tl::unexpected<media::EnvError>(added.error());
  }
  return me;
}

std::string cookie(std::string_view secret, int64_t seconds) {
  return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; Secure; SameSite=Strict", kSessionCookie,
                     secret, seconds);
}

// Stores the session and answers with it. `session` lacks secret and expiry.
void open_session(Api& api, Call call, storage::LoginSession session, auth::Actor actor) {
  const std::string secret = auth::new_secret();
  session.secret_hash = auth::hash_secret(secret);
  session.expires_at = api.params.wall_us() + api.params.session_lifetime.as_micros();
  api.storage.ask(
      [session = std::move(session),
       actor = std::move(actor)](storage::Store& store) -> Outcome<nlohmann::json> {
        if (auto added = store.add_session(session); !added)
          return tl::unexpected<media::EnvError>(added.error());
        return describe(store, actor);
      },
      [&api, call = std::move(call), secret](Outcome<nlohmann::json> me) {
        if (!me) return reply_unavailable(api, call);
        call.responder.trust();
        web::Response response =
            web::text_response(200, "application/json",
                               me->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        response
            .with("Set-Cookie", cookie(secret, api.params.session_lifetime.as_micros() / 1'000'000))
            .with("Cache-Control", "no-store");
        reply(api, call, std::move(response));
      });
}

void sign_in_with_token(Api& api, Call call, const std::string& token) {
  if (!auth::looks_like_secret(token)) {
    return reply_error(api, call, 401, "unauthorized", "the link is wrong or no longer valid");
  }
  api.storage.ask(
      [hash = auth::hash_secret(token)](storage::Store& store) {
        return store.token_by_hash(hash);
      },
      [&api, call = std::move(call)](Outcome<std::optional<storage::AccessToken>> found) {
        if (!found) return reply_unavailable(api, call);
        if (!*found || (*found)->revoked || (*found)->expires_at <= api.params.wall_us()) {
          return reply_error(api, call, 401, "unauthorized",
                             "the link is wrong or no longer valid");
        }
        const storage::AccessToken& link = **found;
        storage::LoginSession session;
        session.person_id = link.person_id;
        session.lesson_id = link.lesson_id;
        session.role = link.role;
        session.class_id = link.class_id;
        session.token_hash = link.secret_hash;
        open_session(api, call, std::move(session), auth::Actor::of_token(link));
      });
}

struct Account {
  storage::Person person;
  std::vector<storage::PersonRole> roles;
};

void check_password(Api& api, Call call, std::string login, std::string password,
                    std::optional<Account> account) {
  // An unknown login is verified too, against nothing, so that it takes as long.
  const std::string hash = account ? account->person.password_hash : std::string();
  api.passwords.verify(
      std::move(password), hash,
      [&api, call = std::move(call), login = std::move(login),
       account = std::move(account)](Outcome<auth::PasswordWorker::Verdict> verdict) {
        if (!verdict)
          return reply_error(api, call, 503, "busy",
                             "too many are signing in; try again in a moment");
        if (!verdict->correct || !account) {
          api.wrong_passwords.record_wrong(login, call.request.peer, api.params.monotonic());
          return reply_error(api, call, 401, "unauthorized", "the name or the password is wrong");
        }
        api.wrong_passwords.record_right(login);
        if (!verdict->new_hash.empty()) {
          api.storage.tell("renew password hash",
                           [id = account->person.id, old = account->person.password_hash,
                            fresh = verdict->new_hash](storage::Store& store) -> Outcome<void> {
                             auto replaced = store.replace_password_hash(id, old, fresh);
                             if (!replaced)
                               return tl::unexpected<media::EnvError>(replaced.error());
                             return {};
                           });
        }
        storage::LoginSession session;
        session.person_id = account->person.id;
        open_session(api, call, std::move(session),
                     auth::Actor::of_person(account->person, account->roles));
      });
}

void sign_in_with_password(Api& api, Call call, const std::string& login,
                           const std::string& password) {
  const media::Instant now = api.params.monotonic();
  if (!api.wrong_passwords.allows(login, call.request.peer, now)) {
    const auto wait = api.wrong_passwords.retry_after(login, call.request.peer, now);
    web::Response response = web::text_response(
        429, "application/json",
        R"({"error":{"code":"too-fast","message":"too many wrong passwords; wait some minutes"}})");
    response.with("Retry-After", std::to_string(wait.as_micros() / 1'000'000 + 1))
        .with("Cache-Control", "no-store");
    return reply(api, call, std::move(response));
  }
  api.storage.ask(
      [login](storage::Store& store) -> Outcome<std::optional<Account>> {
        auto person = store.person_by_login(login);
        if (!person) return tl::unexpected<media::EnvError>(person.error());
        if (!*person) return std::nullopt;
        auto roles = store.roles_of((*person)->id);
        if (!roles) return tl::unexpected<media::EnvError>(roles.error());
        return Account{std::move(**person), std::move(*roles)};
      },
      [&api, call = std::move(call), login, password](Outcome<std::optional<Account>> account) {
        if (!account) return reply_unavailable(api, call);
        check_password(api, call, login, password, std::move(*account));
      });
}

std::optional<std::string> text_field(const nlohmann::json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace

void handle_sign_in(Api& api, Call call) {
  const auto body = json_body(api, call);
  if (!body) return;
  if (const auto token = text_field(*body, "token"))
    return sign_in_with_token(api, std::move(call), *token);
  const auto login = text_field(*body, "login");
  const auto password = text_field(*body, "password");
  if (!login || !password || login->empty() || login->size() > 256 || password->size() > 1024) {
    return reply_error(api, call, 400, "bad-message", "give token, or login and password");
  }
  sign_in_with_password(api, std::move(call), *login, *password);
}

void handle_me(Api& api, Call call) {
  api.storage.ask([actor = call.actor](storage::Store& store) { return describe(store, actor); },
                  [&api, call](Outcome<nlohmann::json> me) {
                    if (!me) return reply_unavailable(api, call);
                    reply_json(api, call, 200, *me);
                  });
}

void handle_sign_out(Api& api, Call call) {
  const Credential credential = credential_of(call.request);
  if (!credential.from_cookie) {
    return reply_error(api, call, 400, "bad-request", "a bearer token has no session to end");
  }
  api.authenticator.forget(credential.secret);
  api.storage.ask(
      [hash = auth::hash_secret(credential.secret)](storage::Store& store) {
        return store.remove_session(hash);
      },
      [&api, call, secret = credential.secret](Outcome<void> removed) {
        if (!removed) return reply_unavailable(api, call);
        api.authenticator.forget(secret);  // a request in between may have looked it up again
        web::Response response = web::text_response(200, "application/json", "{}");
        response.with("Set-Cookie", cookie("", 0)).with("Cache-Control", "no-store");
        reply(api, call, std::move(response));
      });
}

}  // namespace signaling::app

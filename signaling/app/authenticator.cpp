#include "signaling/app/authenticator.h"

#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "signaling/auth/secrets.h"

namespace signaling::app {
namespace {

template <class T>
using Outcome = media::Outcome<T>;

// Name and school, for those who are shown under their own.
Outcome<auth::Actor> with_name(storage::Store& store, auth::Actor actor) {
  if (!actor.person_id) return actor;
  auto person = store.person(*actor.person_id);
  if (!person) return tl::unexpected<media::EnvError>(person.error());
  if (!*person) return actor;
  actor.name = (*person)->name;
  auto school = store.school((*person)->school_id);
  if (!school) return tl::unexpected<media::EnvError>(school.error());
  if (*school) actor.school = (*school)->name;
  return actor;
}

// On the storage thread.
Outcome<auth::Actor> look_up_token(storage::Store& store, const std::string& hash,
                                   int64_t wall_us) {
  auto token = store.token_by_hash(hash);
  if (!token) return tl::unexpected<media::EnvError>(token.error());
  if (!*token || (*token)->revoked || (*token)->expires_at <= wall_us) return auth::Actor{};
  return auth::Actor::of_token(**token);
}

Outcome<auth::Actor> look_up_session(storage::Store& store, const std::string& hash,
                                     int64_t wall_us) {
  auto session = store.session_by_hash(hash);
  if (!session) return tl::unexpected<media::EnvError>(session.error());
  if (!*session || (*session)->expires_at <= wall_us) return auth::Actor{};
  if ((*session)->token_hash) {  // lives no longer than the link that it was entered by
    auto link = look_up_token(store, *(*session)->token_hash, wall_us);
    if (!link || link->kind == auth::ActorKind::None) return link;
  }
  if ((*session)->lesson_id) return auth::Actor::of_link_session(**session);
  if (!(*session)->person_id) return auth::Actor{};
  auto person = store.person(*(*session)->person_id);
  if (!person) return tl::unexpected<media::EnvError>(person.error());
  if (!*person) return auth::Actor{};
  auto roles = store.roles_of((*person)->id);
  if (!roles) return tl::unexpected<media::EnvError>(roles.error());
  return auth::Actor::of_person(**person, std::move(*roles));
}

}  // namespace

Outcome<auth::Actor> look_up(storage::Store& store, const std::string& hash, bool cookie,
                             int64_t wall_us) {
  auto found = cookie ? look_up_session(store, hash, wall_us) : look_up_token(store, hash, wall_us);
  if (!found || found->kind == auth::ActorKind::None) return found;
  found->credential_hash = hash;
  found->credential_is_session = cookie;
  return with_name(store, std::move(*found));
}

Credential credential_of(const web::Request& request) {
  Credential credential;
  const std::string_view authorization = request.header("authorization");
  std::string_view text;
  if (!authorization.empty()) {
    credential.present = true;
    text = auth::bearer_of(authorization);
  } else if (const auto cookie = request.cookie(kSessionCookie)) {
    credential.present = true;
    credential.from_cookie = true;
    text = *cookie;
  }
  if (auth::looks_like_secret(text)) credential.secret = text;
  return credential;
}

const Authenticator::Remembered* Authenticator::remembered(const std::string& hash) {
  const auto found = actors_.find(hash);
  if (found == actors_.end()) return nullptr;
  if (found->second.until <= monotonic_()) {
    actors_.erase(found);
    return nullptr;
  }
  return &found->second;
}

void Authenticator::remember(const std::string& hash, const auth::Actor& actor) {
  if (actor.kind == auth::ActorKind::None) return;
  if (actors_.size() >= kMaxRememberedActors) actors_.clear();
  actors_[hash] = {actor, monotonic_() + kActorLasts};
}

void Authenticator::authenticate(const web::Request& request, Reply reply) {
  const Credential credential = credential_of(request);
  const bool loopback = request.from_loopback;
  const auto answer = [loopback, reply = std::move(reply)](auth::Actor actor, AuthFailure failure) {
    actor.loopback = loopback;
    reply(std::move(actor), failure);
  };
  if (credential.secret.empty()) return answer({}, AuthFailure::None);
  const std::string hash = auth::hash_secret(credential.secret);
  if (const Remembered* known = remembered(hash)) return answer(known->actor, AuthFailure::None);
  storage_.ask([hash, cookie = credential.from_cookie, now = wall_us_()](
                   storage::Store& store) { return look_up(store, hash, cookie, now); },
               [this, hash, answer](Outcome<auth::Actor> actor) {
                 if (!actor) return answer({}, AuthFailure::Unavailable);
                 remember(hash, *actor);
                 answer(std::move(*actor), AuthFailure::None);
               });
}

std::optional<auth::Actor> Authenticator::authenticate_now(const web::Request& request) {
  const Credential credential = credential_of(request);
  auth::Actor actor;
  if (!credential.secret.empty()) {
    const std::string hash = auth::hash_secret(credential.secret);
    if (const Remembered* known = remembered(hash)) {
      actor = known->actor;
    } else {
      const media::Instant begin = monotonic_();
      if (begin - wait_window_ > media::Duration::seconds(1)) {
        wait_window_ = begin;
        waited_ = {};
      }
      if (waited_ >= kWaitPerSecond) return std::nullopt;
      auto promise = std::make_shared<std::promise<Outcome<auth::Actor>>>();
      std::future<Outcome<auth::Actor>> found = promise->get_future();
      storage_.ask(
          [promise, hash, cookie = credential.from_cookie,
           now = wall_us_()](storage::Store& store) {
            Outcome<auth::Actor> result = look_up(store, hash, cookie, now);
            promise->set_value(result);
            return result;
          },
          // Also when we have stopped waiting: the client's next attempt then finds it remembered.
          [this, hash](Outcome<auth::Actor> result) {
            if (result) remember(hash, *result);
          });
      const auto status = found.wait_for(std::chrono::microseconds(kUpgradeWait.as_micros()));
      waited_ += monotonic_() - begin;
      if (status != std::future_status::ready) return std::nullopt;
      Outcome<auth::Actor> result = found.get();
      if (!result) return std::nullopt;
      actor = std::move(*result);
    }
  }
  actor.loopback = request.from_loopback;
  return actor;
}

void Authenticator::forget(const std::string& secret) {
  actors_.erase(auth::hash_secret(secret));
}

}  // namespace signaling::app

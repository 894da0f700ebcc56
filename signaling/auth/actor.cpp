#include "signaling/auth/actor.h"

#include <utility>

namespace signaling::auth {

Actor Actor::of_person(const storage::Person& person, std::vector<storage::PersonRole> roles) {
  Actor actor;
  actor.kind = ActorKind::Person;
  actor.person_id = person.id;
  actor.school_id = person.school_id;
  actor.roles = std::move(roles);
  return actor;
}

Actor Actor::of_token(const storage::AccessToken& token) {
  Actor actor;
  actor.kind = ActorKind::Link;
  actor.person_id = token.person_id;
  actor.lesson_id = token.lesson_id;
  actor.role = token.role;
  actor.class_id = token.class_id;
  return actor;
}

Actor Actor::of_link_session(const storage::LoginSession& session) {
  if (!session.lesson_id || !session.role) return {};
  Actor actor;
  actor.kind = ActorKind::Link;
  actor.person_id = session.person_id;
  actor.lesson_id = session.lesson_id;
  actor.role = session.role;
  actor.class_id = session.class_id;
  return actor;
}

}  // namespace signaling::auth

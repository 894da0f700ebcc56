// Who asks. Made from a credential by the edge, never from anything a message says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/api/records.h"

namespace signaling::auth {

enum class ActorKind : uint8_t {
  None,    // no credential, or one that is wrong, revoked or expired
  Person,  // signed in with a password
  Link     // a bearer token or page link: one lesson, one role
};

struct Actor {
  ActorKind kind = ActorKind::None;

  // What it was made from, so that a long-lived connection can be checked again. Empty: made by the
  // program itself.
  std::string credential_hash;         // SHA-256 of the secret, hex
  bool credential_is_session = false;  // a cookie's, otherwise a token's

  // Person; also a link that was made for one (a teacher's token).
  std::optional<storage::Id> person_id;
  std::optional<storage::Id> school_id;  // the person's
  std::string name;  // the person's and the school's, as shown; empty without a person
  std::string school;
  std::vector<storage::PersonRole> roles;  // all of the person's, in all collectives

  // Link.
  std::optional<storage::Id> lesson_id;
  std::optional<storage::LessonRole> role;
  std::optional<storage::Id> class_id;  // for LessonRole::Class

  // The request came from this machine and through no proxy; for SeeMetrics only.
  bool loopback = false;

  static Actor of_person(const storage::Person& person, std::vector<storage::PersonRole> roles);
  // A token or link session; None when it has no lesson or role.
  static Actor of_token(const storage::AccessToken& token);
  static Actor of_link_session(const storage::LoginSession& session);
};

}  // namespace signaling::auth

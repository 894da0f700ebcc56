// Tokens, login sessions and the audit.
#include "storage/sql/rows.h"
#include "storage/sql/sqlite_store.h"

namespace storage::sql {

namespace {

struct TokenReader {
  static const char* columns() {
    return "secret_hash, lesson_id, role, COALESCE(class_id, ''), COALESCE(person_id, ''), "
           "expires_at, revoked";
  }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.secret_hash));
    s.exchange(soci::into(row.lesson_id));
    s.exchange(soci::into(role));
    s.exchange(soci::into(class_id));
    s.exchange(soci::into(person_id));
    s.exchange(soci::into(row.expires_at));
    s.exchange(soci::into(revoked));
  }
  AccessToken take() {
    row.role = stored<LessonRole>(role);
    row.class_id = optional(class_id);
    row.person_id = optional(person_id);
    row.revoked = revoked != 0;
    return row;
  }
  AccessToken row;
  std::string role;
  std::string class_id;
  std::string person_id;
  int revoked = 0;
};

struct SessionReader {
  static const char* columns() {
    return "secret_hash, COALESCE(person_id, ''), COALESCE(lesson_id, ''), COALESCE(role, ''), "
           "COALESCE(class_id, ''), "
           "expires_at, COALESCE(token_hash, '')";
  }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.secret_hash));
    s.exchange(soci::into(person_id));
    s.exchange(soci::into(lesson_id));
    s.exchange(soci::into(role));
    s.exchange(soci::into(class_id));
    s.exchange(soci::into(row.expires_at));
    s.exchange(soci::into(token_hash));
  }
  LoginSession take() {
    row.person_id = optional(person_id);
    row.lesson_id = optional(lesson_id);
    row.role = role.empty() ? std::nullopt : std::optional(stored<LessonRole>(role));
    row.class_id = optional(class_id);
    row.token_hash = optional(token_hash);
    return row;
  }
  LoginSession row;
  std::string person_id;
  std::string lesson_id;
  std::string role;
  std::string class_id;
  std::string token_hash;
};

struct AuditReader {
  static const char* columns() { return "wall_us, actor, verb, object"; }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.wall_us));
    s.exchange(soci::into(row.actor));
    s.exchange(soci::into(row.verb));
    s.exchange(soci::into(row.object));
  }
  AuditEntry take() { return row; }
  AuditEntry row;
};

}  // namespace

void SqliteStore::insert_token(const AccessToken& row) {
  const std::string role = word(row.role);
  const std::string class_id = row.class_id.value_or("");
  const std::string person_id = row.person_id.value_or("");
  const int revoked = row.revoked ? 1 : 0;
  session_ << "INSERT INTO access_token (secret_hash, lesson_id, role, class_id, person_id, "
              "expires_at, revoked) VALUES "
              "(:hash, :lesson, :role, NULLIF(:class, ''), NULLIF(:person, ''), :expires, "
              ":revoked)",
      soci::use(row.secret_hash), soci::use(row.lesson_id), soci::use(role), soci::use(class_id),
      soci::use(person_id), soci::use(row.expires_at), soci::use(revoked);
}

void SqliteStore::retire_token(const std::string& secret_hash) {
  session_ << "UPDATE access_token SET revoked = 1 WHERE secret_hash = :hash",
      soci::use(secret_hash);
  session_ << "DELETE FROM login_session WHERE token_hash = :hash", soci::use(secret_hash);
}

Outcome<void> SqliteStore::add_token(const AccessToken& row) {
  return write("add the token", [&] { insert_token(row); });
}

Outcome<std::optional<AccessToken>> SqliteStore::token_by_hash(const std::string& secret_hash) {
  return read("read the token", [&] {
    return first(select<TokenReader>(session_, "FROM access_token WHERE secret_hash = :hash",
                                     soci::use(secret_hash)));
  });
}

Outcome<std::vector<AccessToken>> SqliteStore::tokens_of_lesson(const Id& lesson_id) {
  return read("list the lesson's tokens", [&] {
    return select<TokenReader>(
        session_, "FROM access_token WHERE lesson_id = :id ORDER BY expires_at, secret_hash",
        soci::use(lesson_id));
  });
}

Outcome<void> SqliteStore::revoke_token(const std::string& secret_hash) {
  return write("revoke the token", [&] { retire_token(secret_hash); });
}

Outcome<void> SqliteStore::add_session(const LoginSession& row) {
  return write("add the session", [&] {
    const std::string person_id = row.person_id.value_or("");
    const std::string lesson_id = row.lesson_id.value_or("");
    const std::string role = row.role ? word(*row.role) : "";
    const std::string class_id = row.class_id.value_or("");
    const std::string token_hash = row.token_hash.value_or("");
    session_ << "INSERT INTO login_session (secret_hash, person_id, lesson_id, role, class_id, "
                "expires_at, token_hash) "
                "VALUES (:hash, NULLIF(:person, ''), NULLIF(:lesson, ''), NULLIF(:role, ''), "
                "NULLIF(:class, ''), :expires, "
                "NULLIF(:token, ''))",
        soci::use(row.secret_hash), soci::use(person_id), soci::use(lesson_id), soci::use(role),
        soci::use(class_id), soci::use(row.expires_at), soci::use(token_hash);
  });
}

Outcome<std::optional<LoginSession>> SqliteStore::session_by_hash(const std::string& secret_hash) {
  return read("read the session", [&] {
    return first(select<SessionReader>(session_, "FROM login_session WHERE secret_hash = :hash",
                                       soci::use(secret_hash)));
  });
}

Outcome<void> SqliteStore::remove_session(const std::string& secret_hash) {
  return write("end the session", [&] {
    session_ << "DELETE FROM login_session WHERE secret_hash = :hash", soci::use(secret_hash);
  });
}

Outcome<void> SqliteStore::remove_expired(int64_t wall_us) {
  return write("remove what has expired", [&] {
    session_ << "DELETE FROM login_session WHERE expires_at <= :now", soci::use(wall_us);
    session_ << "DELETE FROM access_token WHERE expires_at <= :now", soci::use(wall_us);
  });
}

Outcome<void> SqliteStore::add_audit(const AuditEntry& row) {
  return write("add to the audit", [&] {
    session_ << "INSERT INTO audit_entry (id, wall_us, actor, verb, object) "
                "VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM audit_entry), :wall, :actor, :verb, "
                ":object)",
        soci::use(row.wall_us), soci::use(row.actor), soci::use(row.verb), soci::use(row.object);
  });
}

Outcome<std::vector<AuditEntry>> SqliteStore::audit(int limit) {
  return read("read the audit", [&] {
    const int rows = page_limit(limit);
    return select<AuditReader>(session_, "FROM audit_entry ORDER BY id DESC LIMIT :limit",
                               soci::use(rows));
  });
}

}  // namespace storage::sql

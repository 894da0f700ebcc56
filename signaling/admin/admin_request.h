// What `tongke admin` asks for, as JSON, and its execution: the same function runs in the server
// (for a request from the socket) and in the command itself (when no server holds the database).
//
// Request {"command":…, …}; answer {"ok":true,"result":…} or {"ok":false,"error":"sentence"}.
//   token            lesson, role, class ("" chooses), ttlUs  -> {token, role, classId, className,
//   expiresAt} user-add         login, name, school, collective, role, passwordHash -> {person}
//   user-passwd      login, passwordHash -> {}
//   user-list        collective -> [{name, school, roles}]
//   collective-list  -> [{id, name, kind, schools:[{id, name, role, classes:[{id, name,
//   headcount}]}]}] lesson-list      limit -> [{id, state, topic, teacher, school, scheduledAt}]
//   check            -> [sentence…], empty when all is sound
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "media/base/result.h"
#include "storage/api/store.h"

namespace signaling::admin {

inline constexpr int64_t kMaxTokenLifetimeUs =
    400LL * 24 * 3600 * 1'000'000;  // a school year and a little

struct AdminContext {
  std::filesystem::path data_dir;
  int64_t wall_us = 0;
  std::string actor = "admin";  // for the audit: the user id at the other end
};

// Errors: unknown command, missing or wrong field, unknown lesson, class or login, the database
// failed. Never throws.
media::Outcome<nlohmann::json> execute(storage::Store& store, const nlohmann::json& request,
                                       const AdminContext& context);

// One line of the socket's protocol: runs `run` on the parsed request and wraps what it says.
nlohmann::json answer_of(const media::Outcome<nlohmann::json>& outcome);

// "90s", "30m", "1h", "7d" in microseconds. Errors: anything else, zero, or more than
// kMaxTokenLifetimeUs.
media::Outcome<int64_t> parse_ttl(const std::string& text);

}  // namespace signaling::admin

// A lesson as the REST interface shows it (PROTOCOL.md).
#pragma once

#include <nlohmann/json.hpp>

#include "signaling/auth/actor.h"
#include "storage/api/records.h"

namespace signaling::app {

// `role` is the one in which `actor` would enter, null when none.
nlohmann::json lesson_json(const storage::Lesson& lesson, const storage::LessonRoster& roster,
                           const auth::Actor& actor);

}  // namespace signaling::app

// One request of `tongke admin`, by whichever way is open.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "media/base/result.h"

namespace signaling::admin {

// A server that is just starting or stopping holds the lock without a socket: wait this long for
// one or the other.
inline constexpr int kPatienceMs = 5'000;

// Through <data_dir>/admin.sock when a server listens there, otherwise on the database itself.
// Returns the result. Errors: no such data directory, refused by the server, execute()'s, or the
// database is held by a process that does not answer (names its pid).
media::Outcome<nlohmann::json> perform(const std::filesystem::path& data_dir,
                                       const nlohmann::json& request,
                                       int patience_ms = kPatienceMs);

}  // namespace signaling::admin

// Passwords: Argon2id through libsodium with its interactive limits (2 passes, 64 MiB). One call
// takes about 100 ms of CPU: never on the signaling loop; use PasswordWorker (password_worker.h).
#pragma once

#include <cstddef>
#include <string>

#include "media/base/result.h"

namespace signaling::auth {

inline constexpr size_t kMinPasswordBytes = 8;  // NIST SP 800-63B section 5.1.1.1
inline constexpr size_t kMaxPasswordBytes =
    1024;  // Argon2id would take any length; a request should not choose it

// libsodium's string form, with salt and limits inside. Errors: the length is outside the limits
// (the sentence says so), or there is no memory.
media::Outcome<std::string> hash_password(const std::string& password);

// True when `password` is the one behind `hash`. An empty or unreadable hash takes as long and is
// false, so that an unknown login cannot be told from a wrong password by its delay.
bool verify_password(const std::string& password, const std::string& hash);

// True when `hash` was made with other limits than today's.
bool needs_rehash(const std::string& hash);

}  // namespace signaling::auth

// Row ids and digests.
#pragma once

#include <string>
#include <string_view>

#include "storage/api/records.h"

namespace storage::sql {

inline constexpr size_t kIdBytes = 16;   // 128 bits: not to be guessed, never to collide
inline constexpr size_t kIdLength = 22;  // in base64url without padding (RFC 4648 section 5)

// A new id from the operating system's random source. Ends the process when that source fails.
Id new_id();

// SHA-256 of `bytes`, 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace storage::sql

// Bearer tokens, cookies and seats: 256 random bits as base64url. The server keeps only the
// SHA-256, which is enough: such a secret cannot be guessed, so it needs no slow hash.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace signaling::auth {

inline constexpr size_t kSecretBytes = 32;
inline constexpr size_t kSecretLength = 43;           // base64url without padding
inline constexpr size_t kMaxCredentialLength = 4096;  // longer input is not looked at

// From the operating system's random source.
std::string new_secret();

// What the database stores and is asked for: SHA-256, 64 lower-case hexadecimal digits.
std::string hash_secret(std::string_view secret);

// Whether `text` could be one of ours (length and alphabet): everything else is refused without
// asking the database.
bool looks_like_secret(std::string_view text);

// Equal, in a time that does not depend on where they differ.
bool equal_secrets(std::string_view a, std::string_view b);

// The token of "Authorization: Bearer <token>" (RFC 6750 section 2.1); empty when the header is not
// that.
std::string_view bearer_of(std::string_view authorization);

}  // namespace signaling::auth

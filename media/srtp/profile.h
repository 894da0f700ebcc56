// The SRTP protection profiles we speak and their sizes (RFC 3711, RFC 5764 section 4.1.2, RFC 7714
// section 12).
#pragma once

#include <cstddef>
#include <cstdint>

namespace media::srtp {

enum class Profile : uint8_t { AeadAes128Gcm, AeadAes256Gcm, AesCm128HmacSha1 };

// Who computes the ciphers. Automatic takes libipsec-mb where this CPU has AES-NI and the profile
// gains by it.
enum class Backend : uint8_t { Automatic, IpsecMb, OpenSsl };

inline constexpr size_t kMaxKey = 32;
inline constexpr size_t kMaxSalt = 14;
inline constexpr size_t kGcmTag = 16;    // RFC 7714 section 5.2: the tag is never truncated
inline constexpr size_t kSha1Tag = 10;   // 80 bits
inline constexpr size_t kRtcpIndex = 4;  // E flag and 31-bit index

constexpr bool is_aead(Profile p) {
  return p != Profile::AesCm128HmacSha1;
}
constexpr size_t key_size(Profile p) {
  return p == Profile::AeadAes256Gcm ? 32 : 16;
}
constexpr size_t salt_size(Profile p) {
  return is_aead(p) ? 12 : 14;
}
constexpr size_t tag_size(Profile p) {
  return is_aead(p) ? kGcmTag : kSha1Tag;
}

// The backend that Automatic means on this machine: "ipsec-mb" or "openssl".
const char* backend_name();
// The instruction set for which libipsec-mb chose its code: "avx512", "avx2", "avx" or "sse"; ""
// without it.
const char* backend_arch();

}  // namespace media::srtp

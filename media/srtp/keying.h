// From a master key to session keys (RFC 3711 section 4.3, RFC 6188 for 256 bit, RFC 7714 section
// 11), and from the DTLS exporter block to two master keys (RFC 5764 section 4.2).
#pragma once

#include <array>
#include <cstdint>

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/srtp/profile.h"

namespace media::srtp {

// One direction's master key and salt; the first key_size()/salt_size() bytes count. Wiped when
// destroyed.
struct MasterKey {
  std::array<uint8_t, kMaxKey> key{};
  std::array<uint8_t, kMaxSalt> salt{};

  MasterKey() = default;
  MasterKey(const MasterKey&) = default;
  MasterKey& operator=(const MasterKey&) = default;
  ~MasterKey();
};

inline constexpr size_t kHmacSha1Key = 20;

// The keys that protect packets. auth is used by AES-CM profiles only. Wiped when destroyed.
struct SessionKeys {
  std::array<uint8_t, kMaxKey> cipher{};
  std::array<uint8_t, kHmacSha1Key> auth{};
  std::array<uint8_t, kMaxSalt> salt{};

  SessionKeys() = default;
  SessionKeys(const SessionKeys&) = default;
  SessionKeys& operator=(const SessionKeys&) = default;
  ~SessionKeys();
};

enum class Stream : uint8_t { Rtp, Rtcp };

// Key derivation rate 0, the only one WebRTC uses: derived once, never again.
SessionKeys derive(Profile profile, const MasterKey& master, Stream stream);

struct MasterKeys {
  MasterKey client;  // protects what the DTLS client sends
  MasterKey server;
};

// Bytes of "EXTRACTOR-dtls_srtp" to export for `profile`.
constexpr size_t exporter_size(Profile profile) {
  return 2 * (key_size(profile) + salt_size(profile));
}
// Errors: Truncated when `block` is not exporter_size() long.
Result<MasterKeys> split_exporter(Profile profile, ByteSpan block);

}  // namespace media::srtp

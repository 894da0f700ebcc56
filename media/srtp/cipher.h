// The two packet ciphers with their key schedules kept between packets: AES-GCM and AES-CM with
// HMAC-SHA1, each by libipsec-mb or OpenSSL. They know nothing of RTP. Owner: SessionCiphers.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "media/base/bytes.h"
#include "media/srtp/keying.h"
#include "media/srtp/profile.h"

struct evp_cipher_ctx_st;
struct evp_mac_ctx_st;

namespace media::srtp {

// What Automatic means here for `profile`.
Backend resolve(Backend wanted, Profile profile);
// Whether libipsec-mb runs on this CPU.
bool has_ipsec_mb();

using GcmIv = std::array<uint8_t, 12>;
using CtrIv = std::array<uint8_t, 16>;

class GcmCipher {
 public:
  // `key` is 16 or 32 bytes.
  GcmCipher(ByteSpan key, Backend backend);
  ~GcmCipher();
  GcmCipher(GcmCipher&&) noexcept;
  GcmCipher& operator=(GcmCipher&&) = delete;

  // Encrypts `text` in place and writes kGcmTag bytes to `tag`.
  void seal(const GcmIv& iv, ByteSpan aad, MutableByteSpan text, uint8_t* tag);
  // Decrypts `text` in place; false when `tag` does not fit, and then `text` is garbage.
  bool open(const GcmIv& iv, ByteSpan aad, MutableByteSpan text, const uint8_t* tag);

 private:
  struct IpsecKey;
  std::unique_ptr<IpsecKey> ipsec_;  // null with OpenSSL
  evp_cipher_ctx_st* seal_ = nullptr;
  evp_cipher_ctx_st* open_ = nullptr;
  bool wide_ = false;                   // 256-bit key
  std::array<uint8_t, kMaxKey> key_{};  // for the EVP context made on first use in each direction
};

class CmCipher {
 public:
  CmCipher(const SessionKeys& keys, Backend backend);
  ~CmCipher();
  CmCipher(CmCipher&&) noexcept;
  CmCipher& operator=(CmCipher&&) = delete;

  // AES-128 counter mode, in place, both directions (RFC 3711 section 4.1.1).
  void crypt(const CtrIv& iv, MutableByteSpan text);
  // First 80 bits of HMAC-SHA1 over `message` (not empty) followed by `suffix` (the rollover
  // counter, or nothing). As many bytes as the suffix has must be writable behind `message`, as
  // they are where the tag goes; they are as before afterwards, unless `tag` points there.
  void authenticate(MutableByteSpan message, ByteSpan suffix, uint8_t* tag);

 private:
  struct IpsecKey;
  std::unique_ptr<IpsecKey> ipsec_;  // null with OpenSSL
  evp_cipher_ctx_st* cipher_ = nullptr;
  evp_mac_ctx_st* mac_ = nullptr;
};

}  // namespace media::srtp

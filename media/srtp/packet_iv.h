// Initialisation vectors of SRTP and SRTCP packets. Shared by sender and receiver.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "media/base/bytes.h"
#include "media/srtp/cipher.h"

namespace media::srtp {

inline constexpr size_t kRtcpHeader =
    8;  // RFC 3550 section 6.4.1: the part of a compound that stays readable
inline constexpr uint32_t kRtcpEncrypted = 0x80000000;  // RFC 3711 section 3.4: E flag

using Salt = std::array<uint8_t, kMaxSalt>;

// RFC 7714 section 8.1 (RTP: 48-bit index = rollover counter and sequence) and 9.1 (RTCP: 31-bit
// index).
inline GcmIv gcm_iv(const Salt& salt, uint32_t ssrc, int64_t index) {
  GcmIv iv{};
  store_be32(iv.data() + 2, ssrc);
  store_be16(iv.data() + 6, static_cast<uint16_t>(index >> 32));
  store_be32(iv.data() + 8, static_cast<uint32_t>(index));
  for (size_t i = 0; i < iv.size(); ++i) iv[i] = static_cast<uint8_t>(iv[i] ^ salt[i]);
  return iv;
}

// RFC 3711 section 4.1.1: salt * 2^16 xor ssrc * 2^64 xor index * 2^16.
inline CtrIv cm_iv(const Salt& salt, uint32_t ssrc, int64_t index) {
  CtrIv iv{};
  store_be32(iv.data() + 4, ssrc);
  store_be16(iv.data() + 8, static_cast<uint16_t>(index >> 32));
  store_be32(iv.data() + 10, static_cast<uint32_t>(index));
  for (size_t i = 0; i < salt.size(); ++i) iv[i] = static_cast<uint8_t>(iv[i] ^ salt[i]);
  return iv;
}

}  // namespace media::srtp

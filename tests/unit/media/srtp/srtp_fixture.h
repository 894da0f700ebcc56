// Packets and keys that the SRTP tests share.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/rng.h"
#include "media/srtp/keying.h"
#include "media/srtp/profile.h"

namespace media::srtp {

using Bytes = std::vector<uint8_t>;

inline Bytes from_hex(const std::string& text) {
  Bytes out;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    out.push_back(static_cast<uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  return out;
}

inline MasterKey make_master(uint64_t seed) {
  SplitMix64 rng(seed);
  MasterKey master;
  rng.fill(master.key);
  rng.fill(master.salt);
  return master;
}

inline constexpr size_t kRoom = kGcmTag + kRtcpIndex;

// An RTP packet with `csrcs` contributing sources and, when asked, a one-word header extension.
inline Bytes make_rtp(uint32_t ssrc, uint16_t sequence, size_t payload, size_t csrcs = 0,
                      bool extension = false) {
  Bytes packet(12 + 4 * csrcs + (extension ? 8 : 0) + payload);
  packet[0] = static_cast<uint8_t>(0x80 | csrcs | (extension ? 0x10 : 0));
  packet[1] = 96;
  store_be16(packet.data() + 2, sequence);
  store_be32(packet.data() + 4, 0x01020304);
  store_be32(packet.data() + 8, ssrc);
  for (size_t i = 12; i < packet.size(); ++i) packet[i] = static_cast<uint8_t>(i * 7 + sequence);
  if (extension) {
    store_be16(packet.data() + 12 + 4 * csrcs, 0xBEDE);
    store_be16(packet.data() + 14 + 4 * csrcs, 1);
  }
  return packet;
}

inline size_t header_size(size_t csrcs, bool extension) {
  return 12 + 4 * csrcs + (extension ? 8 : 0);
}

// A receiver report without blocks, followed by `extra` words.
inline Bytes make_rtcp(uint32_t ssrc, size_t extra = 6) {
  Bytes packet(8 + 4 * extra);
  packet[0] = 0x80;
  packet[1] = 201;
  store_be16(packet.data() + 2, static_cast<uint16_t>(1 + extra));
  store_be32(packet.data() + 4, ssrc);
  for (size_t i = 8; i < packet.size(); ++i) packet[i] = static_cast<uint8_t>(i);
  return packet;
}

struct Setting {
  Profile profile;
  Backend backend;
};

inline std::vector<Setting> all_settings() {
  return {
      {Profile::AeadAes128Gcm, Backend::IpsecMb},    {Profile::AeadAes128Gcm, Backend::OpenSsl},
      {Profile::AeadAes256Gcm, Backend::IpsecMb},    {Profile::AeadAes256Gcm, Backend::OpenSsl},
      {Profile::AesCm128HmacSha1, Backend::IpsecMb}, {Profile::AesCm128HmacSha1, Backend::OpenSsl}};
}

inline std::string setting_name(const testing::TestParamInfo<Setting>& info) {
  const std::string profile = info.param.profile == Profile::AeadAes128Gcm   ? "Gcm128"
                              : info.param.profile == Profile::AeadAes256Gcm ? "Gcm256"
                                                                             : "CmSha1";
  return profile + (info.param.backend == Backend::IpsecMb ? "IpsecMb" : "OpenSsl");
}

}  // namespace media::srtp

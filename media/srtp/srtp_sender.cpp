#include "media/srtp/srtp_sender.h"

#include "media/base/check.h"
#include "media/srtp/packet_iv.h"

namespace media::srtp {

SrtpSender::SrtpSender(Profile profile, const MasterKey& master, Backend backend)
    : ciphers_(profile, master, backend) {}

size_t SrtpSender::seal_rtp(MutableByteSpan slot, size_t header_size, size_t size, int64_t index) {
  CHECK(header_size >= 12 && header_size <= size &&
        size + tag_size(ciphers_.profile) <= slot.size());
  DCHECK(index >= 0 && index < (int64_t{1} << 48));
  DCHECK(static_cast<uint16_t>(index) == load_be16(slot.data() + 2));
  const uint32_t ssrc = load_be32(slot.data() + 8);
  const MutableByteSpan payload = slot.subspan(header_size, size - header_size);
  uint8_t* const tag = slot.data() + size;
  if (ciphers_.rtp.gcm) {
    ciphers_.rtp.gcm->seal(gcm_iv(ciphers_.rtp.salt, ssrc, index), slot.first(header_size), payload,
                           tag);
    return size + kGcmTag;
  }
  std::array<uint8_t, 4> rollover{};
  store_be32(rollover.data(), static_cast<uint32_t>(index >> 16));
  ciphers_.rtp.cm->crypt(cm_iv(ciphers_.rtp.salt, ssrc, index), payload);
  ciphers_.rtp.cm->authenticate(slot.first(size), rollover, tag);
  return size + kSha1Tag;
}

size_t SrtpSender::seal_rtcp(MutableByteSpan slot, size_t size) {
  CHECK(size >= kRtcpHeader && size + tag_size(ciphers_.profile) + kRtcpIndex <= slot.size());
  if (rtcp_index_ == kRtcpEncrypted - 1) return 0;
  // RFC 3711 section 3.4: incremented before each packet, so that the first has index 1.
  ++rtcp_index_;
  return ciphers_.rtcp.gcm ? seal_rtcp_gcm(slot, size, rtcp_index_)
                           : seal_rtcp_cm(slot, size, rtcp_index_);
}

size_t SrtpSender::seal_rtcp_gcm(MutableByteSpan slot, size_t size, uint32_t index) {
  // RFC 7714 section 9.2: header, then the index word, are authenticated only.
  std::array<uint8_t, kRtcpHeader + kRtcpIndex> aad{};
  std::copy_n(slot.begin(), kRtcpHeader, aad.begin());
  store_be32(aad.data() + kRtcpHeader, index | kRtcpEncrypted);
  const uint32_t ssrc = load_be32(slot.data() + 4);
  ciphers_.rtcp.gcm->seal(gcm_iv(ciphers_.rtcp.salt, ssrc, index), aad,
                          slot.subspan(kRtcpHeader, size - kRtcpHeader), slot.data() + size);
  store_be32(slot.data() + size + kGcmTag, index | kRtcpEncrypted);
  return size + kGcmTag + kRtcpIndex;
}

size_t SrtpSender::seal_rtcp_cm(MutableByteSpan slot, size_t size, uint32_t index) {
  const uint32_t ssrc = load_be32(slot.data() + 4);
  ciphers_.rtcp.cm->crypt(cm_iv(ciphers_.rtcp.salt, ssrc, index),
                          slot.subspan(kRtcpHeader, size - kRtcpHeader));
  store_be32(slot.data() + size, index | kRtcpEncrypted);
  ciphers_.rtcp.cm->authenticate(slot.first(size + kRtcpIndex), {},
                                 slot.data() + size + kRtcpIndex);
  return size + kRtcpIndex + kSha1Tag;
}

}  // namespace media::srtp

#include "media/srtp/srtp_sender.h"

#include "media/base/check.h"
#include "media/srtp/packet_iv.h"

namespace media::srtp {

SrtpSender::SrtpSender(Profile profile, const MasterKey& master, Backend backend)
    : profile_(profile) {
  const SessionKeys rtp = derive(profile, master, Stream::Rtp);
  const SessionKeys rtcp = derive(profile, master, Stream::Rtcp);
  rtp_salt_ = rtp.salt;
  rtcp_salt_ = rtcp.salt;
  if (is_aead(profile)) {
    rtp_gcm_.emplace(ByteSpan(rtp.cipher).first(key_size(profile)), resolve(backend, profile));
    rtcp_gcm_.emplace(ByteSpan(rtcp.cipher).first(key_size(profile)), resolve(backend, profile));
  } else {
    rtp_cm_.emplace(rtp);
    rtcp_cm_.emplace(rtcp);
  }
}

size_t SrtpSender::seal_rtp(MutableByteSpan slot, size_t header_size, size_t size, int64_t index) {
  CHECK(header_size >= 12 && header_size <= size && size + tag_size(profile_) <= slot.size());
  DCHECK(index >= 0 && index < (int64_t{1} << 48));
  DCHECK(static_cast<uint16_t>(index) == load_be16(slot.data() + 2));
  const uint32_t ssrc = load_be32(slot.data() + 8);
  const MutableByteSpan payload = slot.subspan(header_size, size - header_size);
  uint8_t* const tag = slot.data() + size;
  if (rtp_gcm_) {
    rtp_gcm_->seal(gcm_iv(rtp_salt_, ssrc, index), slot.first(header_size), payload, tag);
    return size + kGcmTag;
  }
  std::array<uint8_t, 4> rollover{};
  store_be32(rollover.data(), static_cast<uint32_t>(index >> 16));
  rtp_cm_->crypt(cm_iv(rtp_salt_, ssrc, index), payload);
  rtp_cm_->authenticate(slot.first(size), rollover, tag);
  return size + kSha1Tag;
}

size_t SrtpSender::seal_rtcp(MutableByteSpan slot, size_t size) {
  CHECK(size >= kRtcpHeader && size + tag_size(profile_) + kRtcpIndex <= slot.size());
  if (rtcp_index_ == kRtcpEncrypted - 1) return 0;
  // RFC 3711 section 3.4: incremented before each packet, so that the first has index 1.
  ++rtcp_index_;
  return rtcp_gcm_ ? seal_rtcp_gcm(slot, size, rtcp_index_) : seal_rtcp_cm(slot, size, rtcp_index_);
}

size_t SrtpSender::seal_rtcp_gcm(MutableByteSpan slot, size_t size, uint32_t index) {
  // RFC 7714 section 9.2: header, then the index word, are authenticated only.
  std::array<uint8_t, kRtcpHeader + kRtcpIndex> aad{};
  std::copy_n(slot.begin(), kRtcpHeader, aad.begin());
  store_be32(aad.data() + kRtcpHeader, index | kRtcpEncrypted);
  const uint32_t ssrc = load_be32(slot.data() + 4);
  rtcp_gcm_->seal(gcm_iv(rtcp_salt_, ssrc, index), aad,
                  slot.subspan(kRtcpHeader, size - kRtcpHeader), slot.data() + size);
  store_be32(slot.data() + size + kGcmTag, index | kRtcpEncrypted);
  return size + kGcmTag + kRtcpIndex;
}

size_t SrtpSender::seal_rtcp_cm(MutableByteSpan slot, size_t size, uint32_t index) {
  const uint32_t ssrc = load_be32(slot.data() + 4);
  rtcp_cm_->crypt(cm_iv(rtcp_salt_, ssrc, index), slot.subspan(kRtcpHeader, size - kRtcpHeader));
  store_be32(slot.data() + size, index | kRtcpEncrypted);
  rtcp_cm_->authenticate(slot.first(size + kRtcpIndex), {}, slot.data() + size + kRtcpIndex);
  return size + kRtcpIndex + kSha1Tag;
}

}  // namespace media::srtp

// Protects what we send on one transport: SRTP and SRTCP framing (RFC 3711 section 3, RFC 7714
// sections 8 and 9) in place. Keeps no state per ssrc: the caller names each packet's index. Owner:
// transport::Peer. Thread: its worker.
#pragma once

#include <cstddef>
#include <cstdint>

#include "media/base/bytes.h"
#include "media/srtp/keying.h"
#include "media/srtp/profile.h"
#include "media/srtp/session_ciphers.h"

namespace media::srtp {

class SrtpSender {
 public:
  SrtpSender(Profile profile, const MasterKey& master, Backend backend = Backend::Automatic);

  // slot[0..size) is an RTP packet whose header (CSRCs and extensions included) is `header_size`
  // long; the slot holds tag_size() bytes more. `index` = rollover counter * 65536 + sequence
  // number and must never be used twice for different packets of one ssrc. Returns the protected
  // size.
  size_t seal_rtp(MutableByteSpan slot, size_t header_size, size_t size, int64_t index);

  // slot[0..size) is a compound RTCP packet (at least 8 bytes); the slot holds tag_size() +
  // kRtcpIndex bytes more. Returns the protected size, or 0 when 2^31 packets have gone out and the
  // key is worn out (RFC 3711 section 9.2).
  size_t seal_rtcp(MutableByteSpan slot, size_t size);

  [[nodiscard]] Profile profile() const { return ciphers_.profile; }

 private:
  size_t seal_rtcp_gcm(MutableByteSpan slot, size_t size, uint32_t index);
  size_t seal_rtcp_cm(MutableByteSpan slot, size_t size, uint32_t index);

  SessionCiphers ciphers_;
  uint32_t rtcp_index_ = 0;
};

}  // namespace media::srtp

// Opens what the peer sends on one transport: SRTP and SRTCP (RFC 3711, RFC 7714) in place.
// Rollover counters and replay windows are kept per ssrc and move only for packets that passed
// authentication, so that no forged packet can push them. Owner: transport::Peer. Thread: its
// worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/srtp/keying.h"
#include "media/srtp/profile.h"
#include "media/srtp/replay_window.h"
#include "media/srtp/session_ciphers.h"

namespace media::srtp {

// Three simulcast layers with RTX for camera and screen, two voices and some spare; bounds memory
// per transport.
inline constexpr size_t kMaxReceiveSsrcs = 32;

class SrtpReceiver {
 public:
  SrtpReceiver(Profile profile, const MasterKey& master, Backend backend = Backend::Automatic);
  // For a peer that is a whole server. Packets of more sources than this are refused.
  void set_max_ssrcs(size_t max_ssrcs) { max_ssrcs_ = max_ssrcs; }

  // The plain packet inside `packet`. Errors: Truncated and Malformed for what cannot be SRTP,
  // Replayed, Unauthorized for a wrong tag, TooLarge for an authentic packet of one ssrc too many.
  // After an error the bytes are undefined.
  Result<MutableByteSpan> open_rtp(MutableByteSpan packet);
  Result<MutableByteSpan> open_rtcp(MutableByteSpan packet);

  [[nodiscard]] Profile profile() const { return ciphers_.profile; }

 private:
  struct Source {
    uint32_t ssrc = 0;
    ReplayWindow window;
  };
  using Sources = std::vector<Source>;

  // The window of `ssrc`, or nullptr before its first authentic packet.
  static ReplayWindow* find(Sources& sources, uint32_t ssrc);
  bool remember(Sources& sources, ReplayWindow* known, uint32_t ssrc, int64_t index) const;
  bool open_rtp_payload(MutableByteSpan packet, size_t header_size, int64_t index);
  bool open_rtcp_payload(MutableByteSpan packet, uint32_t index_word);

  SessionCiphers ciphers_;
  size_t max_ssrcs_ = kMaxReceiveSsrcs;
  Sources rtp_sources_;
  Sources rtcp_sources_;
};

}  // namespace media::srtp

#include "media/base/drop.h"

namespace media {

// One line per reason: its length is the number of reasons.
// NOLINTNEXTLINE(readability-function-size)
const char* drop_name(Drop reason) {
  switch (reason) {
    case Drop::UnknownAddress:
      return "unknown_address";
    case Drop::UnknownUfrag:
      return "unknown_ufrag";
    case Drop::StunMalformed:
      return "stun_malformed";
    case Drop::StunIntegrity:
      return "stun_integrity";
    case Drop::StunUnsupported:
      return "stun_unsupported";
    case Drop::DtlsUnexpected:
      return "dtls_unexpected";
    case Drop::DtlsFailed:
      return "dtls_failed";
    case Drop::DtlsTooLarge:
      return "dtls_too_large";
    case Drop::SrtpNotReady:
      return "srtp_not_ready";
    case Drop::SrtpAuth:
      return "srtp_auth";
    case Drop::SrtpReplay:
      return "srtp_replay";
    case Drop::SrtpMalformed:
      return "srtp_malformed";
    case Drop::RtpMalformed:
      return "rtp_malformed";
    case Drop::RtpUnknownSsrc:
      return "rtp_unknown_ssrc";
    case Drop::RtpUnknownPayloadType:
      return "rtp_unknown_payload_type";
    case Drop::RtpTooManySsrcs:
      return "rtp_too_many_ssrcs";
    case Drop::RtpSsrcFlood:
      return "rtp_ssrc_flood";
    case Drop::RtpDuplicate:
      return "rtp_duplicate";
    case Drop::RtpTooOld:
      return "rtp_too_old";
    case Drop::RtpOverRate:
      return "rtp_over_rate";
    case Drop::RtcpMalformed:
      return "rtcp_malformed";
    case Drop::RtcpForeignSsrc:
      return "rtcp_foreign_ssrc";
    case Drop::NotPermitted:
      return "not_permitted";
    case Drop::LayerNotWanted:
      return "layer_not_wanted";
    case Drop::WaitingForKeyFrame:
      return "waiting_for_key_frame";
    case Drop::CodecMalformed:
      return "codec_malformed";
    case Drop::CodecNotOffered:
      return "codec_not_offered";
    case Drop::NackTooOld:
      return "nack_too_old";
    case Drop::NackTooSoon:
      return "nack_too_soon";
    case Drop::RtxOverBudget:
      return "rtx_over_budget";
    case Drop::KeyFrameThrottled:
      return "key_frame_throttled";
    case Drop::TapOverflow:
      return "tap_overflow";
    case Drop::RelayOverflow:
      return "relay_overflow";
    case Drop::SendWouldBlock:
      return "send_would_block";
    case Drop::SendFailed:
      return "send_failed";
    case Drop::TcpBacklog:
      return "tcp_backlog";
    case Drop::TcpFraming:
      return "tcp_framing";
    case Drop::TcpLimit:
      return "tcp_limit";
    case Drop::HandshakeQueue:
      return "handshake_queue";
    case Drop::SessionLimit:
      return "session_limit";
    case Drop::Count:
      break;
  }
  return "unknown";
}

}  // namespace media

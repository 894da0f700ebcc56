// Every datagram or packet that goes no further has a reason, counted per worker and shown in
// /metrics. Nothing is logged per packet.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace media {

enum class Drop : uint8_t {
  UnknownAddress,  // not STUN, and no session has this 5-tuple
  UnknownUfrag,    // STUN for no session of ours
  StunMalformed,
  StunIntegrity,    // wrong MESSAGE-INTEGRITY or FINGERPRINT
  StunUnsupported,  // not a Binding request or response we wait for
  DtlsUnexpected,   // DTLS from a tuple that no authenticated check selected, or after the end
  DtlsFailed,       // handshake error or fingerprint mismatch
  DtlsTooLarge,     // over the reassembly limit
  SrtpNotReady,     // media before the handshake ended
  SrtpAuth,
  SrtpReplay,
  SrtpMalformed,
  RtpMalformed,
  RtpUnknownSsrc,
  RtpUnknownPayloadType,
  RtpTooManySsrcs,
  RtpSsrcFlood,  // a peer names new streams faster than any honest one
  RtpDuplicate,
  RtpTooOld,
  RtpOverRate,  // publisher over its allowance
  RtcpMalformed,
  RtcpForeignSsrc,
  NotPermitted,  // muted or may not speak: never forwarded
  LayerNotWanted,
  WaitingForKeyFrame,
  CodecMalformed,   // payload descriptor that does not parse
  CodecNotOffered,  // the receiver cannot decode the codec of what its slot shows
  NackTooOld,       // asked for a packet that history no longer holds
  NackTooSoon,      // asked again within the minimum interval
  RtxOverBudget,
  KeyFrameThrottled,
  TapOverflow,     // recorder too slow: its ring is full
  RelayOverflow,   // another worker of the room is too slow: the ring to it is full
  SendWouldBlock,  // socket buffer full
  SendFailed,
  TcpBacklog,  // a TCP peer reads too slowly: what waits for it is at its limit
  TcpFraming,  // a length prefix that no peer of ours sends (RFC 4571); the connection is closed
  TcpLimit,    // too many TCP connections
  HandshakeQueue,  // too many DTLS datagrams wait for their turn
  SessionLimit,
  Count
};

inline constexpr size_t kDropCount = static_cast<size_t>(Drop::Count);

// The reason as used in the metric label, for example "srtp_replay".
const char* drop_name(Drop reason);

// Owned by one worker; read by others as a copied snapshot.
struct DropCounters {
  std::array<uint64_t, kDropCount> counts{};
  void add(Drop reason, uint64_t n = 1) { counts[static_cast<size_t>(reason)] += n; }
  [[nodiscard]] uint64_t of(Drop reason) const { return counts[static_cast<size_t>(reason)]; }
};

}  // namespace media

// Retransmission payloads (RFC 4588): the original sequence number in front of the original
// payload, on an SSRC and payload type of their own.
#pragma once

#include <cstdint>

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/base/rng.h"
#include "media/base/time.h"
#include "media/send/departure.h"

namespace media::send {

struct RtxPayload {
  uint16_t original_sequence = 0;
  ByteSpan payload;  // inside the given bytes; empty when the packet was pure padding
};
// Errors: Truncated without an original sequence number.
Result<RtxPayload> parse_rtx(ByteSpan payload);

// The retransmission stream towards one receiver, with its own numbering and its own allowance.
// Owner: sfu::EgressSlot. Thread: the owner's.
class RtxStream {
 public:
  RtxStream(Ssrc ssrc, Rng& rng);

  // Media bytes that left earn allowance: retransmissions may be a fifth of them, with a burst for
  // a lost frame.
  void on_media_sent(size_t bytes);
  // The departure that repeats `original`; false when the allowance is spent.
  bool wrap(const Departure& original, size_t size, uint8_t payload_type, Departure& out);

  static constexpr int64_t kShareDivisor = 5;
  static constexpr int64_t kBurstBytes = 60'000;

 private:
  Ssrc ssrc_;
  int64_t sequence_;
  int64_t allowance_ = kBurstBytes;
};

}  // namespace media::send

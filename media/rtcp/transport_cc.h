// Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01
// section 3.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/ids.h"
#include "media/base/result.h"
#include "media/base/time.h"

namespace media::rtcp {

// Most packets that one message may report on. A sender at 40 Mbit/s makes 400 in a 100-ms
// interval; run-length chunks would let 30 bytes claim 65535 and cost us the work.
inline constexpr size_t kMaxStatuses = 4096;
// Arrival times are in steps of 250 µs, the reference time in steps of 64 ms (24 bits, wraps
// after 12.4 days).
inline constexpr Duration kDeltaTick = Duration::micros(250);
inline constexpr Duration kReferenceTick = Duration::millis(64);
inline constexpr uint32_t kReferenceTicks = 1U << 24;

struct TransportFeedback {
  Ssrc sender;
  Ssrc media;
  uint16_t base_sequence = 0;
  uint16_t status_count = 0;
  uint32_t reference_time = 0;  // in kReferenceTick, 24 bits, on the receiver's clock
  uint8_t feedback_count = 0;   // numbers the messages, wraps
};

struct PacketStatus {
  uint16_t sequence = 0;
  bool received = false;
  Duration arrival;  // since the message's reference time; meaningless when not received
  bool operator==(const PacketStatus&) const = default;
};

// `block` is one RTCP block (type 205, format 15) with its header, padding removed, as
// CompoundReader gives it. `statuses` is replaced by one entry per packet from base_sequence on; it
// keeps its memory between calls. Errors: Truncated, Malformed (reserved symbol, no packets),
// TooLarge (over kMaxStatuses); `statuses` is then empty.
Result<TransportFeedback> parse_transport_feedback(ByteSpan block,
                                                   std::vector<PacketStatus>& statuses);

struct Arrival {
  int64_t sequence = 0;  // unwrapped transport-wide sequence number
  Instant at;
};

// Writes one message about the first arrivals of `arrivals`, which are strictly ascending by
// sequence and not empty; the gaps between them are reported lost, as is what lies between
// `first_sequence` and the first arrival
// (`first_sequence` not above it; equal to it for "nothing before"). Arrival times may be out of
// order. Returns how many arrivals it covers: fewer than given when a time difference or the number
// of packets does not fit into one message, or `out` is full; 0 when nothing fits.
size_t write_transport_feedback(ByteWriter& out, Ssrc sender, Ssrc media, uint8_t feedback_count,
                                int64_t first_sequence, std::span<const Arrival> arrivals);

}  // namespace media::rtcp

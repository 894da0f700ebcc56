// Walks the blocks of a compound (RFC 3550 section 6.1) or reduced-size (RFC 5506) RTCP packet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/rtcp/feedback.h"
#include "media/rtcp/reports.h"

namespace media::rtcp {

// Transport-wide feedback stays packed: give `block` to parse_transport_feedback with a vector of
// your own.
struct TransportCcBlock {
  ByteSpan block;
};

// Well framed, but not of a type that we use (APP, XR, SLI, ...).
struct UnknownBlock {
  uint8_t packet_type = 0;
  uint8_t format = 0;
};

using Block = std::variant<SenderReport, ReceiverReport, Sdes, Bye, Nack, Pli, Fir, Remb,
                           TransportCcBlock, UnknownBlock>;

// Borrows the packet. The first block need not be a report: reduced-size packets are accepted from
// everyone.
class CompoundReader {
 public:
  explicit CompoundReader(ByteSpan packet) : packet_(packet) {}

  // The next block; nullopt at the end and at the first malformed block, with which reading stops
  // for good.
  std::optional<Block> next();
  // True once a malformed block was met; the blocks before it were good.
  [[nodiscard]] bool malformed() const { return malformed_; }

 private:
  ByteSpan packet_;
  size_t position_ = 0;
  bool malformed_ = false;
};

}  // namespace media::rtcp

#include "media/send/rtx.h"

#include <algorithm>

namespace media::send {

Result<RtxPayload> parse_rtx(ByteSpan payload) {
  if (payload.size() < 2)
    return fail(Errc::Truncated, "RTX payload without original sequence number");
  return RtxPayload{load_be16(payload.data()), payload.subspan(2)};
}

RtxStream::RtxStream(Ssrc ssrc, Rng& rng)
    : ssrc_(ssrc), sequence_(static_cast<int64_t>(rng.below(32767))) {}

void RtxStream::on_media_sent(size_t bytes) {
  allowance_ = std::min(kBurstBytes, allowance_ + static_cast<int64_t>(bytes) / kShareDivisor);
}

bool RtxStream::wrap(const Departure& original, size_t size, uint8_t payload_type, Departure& out) {
  if (allowance_ < static_cast<int64_t>(size)) return false;
  allowance_ -= static_cast<int64_t>(size);
  out = original;
  out.is_rtx = true;
  out.original_sequence = static_cast<uint16_t>(original.rewritten.sequence);
  out.rewritten.sequence = ++sequence_;
  out.ssrc = ssrc_;
  out.payload_type = payload_type;
  return true;
}

}  // namespace media::send

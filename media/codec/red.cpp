#include "media/codec/red.h"

namespace media::codec {

namespace {
// RFC 2198 section 3.
constexpr uint8_t kMoreFollow = 0x80;
constexpr uint8_t kTypeMask = 0x7F;
constexpr uint32_t kLengthMask = 0x3FF;
constexpr size_t kEarlierHeader = 4;
}  // namespace

Result<RedPayload> parse_red(ByteSpan payload, uint8_t block_type) {
  ByteReader in(payload);
  size_t earlier = 0;
  size_t blocks = 0;
  uint8_t head = in.u8();
  while (in.ok() && (head & kMoreFollow) != 0) {
    if ((head & kTypeMask) != block_type)
      return fail(Errc::Malformed, "RED block of another payload type");
    if (++blocks > kMaxRedBlocks) return fail(Errc::TooLarge, "too many RED blocks");
    earlier += in.u24() & kLengthMask;
    head = in.u8();
  }
  if (!in.ok()) return fail(Errc::Truncated, "RED headers cut off");
  if ((head & kTypeMask) != block_type)
    return fail(Errc::Malformed, "RED block of another payload type");
  const size_t header_size = in.position();
  in.skip(earlier);
  if (!in.ok() || in.remaining() == 0) return fail(Errc::Truncated, "RED block cut off");
  return RedPayload{header_size, in.position()};
}

void rewrite_red(ByteSpan headers, uint8_t block_type, MutableByteSpan out) {
  DCHECK(out.size() >= headers.size());
  for (size_t at = 0; at < headers.size();) {
    const uint8_t flag = headers[at] & kMoreFollow;
    out[at] = static_cast<uint8_t>(flag | block_type);
    if (flag == 0) return;
    for (size_t i = 1; i < kEarlierHeader; ++i) out[at + i] = headers[at + i];
    at += kEarlierHeader;
  }
}

}  // namespace media::codec

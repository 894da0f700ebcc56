#include "media/codec/av1.h"

namespace media::codec {

namespace {

// AV1 RTP payload format, section 4.4.
constexpr uint8_t kContinues = 0x80;       // Z: the first element goes on from the last packet
constexpr uint8_t kCountMask = 0x30;       // W: number of elements, 0 when each has a length
constexpr uint8_t kStartsSequence = 0x08;  // N
constexpr unsigned kMaxLengthBytes = 4;    // leb128 of a length within one packet

size_t read_leb128(ByteReader& in) {
  size_t value = 0;
  for (unsigned i = 0; i < kMaxLengthBytes; ++i) {
    const uint8_t byte = in.u8();
    value |= size_t{byte & 0x7FU} << (7 * i);
    if ((byte & 0x80) == 0) return value;
  }
  in.skip(in.remaining() + 1);  // over any length that fits: fails the reader
  return 0;
}

}  // namespace

Result<FrameInfo> parse_av1(ByteSpan payload, bool marker) {
  ByteReader in(payload);
  const uint8_t head = in.u8();
  if (in.remaining() == 0) return fail(Errc::Truncated, "AV1 payload without an OBU");
  const bool continues = (head & kContinues) != 0;
  const bool starts_sequence = (head & kStartsSequence) != 0;
  if (continues && starts_sequence)
    return fail(Errc::Malformed, "AV1 sequence that starts within an OBU");
  const unsigned count = (head & kCountMask) >> 4U;
  // The last of a counted number of elements has no length and takes the rest.
  for (unsigned i = 1; count == 0 ? in.remaining() > 0 : i < count; ++i) in.skip(read_leb128(in));
  if (!in.ok() || (count != 0 && in.remaining() == 0))
    return fail(Errc::Truncated, "AV1 element cut off");
  FrameInfo info;
  info.is_key_frame = starts_sequence;
  info.starts_frame = !continues;
  info.ends_layer = info.ends_frame = marker;
  return info;
}

}  // namespace media::codec

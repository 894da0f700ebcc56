#include "media/codec/vp8.h"

namespace media::codec {

namespace {

// RFC 7741 section 4.2, figure 2.
constexpr uint8_t kExtended = 0x80;       // X
constexpr uint8_t kNonReference = 0x20;   // N
constexpr uint8_t kStart = 0x10;          // S
constexpr uint8_t kPartition = 0x07;      // PID: 3 bits
constexpr uint8_t kHasPictureId = 0x80;   // I
constexpr uint8_t kHasTl0 = 0x40;         // L
constexpr uint8_t kHasTid = 0x20;         // T
constexpr uint8_t kHasKeyidx = 0x10;      // K
constexpr uint8_t kLongPictureId = 0x80;  // M

constexpr size_t kKeyFrameHeader = 10;  // RFC 6386 section 9.1: frame tag, start code, dimensions

}  // namespace

Result<Vp8Descriptor> parse_vp8_descriptor(ByteSpan payload) {
  ByteReader in(payload);
  Vp8Descriptor d;
  const uint8_t first = in.u8();
  d.non_reference = (first & kNonReference) != 0;
  d.starts_partition = (first & kStart) != 0;
  d.partition = first & kPartition;
  const uint8_t flags = (first & kExtended) != 0 ? in.u8() : uint8_t{0};
  if ((flags & kHasPictureId) != 0) {
    const uint8_t high = in.u8();
    d.picture_id_bits = (high & kLongPictureId) != 0 ? 15 : 7;
    d.picture_id = high & 0x7f;
    if (d.picture_id_bits == 15)
      d.picture_id = static_cast<uint16_t>((d.picture_id << 8) | in.u8());
  }
  if ((flags & kHasTl0) != 0) d.tl0picidx = in.u8();
  if ((flags & (kHasTid | kHasKeyidx)) != 0) {
    const uint8_t layers = in.u8();
    if ((flags & kHasTid) != 0) {
      d.temporal_id = static_cast<uint8_t>(layers >> 6);
      d.layer_sync = (layers & 0x20) != 0;
    }
    if ((flags & kHasKeyidx) != 0) d.keyidx = static_cast<uint8_t>(layers & 0x1f);
  }
  if (!in.ok() || in.remaining() == 0)
    return fail(Errc::Truncated, "VP8 descriptor or payload cut off");
  d.size = in.position();
  return d;
}

Result<FrameInfo> parse_vp8(ByteSpan payload, bool marker) {
  const auto d = parse_vp8_descriptor(payload);
  if (!d) return tl::unexpected<Error>(d.error());
  FrameInfo info;
  info.starts_frame = d->starts_partition && d->partition == 0;
  info.ends_frame = marker;
  info.is_discardable = d->non_reference;
  info.temporal_id = d->temporal_id.value_or(0);
  info.layer_sync = d->layer_sync;
  info.picture_id_bits = d->picture_id_bits;
  info.picture_id = d->picture_id;
  info.tl0picidx = d->tl0picidx;
  info.keyidx = d->keyidx;

  const ByteSpan frame = payload.subspan(d->size);
  info.is_key_frame = info.starts_frame && (frame[0] & 1) == 0;  // P bit, inverse key frame flag
  if (info.is_key_frame) {
    if (frame.size() < kKeyFrameHeader)
      return fail(Errc::Truncated, "VP8 key frame header cut off");
    if (load_be24(frame.data() + 3) != 0x9d012a)
      return fail(Errc::Malformed, "VP8 key frame without start code");
    // Little-endian, 14 bits each; the two above are the upscaling hint.
    info.width = static_cast<uint16_t>((frame[6] | (frame[7] << 8)) & 0x3fff);
    info.height = static_cast<uint16_t>((frame[8] | (frame[9] << 8)) & 0x3fff);
  }
  return info;
}

Result<DescriptorRewrite> rewrite_vp8(ByteSpan payload, const PictureNumbers& numbers,
                                      MutableByteSpan out) {
  const auto d = parse_vp8_descriptor(payload);
  if (!d) return tl::unexpected<Error>(d.error());
  ByteWriter w(out);
  w.u8(payload[0]);
  if ((payload[0] & kExtended) != 0) w.u8(payload[1]);
  if (d->picture_id_bits != 0) w.u16(static_cast<uint16_t>(0x8000 | numbers.picture_id));
  if (d->tl0picidx) w.u8(numbers.tl0picidx);
  if (d->temporal_id || d->keyidx) {
    const uint8_t layers = payload[d->size - 1];
    w.u8(d->keyidx ? static_cast<uint8_t>((layers & 0xe0) | (numbers.keyidx & 0x1f)) : layers);
  }
  if (!w.ok()) return fail(Errc::TooLarge, "no room for the VP8 descriptor");
  return DescriptorRewrite{d->size, w.size()};
}

}  // namespace media::codec

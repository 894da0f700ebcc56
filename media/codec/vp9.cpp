#include "media/codec/vp9.h"

namespace media::codec {

namespace {

// RFC 9628 section 4.2.
constexpr uint8_t kHasPictureId = 0x80;       // I
constexpr uint8_t kInterPredicted = 0x40;     // P
constexpr uint8_t kHasLayers = 0x20;          // L
constexpr uint8_t kFlexible = 0x10;           // F
constexpr uint8_t kStart = 0x08;              // B
constexpr uint8_t kEnd = 0x04;                // E
constexpr uint8_t kHasStructure = 0x02;       // V
constexpr uint8_t kNotUpperReference = 0x01;  // Z
constexpr size_t kMaxReferences = 3;

// Scalability structure (figure 5): the sizes of the layers, then the picture group, which we only
// step over.
void read_structure(ByteReader& in, Vp9Descriptor& d) {
  const uint8_t head = in.u8();
  const size_t layers = (head >> 5U) + 1U;
  d.spatial_layers = static_cast<uint8_t>(layers);
  if ((head & 0x10) != 0) {  // Y: sizes present
    for (size_t i = 0; i < layers; ++i) {
      d.width = in.u16();
      d.height = in.u16();
    }
  }
  if ((head & 0x08) != 0) {  // G: picture group present
    const size_t pictures = in.u8();
    for (size_t i = 0; i < pictures && in.ok(); ++i) in.skip((in.u8() >> 2) & 3);
  }
}

}  // namespace

Result<Vp9Descriptor> parse_vp9_descriptor(ByteSpan payload) {
  ByteReader in(payload);
  Vp9Descriptor d;
  const uint8_t flags = in.u8();
  d.inter_predicted = (flags & kInterPredicted) != 0;
  d.flexible = (flags & kFlexible) != 0;
  d.starts_frame = (flags & kStart) != 0;
  d.ends_frame = (flags & kEnd) != 0;
  d.not_reference_for_upper = (flags & kNotUpperReference) != 0;
  d.has_layers = (flags & kHasLayers) != 0;
  if ((flags & kHasPictureId) != 0) {
    const uint8_t high = in.u8();
    d.picture_id_bits = (high & 0x80) != 0 ? 15 : 7;
    d.picture_id = high & 0x7f;
    if (d.picture_id_bits == 15)
      d.picture_id = static_cast<uint16_t>((d.picture_id << 8) | in.u8());
  }
  if (d.has_layers) {
    const uint8_t layers = in.u8();
    d.temporal_id = static_cast<uint8_t>(layers >> 5);
    d.switching_up = (layers & 0x10) != 0;
    d.spatial_id = static_cast<uint8_t>((layers >> 1) & 7);
    d.inter_layer = (layers & 1) != 0;
    if (!d.flexible) d.tl0picidx = in.u8();
  }
  d.rewritable = in.position();
  if (d.flexible && d.inter_predicted) {
    size_t references = 0;
    uint8_t reference = 0;
    do {
      reference = in.u8();
      ++references;
    } while (in.ok() && (reference & 1) != 0 && references <= kMaxReferences);
    if (references > kMaxReferences)
      return fail(Errc::Malformed, "VP9 frame with more than 3 references");
  }
  if ((flags & kHasStructure) != 0) read_structure(in, d);
  if (!in.ok() || in.remaining() == 0)
    return fail(Errc::Truncated, "VP9 descriptor or payload cut off");
  d.size = in.position();
  return d;
}

Result<FrameInfo> parse_vp9(ByteSpan payload, bool marker) {
  const auto d = parse_vp9_descriptor(payload);
  if (!d) return tl::unexpected<Error>(d.error());
  FrameInfo info;
  info.starts_frame = d->starts_frame;
  info.ends_frame = marker;
  // RFC 9628 section 4.2: P=0 on the base layer; upper layers of a key picture predict from it (D).
  info.is_key_frame = d->starts_frame && !d->inter_predicted && d->spatial_id == 0;
  info.temporal_id = d->temporal_id;
  info.spatial_id = d->spatial_id;
  info.layer_sync = d->switching_up;
  info.ends_layer = d->ends_frame;
  info.inter_predicted = d->inter_predicted;
  info.inter_layer = d->inter_layer;
  info.spatial_layers = d->spatial_layers;
  info.picture_id_bits = d->picture_id_bits;
  info.picture_id = d->picture_id;
  info.tl0picidx = d->tl0picidx;
  if (info.is_key_frame) {
    info.width = d->width;
    info.height = d->height;
  }
  return info;
}

Result<DescriptorRewrite> rewrite_vp9(ByteSpan payload, const PictureNumbers& numbers,
                                      MutableByteSpan out) {
  const auto d = parse_vp9_descriptor(payload);
  if (!d) return tl::unexpected<Error>(d.error());
  ByteWriter w(out);
  w.u8(payload[0]);
  if (d->picture_id_bits != 0) w.u16(static_cast<uint16_t>(0x8000 | numbers.picture_id));
  if (d->has_layers) {
    w.u8(payload[d->rewritable - (d->tl0picidx ? 2 : 1)]);
    if (d->tl0picidx) w.u8(numbers.tl0picidx);
  }
  if (!w.ok()) return fail(Errc::TooLarge, "no room for the VP9 descriptor");
  return DescriptorRewrite{d->rewritable, w.size()};
}

}  // namespace media::codec

#include "media/send/departure.h"

#include <algorithm>
#include <array>

#include "media/codec/vp8.h"
#include "media/codec/vp9.h"

namespace media::send {

namespace {

constexpr size_t kOriginalSequenceSize = 2;
constexpr size_t kMaxPrefix =
    kOriginalSequenceSize + std::max(codec::kMaxVp8Descriptor, codec::kMaxVp9Rewrite);

Result<codec::DescriptorRewrite> rewrite_descriptor(const SourceFacts& facts, ByteSpan payload,
                                                    const codec::PictureNumbers& numbers,
                                                    MutableByteSpan out) {
  if (payload.empty() || facts.frame.picture_id_bits == 0) return codec::DescriptorRewrite{};
  if (facts.codec == Codec::Vp8) return codec::rewrite_vp8(payload, numbers, out);
  if (facts.codec == Codec::Vp9) return codec::rewrite_vp9(payload, numbers, out);
  return codec::DescriptorRewrite{};
}

}  // namespace

rtp::Written write_departure(MutableByteSpan out, const Departure& departure,
                             const HopExtensions& hop, const rtp::ExtensionMap& map) {
  const auto& facts = departure.packet.facts<SourceFacts>();
  const ByteSpan payload =
      departure.packet.bytes().subspan(facts.payload_offset, facts.payload_size);

  std::array<uint8_t, kMaxPrefix> prefix{};
  size_t prefix_size = 0;
  if (departure.is_rtx) {
    store_be16(prefix.data(), departure.original_sequence);
    prefix_size = kOriginalSequenceSize;
  }
  const auto descriptor = rewrite_descriptor(facts, payload, departure.rewritten.numbers,
                                             MutableByteSpan(prefix).subspan(prefix_size));
  if (!descriptor) return {};
  prefix_size += descriptor->written;

  rtp::Extensions extensions = facts.extensions;
  extensions.mid = hop.mid;
  extensions.abs_send_time = hop.abs_send_time;
  extensions.transport_cc = hop.transport_cc;

  const rtp::Header header{.payload_type = departure.payload_type,
                           .marker = facts.marker,
                           .sequence = static_cast<uint16_t>(departure.rewritten.sequence),
                           .timestamp = static_cast<uint32_t>(departure.rewritten.timestamp),
                           .ssrc = departure.ssrc};
  rtp::Written written =
      rtp::write_packet(out, header, extensions, map, ByteSpan(prefix).first(prefix_size),
                        payload.subspan(descriptor->consumed));
  const size_t padding = departure.is_rtx ? 0 : facts.added_padding;
  if (written.size != 0 && padding != 0 && written.size + padding <= out.size()) {
    // RFC 3550 section 5.1: zeros, and the count in the last byte.
    std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(written.size), padding, uint8_t{0});
    written.size += padding;
    out[written.size - 1] = facts.added_padding;
    out[0] |= 0x20;
  }
  return written;
}

}  // namespace media::send

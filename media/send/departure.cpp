#include "media/send/departure.h"

#include <algorithm>
#include <array>

#include "media/codec/red.h"
#include "media/codec/vp8.h"
#include "media/codec/vp9.h"

namespace media::send {

namespace {

constexpr size_t kOriginalSequenceSize = 2;
constexpr size_t kMaxPrefix =
    kOriginalSequenceSize +
    std::max({codec::kMaxVp8Descriptor, codec::kMaxVp9Rewrite, codec::kMaxRedHeaders});

Result<codec::DescriptorRewrite> rewrite_descriptor(const SourceFacts& facts, ByteSpan payload,
                                                    const Departure& departure,
                                                    MutableByteSpan out) {
  if (facts.red_primary != 0) {
    if (departure.red_block_type == 0) return codec::DescriptorRewrite{facts.red_primary, 0};
    codec::rewrite_red(payload.first(facts.red_headers), departure.red_block_type, out);
    return codec::DescriptorRewrite{facts.red_headers, facts.red_headers};
  }
  const codec::PictureNumbers& numbers = departure.rewritten.numbers;
  if (payload.empty() || facts.frame.picture_id_bits == 0) return codec::DescriptorRewrite{};
  if (facts.codec == Codec::Vp8) return codec::rewrite_vp8(payload, numbers, out);
  if (facts.codec == Codec::Vp9) return codec::rewrite_vp9(payload, numbers, out);
  return codec::DescriptorRewrite{};
}

rtp::Written write_blank(MutableByteSpan out, const Departure& departure, const HopExtensions& hop,
                         const rtp::ExtensionMap& map) {
  rtp::Extensions extensions;
  extensions.mid = hop.mid;
  extensions.abs_send_time = hop.abs_send_time;
  extensions.transport_cc = hop.transport_cc;
  const rtp::Header header{.payload_type = departure.payload_type,
                           .sequence = static_cast<uint16_t>(departure.rewritten.sequence),
                           .timestamp = static_cast<uint32_t>(departure.rewritten.timestamp),
                           .ssrc = departure.ssrc};
  return rtp::write_padding(out, header, extensions, map, 1);
}

}  // namespace

rtp::Written write_departure(MutableByteSpan out, const Departure& departure,
                             const HopExtensions& hop, const rtp::ExtensionMap& map) {
  const auto& facts = departure.packet.facts<SourceFacts>();
  if (departure.is_blank) return write_blank(out, departure, hop, map);
  const ByteSpan payload =
      departure.packet.bytes().subspan(facts.payload_offset, facts.payload_size);

  std::array<uint8_t, kMaxPrefix> prefix{};
  size_t prefix_size = 0;
  if (departure.is_rtx) {
    store_be16(prefix.data(), departure.original_sequence);
    prefix_size = kOriginalSequenceSize;
  }
  const auto descriptor =
      rewrite_descriptor(facts, payload, departure, MutableByteSpan(prefix).subspan(prefix_size));
  if (!descriptor) return {};
  prefix_size += descriptor->written;

  rtp::Extensions extensions = facts.extensions;
  extensions.mid = hop.mid;
  extensions.rid = hop.rid;
  extensions.abs_send_time = hop.abs_send_time;
  extensions.transport_cc = hop.transport_cc;

  const rtp::Header header{.payload_type = departure.payload_type,
                           .marker = departure.rewritten.marker,
                           .sequence = static_cast<uint16_t>(departure.rewritten.sequence),
                           .timestamp = static_cast<uint32_t>(departure.rewritten.timestamp),
                           .ssrc = departure.ssrc};
  std::array<uint8_t, UINT8_MAX> dependencies;
  if (map.dependency_descriptor != 0 && facts.descriptor_size != 0) {
    const ByteSpan source =
        departure.packet.bytes().subspan(facts.descriptor_offset, facts.descriptor_size);
    std::copy(source.begin(), source.end(), dependencies.begin());
    const MutableByteSpan copy = MutableByteSpan(dependencies).first(source.size());
    codec::set_frame_number(copy, departure.rewritten.numbers.picture_id);
    extensions.dependency_descriptor = copy;
  }
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

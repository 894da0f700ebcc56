#include "media/rtp/packet_writer.h"

#include <array>
#include <cstring>

namespace media::rtp {

namespace {

constexpr uint16_t kOneByteProfile = 0xBEDE;
constexpr uint16_t kTwoByteProfile = 0x1000;
constexpr uint8_t kMaxOneByteId = 14;  // RFC 8285 section 4.2
constexpr size_t kMaxOneByteSize = 16;
constexpr size_t kExtensionHeadSize = 4;

// The forms of RFC 8285 differ only in the element's head, so it is a template argument and costs
// nothing.
struct OneByteForm {
  static constexpr uint16_t kProfile = kOneByteProfile;
  static uint8_t* head(uint8_t* p, uint8_t id, size_t size) {
    *p = static_cast<uint8_t>((size_t{id} << 4) | (size - 1));
    return p + 1;
  }
};
struct TwoByteForm {
  static constexpr uint16_t kProfile = kTwoByteProfile;
  static uint8_t* head(uint8_t* p, uint8_t id, size_t size) {
    p[0] = id;
    p[1] = static_cast<uint8_t>(size);
    return p + 2;
  }
};

template <class Form>
uint8_t* write_name(uint8_t* p, uint8_t id, std::string_view name) {
  if (id == 0 || name.empty() || name.size() > kMaxStreamName) return p;
  p = Form::head(p, id, name.size());
  std::memcpy(p, name.data(), name.size());
  return p + name.size();
}

template <class Form>
uint8_t* write_capture_time(uint8_t* p, uint8_t id, const AbsCaptureTime& time) {
  p = Form::head(p, id, time.clock_offset ? 16 : 8);
  store_be64(p, time.ntp);
  p += 8;
  if (!time.clock_offset) return p;
  store_be64(p, static_cast<uint64_t>(*time.clock_offset));
  return p + 8;
}

template <class Form>
uint8_t* write_elements(uint8_t* p, const Extensions& ext, const ExtensionMap& map) {
  if (map.transport_cc != 0 && ext.transport_cc) {
    p = Form::head(p, map.transport_cc, 2);
    store_be16(p, *ext.transport_cc);
    p += 2;
  }
  if (map.abs_send_time != 0 && ext.abs_send_time) {
    p = Form::head(p, map.abs_send_time, 3);
    store_be24(p, *ext.abs_send_time);
    p += 3;
  }
  if (map.audio_level != 0 && ext.audio_level) {
    p = Form::head(p, map.audio_level, 1);
    *p++ =
        static_cast<uint8_t>((ext.audio_level->voice ? 0x80 : 0) | (ext.audio_level->dbov & 0x7f));
  }
  p = write_name<Form>(p, map.mid, ext.mid);
  p = write_name<Form>(p, map.rid, ext.rid);
  p = write_name<Form>(p, map.repaired_rid, ext.repaired_rid);
  if (map.video_orientation != 0 && ext.video_orientation) {
    const VideoOrientation& o = *ext.video_orientation;
    p = Form::head(p, map.video_orientation, 1);
    *p++ = static_cast<uint8_t>((o.back_camera ? 8 : 0) | (o.flip ? 4 : 0) |
                                ((o.clockwise_degrees / 90) & 3));
  }
  if (map.abs_capture_time != 0 && ext.abs_capture_time) {
    p = write_capture_time<Form>(p, map.abs_capture_time, *ext.abs_capture_time);
  }
  if (map.playout_delay != 0 && ext.playout_delay) {
    p = Form::head(p, map.playout_delay, 3);
    store_be24(p, ((ext.playout_delay->min & 0xfffU) << 12) | (ext.playout_delay->max & 0xfffU));
    p += 3;
  }
  if (map.dependency_descriptor != 0 && !ext.dependency_descriptor.empty()) {
    const ByteSpan descriptor = ext.dependency_descriptor;
    p = Form::head(p, map.dependency_descriptor, descriptor.size());
    std::memcpy(p, descriptor.data(), descriptor.size());
    p += descriptor.size();
  }
  return p;
}

// `p` points behind the fixed header. Returns the end; `p` itself when there is nothing to write.
template <class Form>
uint8_t* write_extension_block(uint8_t* p, const Extensions& ext, const ExtensionMap& map) {
  uint8_t* const elements = p + kExtensionHeadSize;
  uint8_t* end = write_elements<Form>(elements, ext, map);
  if (end == elements) return p;
  while (((end - elements) & 3) != 0) *end++ = 0;
  store_be16(p, Form::kProfile);
  store_be16(p + 2, static_cast<uint16_t>((end - elements) / 4));
  return end;
}

bool needs_two_byte_form(const Extensions& ext, const ExtensionMap& map) {
  if (map.dependency_descriptor != 0 && !ext.dependency_descriptor.empty() &&
      (map.dependency_descriptor > kMaxOneByteId ||
       ext.dependency_descriptor.size() > kMaxOneByteSize)) {
    return true;
  }
  return map.audio_level > kMaxOneByteId || map.abs_send_time > kMaxOneByteId ||
         map.transport_cc > kMaxOneByteId || map.mid > kMaxOneByteId || map.rid > kMaxOneByteId ||
         map.repaired_rid > kMaxOneByteId || map.video_orientation > kMaxOneByteId ||
         map.abs_capture_time > kMaxOneByteId || map.playout_delay > kMaxOneByteId;
}

// `out` has kMaxHeaderSize bytes, with a dependency descriptor kMaxHeaderWithDescriptor.
size_t write_unchecked(uint8_t* out, const Header& header, const Extensions& ext,
                       const ExtensionMap& map) {
  out[1] = static_cast<uint8_t>((header.marker ? 0x80 : 0) | (header.payload_type & 0x7f));
  store_be16(out + 2, header.sequence);
  store_be32(out + 4, header.timestamp);
  store_be32(out + 8, header.ssrc.value);
  uint8_t* const body = out + kFixedHeaderSize;
  uint8_t* const end = needs_two_byte_form(ext, map)
                           ? write_extension_block<TwoByteForm>(body, ext, map)
                           : write_extension_block<OneByteForm>(body, ext, map);
  out[0] = end == body ? 0x80 : 0x90;  // version 2, X
  return static_cast<size_t>(end - out);
}

}  // namespace

size_t write_header(MutableByteSpan out, const Header& header, const Extensions& extensions,
                    const ExtensionMap& map) {
  DCHECK(extensions.dependency_descriptor.size() <= 255);
  const size_t most =
      extensions.dependency_descriptor.empty() ? kMaxHeaderSize : kMaxHeaderWithDescriptor;
  if (out.size() >= most) return write_unchecked(out.data(), header, extensions, map);
  std::array<uint8_t, kMaxHeaderWithDescriptor> aside;
  const size_t size = write_unchecked(aside.data(), header, extensions, map);
  if (size > out.size()) return 0;
  std::memcpy(out.data(), aside.data(), size);
  return size;
}

Written write_packet(MutableByteSpan out, const Header& header, const Extensions& extensions,
                     const ExtensionMap& map, ByteSpan prefix, ByteSpan payload) {
  const size_t header_size = write_header(out, header, extensions, map);
  if (header_size == 0 || prefix.size() > out.size() - header_size ||
      payload.size() > out.size() - header_size - prefix.size()) {
    return {};
  }
  uint8_t* p = out.data() + header_size;
  if (!prefix.empty()) std::memcpy(p, prefix.data(), prefix.size());
  p += prefix.size();
  if (!payload.empty()) std::memcpy(p, payload.data(), payload.size());
  return {header_size, header_size + prefix.size() + payload.size()};
}

Written write_padding(MutableByteSpan out, const Header& header, const Extensions& extensions,
                      const ExtensionMap& map, uint8_t padding) {
  DCHECK(padding != 0);
  const size_t header_size = write_header(out, header, extensions, map);
  if (header_size == 0 || padding > out.size() - header_size) return {};
  out[0] |= 0x20;
  std::memset(out.data() + header_size, 0, padding - size_t{1});
  out[header_size + padding - 1] = padding;
  return {header_size, header_size + padding};
}

}  // namespace media::rtp

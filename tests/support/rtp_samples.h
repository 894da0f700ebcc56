// RTP packets with real payload descriptors for tests: VP8 frames cut into packets, Opus frames,
// each stamped so that a receiver can tell what it got.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/ids.h"
#include "media/rtp/extensions.h"
#include "media/rtp/packet_writer.h"

namespace tests {

using Bytes = std::vector<uint8_t>;

struct RtpSample {
  uint8_t payload_type = 96;
  bool marker = false;
  uint16_t sequence = 1;
  uint32_t timestamp = 0;
  media::Ssrc ssrc{0x1234};
  media::rtp::Extensions extensions;
  Bytes payload;
};

inline Bytes build(const RtpSample& sample, const media::rtp::ExtensionMap& map = {}) {
  Bytes out(1500);
  const auto written = media::rtp::write_packet(
      out, {sample.payload_type, sample.marker, sample.sequence, sample.timestamp, sample.ssrc},
      sample.extensions, map, {}, sample.payload);
  out.resize(written.size);
  return out;
}

struct Vp8Sample {
  bool starts_frame = true;
  bool key = false;
  uint16_t picture_id = 0;
  bool short_picture_id = false;  // 7 bits
  uint8_t tl0picidx = 0;
  uint8_t keyidx = 0;
  size_t size = 1000;  // of the whole payload
  uint32_t stamp = 0;  // last four bytes
};

// RFC 7741 section 4.2 with picture id, TL0PICIDX and KEYIDX, then the start of a frame (RFC 6386
// section 9.1).
inline Bytes vp8_payload(const Vp8Sample& s) {
  Bytes p;
  p.push_back(static_cast<uint8_t>(0x80 | (s.starts_frame ? 0x10 : 0)));  // X, S, partition 0
  p.push_back(0x80 | 0x40 | 0x10);                                        // I, L, K
  if (s.short_picture_id) {
    p.push_back(static_cast<uint8_t>(s.picture_id & 0x7F));
  } else {
    p.push_back(static_cast<uint8_t>(0x80 | (s.picture_id >> 8)));
    p.push_back(static_cast<uint8_t>(s.picture_id));
  }
  p.push_back(s.tl0picidx);
  p.push_back(static_cast<uint8_t>(s.keyidx & 0x1F));
  if (s.starts_frame) {
    p.push_back(s.key ? 0x10 : 0x11);  // show_frame, key when bit 0 is clear
    p.insert(p.end(), {0x00, 0x00});
    if (s.key) p.insert(p.end(), {0x9D, 0x01, 0x2A, 0x40, 0x01, 0xB4, 0x00});  // 320x180
  }
  if (p.size() + 4 < s.size) p.resize(s.size - 4, 0xAB);
  for (int shift = 24; shift >= 0; shift -= 8) p.push_back(static_cast<uint8_t>(s.stamp >> shift));
  return p;
}

inline Bytes opus_payload(uint32_t stamp) {
  Bytes p{0x78};  // CELT, 20 ms, mono, one frame
  p.resize(76, 0x5A);
  for (int shift = 24; shift >= 0; shift -= 8) p.push_back(static_cast<uint8_t>(stamp >> shift));
  return p;
}

inline uint32_t stamp_of(media::ByteSpan payload) {
  return payload.size() < 4 ? 0 : media::load_be32(payload.data() + payload.size() - 4);
}

}  // namespace tests

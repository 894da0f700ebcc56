#include "media/rtp/extensions.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace media::rtp {

namespace {

constexpr uint16_t kOneByteProfile = 0xBEDE;  // RFC 8285 section 4.2
constexpr uint16_t kTwoByteProfile = 0x1000;  // section 4.3; the low four bits are "appbits"
constexpr uint16_t kTwoByteProfileMask = 0xfff0;
constexpr uint8_t kPaddingId = 0;
constexpr uint8_t kStopId = 15;  // reserved in the one-byte form: stop processing

std::string_view stream_name(ByteSpan value) {
  if (value.size() > kMaxStreamName) return {};
  return {reinterpret_cast<const char*>(value.data()), value.size()};
}

void read_orientation(ByteSpan value, Extensions& out) {
  constexpr std::array<uint16_t, 4> kDegrees = {0, 90, 180, 270};
  if (value.size() != 1) return;
  out.video_orientation =
      VideoOrientation{kDegrees[value[0] & 3], (value[0] & 4) != 0, (value[0] & 8) != 0};
}

void read_capture_time(ByteSpan value, Extensions& out) {
  if (value.size() != 8 && value.size() != 16) return;
  AbsCaptureTime time;
  time.ntp = load_be64(value.data());
  if (value.size() == 16) time.clock_offset = static_cast<int64_t>(load_be64(value.data() + 8));
  out.abs_capture_time = time;
}

void read_element(uint8_t id, ByteSpan value, const ExtensionMap& map, Extensions& out) {
  if (id == map.transport_cc) {
    if (value.size() == 2) out.transport_cc = load_be16(value.data());
  } else if (id == map.abs_send_time) {
    if (value.size() == 3) out.abs_send_time = load_be24(value.data());
  } else if (id == map.audio_level) {
    if (value.size() == 1) {
      out.audio_level = AudioLevel{static_cast<uint8_t>(value[0] & 0x7f), (value[0] & 0x80) != 0};
    }
  } else if (id == map.mid) {
    out.mid = stream_name(value);
  } else if (id == map.rid) {
    out.rid = stream_name(value);
  } else if (id == map.repaired_rid) {
    out.repaired_rid = stream_name(value);
  } else if (id == map.video_orientation) {
    read_orientation(value, out);
  } else if (id == map.abs_capture_time) {
    read_capture_time(value, out);
  } else if (id == map.playout_delay) {
    if (value.size() == 3) {
      const uint32_t both = load_be24(value.data());
      out.playout_delay =
          PlayoutDelay{static_cast<uint16_t>(both >> 12), static_cast<uint16_t>(both & 0xfff)};
    }
  } else if (id == map.dependency_descriptor) {
    out.dependency_descriptor = value;
  }
}

}  // namespace

Extensions parse_extensions(const PacketView& packet, const ExtensionMap& map) {
  Extensions out;
  const uint16_t profile = packet.extension_profile();
  const bool one_byte = profile == kOneByteProfile;
  if (!one_byte && (profile & kTwoByteProfileMask) != kTwoByteProfile) return out;

  const ByteSpan data = packet.extension();
  size_t at = 0;
  while (at < data.size()) {
    const uint8_t head = data[at++];
    if (head == kPaddingId) continue;  // in both forms one zero byte
    uint8_t id = head;
    size_t size = 0;
    if (one_byte) {
      id = head >> 4;
      if (id == kStopId) break;
      size = size_t{head & 0x0fU} + 1;
    } else {
      if (at == data.size()) break;
      size = data[at++];
    }
    if (size > data.size() - at) break;
    // RFC 8285 section 4.2: an element with identifier 0 but a length is skipped as any unknown
    // one.
    if (id != kPaddingId) read_element(id, data.subspan(at, size), map, out);
    at += size;
  }
  return out;
}

Extensions forwardable(const Extensions& in) {
  Extensions out;
  out.audio_level = in.audio_level;
  out.video_orientation = in.video_orientation;
  out.abs_capture_time = in.abs_capture_time;
  out.playout_delay = in.playout_delay;
  return out;
}

bool Extensions::operator==(const Extensions& other) const {
  const auto small = [](const Extensions& e) {
    return std::tie(e.audio_level, e.abs_send_time, e.transport_cc, e.mid, e.rid, e.repaired_rid,
                    e.video_orientation, e.abs_capture_time, e.playout_delay);
  };
  const ByteSpan a = dependency_descriptor;
  const ByteSpan b = other.dependency_descriptor;
  return small(*this) == small(other) && std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace media::rtp

// The header extensions we understand (RFC 8285), read once per packet into one struct.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "media/base/time.h"
#include "media/rtp/extension_map.h"
#include "media/rtp/packet_view.h"

namespace media::rtp {

// Longest mid or rid that we read or write: what the one-byte form of RFC 8285 can carry.
inline constexpr size_t kMaxStreamName = 16;

struct AudioLevel {    // RFC 6464
  uint8_t dbov = 127;  // 0 loudest, 127 silence
  bool voice = false;
  bool operator==(const AudioLevel&) const = default;
};

struct VideoOrientation {          // 3GPP TS 26.114 section 7.4.5
  uint16_t clockwise_degrees = 0;  // 0, 90, 180, 270: how the receiver turns the picture
  bool flip = false;
  bool back_camera = false;
  bool operator==(const VideoOrientation&) const = default;
};

struct AbsCaptureTime {
  uint64_t ntp = 0;  // capture instant on the sender's clock, UQ32.32 seconds since 1900
  std::optional<int64_t> clock_offset;  // capturer minus sender, Q32.32 seconds
  bool operator==(const AbsCaptureTime&) const = default;
};

struct PlayoutDelay {  // in units of 10 ms, 12 bits each
  uint16_t min = 0;
  uint16_t max = 0;
  bool operator==(const PlayoutDelay&) const = default;
};

struct Extensions {
  std::optional<AudioLevel> audio_level;
  std::optional<uint32_t> abs_send_time;  // 24 bits, UQ6.18 seconds
  std::optional<uint16_t> transport_cc;   // transport-wide sequence number
  // Empty means absent. Borrowed from the packet when parsed.
  std::string_view mid;
  std::string_view rid;
  std::string_view repaired_rid;
  std::optional<VideoOrientation> video_orientation;
  std::optional<AbsCaptureTime> abs_capture_time;
  std::optional<PlayoutDelay> playout_delay;
  // As sent, empty when absent (codec/dependency_descriptor.h reads it). Borrowed.
  ByteSpan dependency_descriptor;

  bool operator==(const Extensions& other) const;
};

// Reads the one-byte and the two-byte form. Total: an element with a length that its type forbids
// is left out, an element that runs past the end stops the reading, what came before it is kept.
// When an identifier comes twice, the last wins.
Extensions parse_extensions(const PacketView& packet, const ExtensionMap& map);

// The part that describes the media and survives forwarding; hop-by-hop facts (abs-send-time,
// transport-cc, mid, rid, repaired rid) belong to the connection on which they came. Nothing of the
// result is borrowed: the dependency descriptor stays with its packet.
Extensions forwardable(const Extensions& in);

// `at` as the 24-bit abs-send-time: UQ6.18 seconds, wraps every 64 s.
constexpr uint32_t abs_send_time_of(Instant at) {
  const auto us = static_cast<uint64_t>(at.as_micros());
  // Only the position within 64 s counts; taking it first keeps the product below 2^44.
  return static_cast<uint32_t>(((us % 64'000'000) << 18) / 1'000'000) & 0xffffff;
}

}  // namespace media::rtp

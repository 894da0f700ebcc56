#include "media/codec/opus.h"

#include <array>

namespace media::codec {

namespace {
constexpr Duration kMaxPacketDuration = Duration::millis(120);  // RFC 6716 section 3.2.5, [R5]

// RFC 6716 table 2: the mode and frame duration of each TOC configuration.
OpusMode mode_of(uint8_t config) {
  return config < 12 ? OpusMode::Silk : config < 16 ? OpusMode::Hybrid : OpusMode::Celt;
}
Duration frame_duration_of(uint8_t config) {
  constexpr std::array<int64_t, 4> kSilk = {10'000, 20'000, 40'000, 60'000};
  constexpr std::array<int64_t, 2> kHybrid = {10'000, 20'000};
  constexpr std::array<int64_t, 4> kCelt = {2'500, 5'000, 10'000, 20'000};
  if (config < 12) return Duration::micros(kSilk[config % 4]);
  if (config < 16) return Duration::micros(kHybrid[config % 2]);
  return Duration::micros(kCelt[config % 4]);
}
}  // namespace

Result<OpusPacket> parse_opus(ByteSpan payload) {
  if (payload.empty()) return fail(Errc::Truncated, "empty Opus packet");
  const uint8_t toc = payload[0];
  const auto config = static_cast<uint8_t>(toc >> 3);
  OpusPacket out;
  out.mode = mode_of(config);
  out.frame_duration = frame_duration_of(config);
  out.channels = (toc & 4) != 0 ? 2 : 1;
  switch (toc & 3) {
    case 0:
      out.frames = 1;
      break;
    case 1:
    case 2:
      out.frames = 2;
      break;
    default:
      if (payload.size() < 2) return fail(Errc::Truncated, "Opus packet without its frame count");
      out.frames = payload[1] & 0x3f;
      break;
  }
  if (out.frames == 0 || out.duration() > kMaxPacketDuration) {
    return fail(Errc::Malformed, "Opus packet of impossible duration");
  }
  return out;
}

}  // namespace media::codec

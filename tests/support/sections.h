// Sections as a negotiation would fill them in.
#pragma once

#include <string>

#include "media/base/model.h"
#include "media/rtp/extension_map.h"

namespace tests {

inline constexpr uint8_t kVp8Type = 96;
inline constexpr uint8_t kVp8RtxType = 97;
inline constexpr uint8_t kOpusType = 111;

inline media::rtp::ExtensionMap usual_extensions() {
  media::rtp::ExtensionMap map;
  map.audio_level = 1;
  map.abs_send_time = 2;
  map.transport_cc = 3;
  map.mid = 4;
  map.rid = 10;
  map.repaired_rid = 11;
  return map;
}

inline media::CodecParams vp8_codec(uint8_t type = kVp8Type, uint8_t rtx_type = kVp8RtxType) {
  media::CodecParams c;
  c.codec = media::Codec::Vp8;
  c.payload_type = type;
  c.rtx_payload_type = rtx_type;
  c.clock_rate = 90000;
  c.nack = c.pli = c.fir = c.transport_cc = true;
  return c;
}

inline media::CodecParams opus_codec(uint8_t type = kOpusType) {
  media::CodecParams c;
  c.codec = media::Codec::Opus;
  c.payload_type = type;
  c.clock_rate = 48000;
  c.channels = 2;
  return c;
}

inline media::PublishedSection camera(uint32_t track, const std::string& mid, bool simulcast) {
  media::PublishedSection s;
  s.track = media::TrackId(track);
  s.mid = mid;
  s.kind = media::MediaKind::Video;
  s.source = media::Source::Camera;
  s.codecs = {vp8_codec()};
  if (simulcast) s.rids = {"q", "h", "f"};
  return s;
}

inline media::PublishedSection microphone(uint32_t track, const std::string& mid) {
  media::PublishedSection s;
  s.track = media::TrackId(track);
  s.mid = mid;
  s.kind = media::MediaKind::Audio;
  s.source = media::Source::Microphone;
  s.codecs = {opus_codec()};
  return s;
}

// Payload types differ from the publishers', as they do between browsers.
inline media::ReceiveSection video_slot(uint32_t slot, const std::string& mid, uint32_t ssrc) {
  media::ReceiveSection s;
  s.slot = media::SlotId(slot);
  s.mid = mid;
  s.kind = media::MediaKind::Video;
  s.codecs = {vp8_codec(100, 101)};
  s.ssrc = media::Ssrc(ssrc);
  s.rtx_ssrc = media::Ssrc(ssrc + 1);
  return s;
}

inline media::ReceiveSection audio_slot(uint32_t slot, const std::string& mid, uint32_t ssrc) {
  media::ReceiveSection s;
  s.slot = media::SlotId(slot);
  s.mid = mid;
  s.kind = media::MediaKind::Audio;
  s.codecs = {opus_codec(109)};
  s.ssrc = media::Ssrc(ssrc);
  s.rtx_ssrc = media::Ssrc(ssrc + 1);
  return s;
}

}  // namespace tests

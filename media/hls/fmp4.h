// Fragmented MP4 for HLS: the init segment and the fragments of one or two tracks (ISO/IEC
// 14496-12, -14 and -15; RFC 8216bis section 3.1.1). Only what a live stream of H.264 and AAC
// needs. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace media::hls {

inline constexpr uint32_t kVideoTrackId = 1;
inline constexpr uint32_t kAudioTrackId = 2;
inline constexpr uint32_t kVideoScale = 90'000;  // units per second

struct VideoFormat {
  uint16_t width = 0;
  uint16_t height = 0;
  std::string avc_config;  // AVCDecoderConfigurationRecord (14496-15 section 5.3.3.1)
  bool operator==(const VideoFormat&) const = default;
};

struct AudioFormat {
  uint32_t rate = 48'000;  // also the track's timescale
  uint16_t channels = 1;
  std::string aac_config;  // AudioSpecificConfig (14496-3 section 1.6.2.1)
  bool operator==(const AudioFormat&) const = default;
};

struct Sample {
  std::string bytes;      // H.264: NAL units with 4-byte lengths
  uint32_t duration = 0;  // in the track's timescale
  bool is_key = true;     // AAC frames all are
};

struct TrackFragment {
  uint32_t track_id = 0;
  uint64_t decode_time = 0;  // of the first sample, in the track's timescale
  std::span<const Sample> samples;
};

// ftyp and moov; at least one of the two.
std::string init_segment(const VideoFormat* video, const AudioFormat* audio);

// moof and mdat of all tracks that have samples; `sequence` counts fragments from 1.
std::string fragment(uint32_t sequence, std::span<const TrackFragment> tracks);

// RFC 6381: "avc1.42C01F" of an AVCDecoderConfigurationRecord, "mp4a.40.2" of an
// AudioSpecificConfig. Empty when the record is too short to tell.
std::string avc_codec_name(const std::string& avc_config);
std::string aac_codec_name(const std::string& aac_config);

}  // namespace media::hls

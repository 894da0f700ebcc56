// What the encoder, a child process, says on its stdout: one JSON object per line. Pure.
//
//   {"init":{"av":"1.mp4","a":"2.mp4","avCodecs":"avc1.42C01F,mp4a.40.2","aCodecs":"mp4a.40.2",
//            "width":1280,"height":720}}
//   {"part":{"rendition":"av","file":"7.m4s","durationUs":333333,"dateUs":1790000000000000,
//            "independent":true,"ends":false}}
//   {"state":"connected"}   also "refused", "lost"
//   {"stats":{"encoded":1,"skipped":0}}
//
// Files lie in the folder that the job named; who reads one removes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "media/base/result.h"
#include "media/base/time.h"

namespace signaling::hls {

enum class Rendition : uint8_t { PictureAndSound, SoundAlone };

struct InitAnnouncement {
  std::string av_file;
  std::string a_file;
  std::string av_codecs;  // RFC 6381
  std::string a_codecs;
  int width = 0;
  int height = 0;
};

struct PartAnnouncement {
  Rendition rendition = Rendition::PictureAndSound;
  std::string file;
  media::Duration duration;
  int64_t date_us = 0;  // Unix time of the first frame
  bool independent = false;
  bool ends_segment = false;
};

struct StateAnnouncement {
  enum class State : uint8_t { Connected, Refused, Lost } state = State::Connected;
};

struct EncoderStats {
  uint64_t encoded = 0;  // pictures
  uint64_t skipped = 0;  // pictures left out because the encoder was behind
};

using Announcement =
    std::variant<InitAnnouncement, PartAnnouncement, StateAnnouncement, EncoderStats>;

// Errors: Malformed for anything else, TooLarge for numbers out of reason; a file name may hold
// digits, letters, '-' and one '.' only.
media::Result<Announcement> parse_announcement(std::string_view line);

}  // namespace signaling::hls

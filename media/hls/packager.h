// Cuts encoded pictures and sound into the parts and segments of two renditions: picture with
// sound, and sound alone. Both are cut at the same instants, so that a player may change between
// them. Pure; owner: Broadcast.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "media/base/time.h"
#include "media/hls/fmp4.h"

namespace media::hls {

struct MadePart {
  bool sound_alone = false;
  std::string bytes;
  Duration start;  // on the stream's time line
  Duration duration;
  bool independent = false;
  bool ends_segment = false;
};

struct Picture {
  std::string bytes;  // as in Sample
  Duration at;
  bool is_key = false;
};

struct AacFrame {
  std::string bytes;
  Duration at;
};

class Packager {
 public:
  static constexpr Duration kPart = Duration::micros(333'333);
  static constexpr Duration kSegment = Duration::seconds(2);
  // Pictures come at most this far from their place; a cut within it is on time.
  static constexpr Duration kSlack = Duration::millis(12);
  static constexpr int64_t kAacSamples = 1024;  // per frame, 14496-3

  // `start`: of the stream; a multiple of kSegment. Nothing before it is packaged.
  Packager(uint32_t audio_rate, Duration start);

  // In order of time. A part is complete once a picture and sound from behind its end are there.
  void push(Picture picture);
  void push(AacFrame frame);
  // What is complete, in order; both renditions of one cut follow each other.
  std::vector<MadePart> take();

 private:
  [[nodiscard]] bool has_both_until(Duration end) const;
  void cut(Duration end, bool ends_segment, std::vector<MadePart>& out);

  uint32_t audio_rate_;
  uint32_t sequence_ = 0;
  Duration part_start_;
  Duration segment_start_;
  std::deque<Picture> pictures_;
  std::deque<AacFrame> sound_;
};

}  // namespace media::hls

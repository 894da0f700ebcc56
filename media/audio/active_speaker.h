// Which voices a room hears in its "loudest" slots, from the levels that senders state (RFC 6464).
// A voice that is in stays in until it has been quiet for a while or another is clearly louder, so
// that nobody is cut off in a pause. Owner: sfu::RoomShard. Thread: the owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "media/base/ids.h"
#include "media/base/time.h"

namespace media::audio {

class ActiveSpeaker {
 public:
  // One packet's level: 0 loudest, 127 silence. Only for tracks that may be heard.
  void on_level(Instant now, TrackId track, uint8_t dbov);
  void remove(TrackId track);

  // How a voice stands here, for whoever ranks the same room elsewhere.
  struct Standing {
    TrackId track;
    double level = 0;  // smoothed 127 - dBov
    Instant last_level;
    Instant last_heard;  // last time over the audible threshold
    bool heard = false;
  };
  // Those that may be ranked now.
  [[nodiscard]] std::vector<Standing> standings(Instant now) const;
  // The standing of a voice whose levels come in elsewhere.
  void on_standing(const Standing& standing);

  // Ranks anew, best first: at most `count` tracks, only those that make themselves heard. Call
  // every kInterval.
  const std::vector<TrackId>& rank(Instant now, size_t count);
  [[nodiscard]] const std::vector<TrackId>& ranked() const { return ranked_; }

  static constexpr Duration kInterval = Duration::millis(100);
  // Quieter than this is a room's noise.
  static constexpr uint8_t kAudibleDbov = 60;
  // How much louder a newcomer must be than who is in.
  static constexpr int kMarginDb = 8;
  // A pause between sentences.
  static constexpr Duration kHold = Duration::millis(1500);

 private:
  std::vector<Standing> voices_;
  std::vector<TrackId> ranked_;
};

}  // namespace media::audio

// Places a track's RTP timestamps on the session clock: steady between frames, following the
// sender's reports gently, so that files of one sender stay in step without audible or visible
// jumps.
//
// Pure; owner: one recorded track. Piecewise linear: between two anchors the mapping is
// interpolated, after the last one it runs at the track's clock rate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "media/base/time.h"

namespace media::pipelines {

class TrackClock {
 public:
  struct Anchor {
    int64_t rtp = 0;  // unwrapped
    Duration session;
    bool operator==(const Anchor&) const = default;
  };

  // A mapping that is off by no more than this is left alone: below what lip sync shows, above what
  // reports jitter.
  static constexpr Duration kTolerance = Duration::millis(20);
  // Off by more: the sender's clock jumped, following it gently would take minutes.
  static constexpr Duration kJump = Duration::seconds(1);
  // Corrections move the mapping by this share of the media time that passes.
  static constexpr int64_t kSlewPerMille = 10;
  // While more than half of kJump is pending (a clock that was set back), the correction hurries.
  static constexpr int64_t kFastSlewPerMille = 100;
  // Bounds the stored mapping: one correction of two anchors per ten seconds of a 5-hour lesson.
  static constexpr size_t kMaxAnchors = 4096;

  explicit TrackClock(uint32_t clock_rate);

  // One received packet, in any order: its timestamp and its capture instant as far as known.
  void observe(int64_t rtp, Duration session_time, bool from_sender_report);
  // True once a sender's report has been observed: from here on the mapping is the sender's.
  [[nodiscard]] bool has_sender_report() const { return sender_report_; }
  // Something was observed, so that session_time() has a meaning.
  [[nodiscard]] bool has_mapping() const { return candidate_.has_value(); }
  // Session time of a frame. Frames are asked for in order; never returns less than for the frame
  // before.
  Duration session_time(int64_t rtp);
  // Anchors used so far.
  [[nodiscard]] const std::vector<Anchor>& anchors() const { return anchors_; }
  // JSON array of [rtp, session_us].
  [[nodiscard]] std::string anchors_json() const;

 private:
  [[nodiscard]] Duration media_time(int64_t rtp) const;
  [[nodiscard]] Duration linear(const Anchor& from, int64_t rtp) const;
  void judge(int64_t rtp, Duration error, bool from_sender_report);
  void add_anchor(int64_t rtp, Duration session);
  void slew(int64_t rtp);

  uint32_t clock_rate_;
  bool sender_report_ = false;
  std::optional<Anchor> candidate_;  // before the first frame: what the mapping would be
  std::optional<Anchor> current_;    // since the first frame
  Duration pending_;                 // correction still to be applied, signed
  int slew_sign_ = 0;                // direction of the correction under way
  std::vector<Anchor> anchors_;
  std::optional<int64_t> last_rtp_;
  Duration last_session_;
  // Smallest error seen in the present window: late packets are no evidence, early ones are.
  std::optional<Duration> window_error_;
  int64_t window_start_ = 0;
};

}  // namespace media::pipelines

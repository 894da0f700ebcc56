// One live media playlist with what it names: the newest segments and their parts, numbered, timed,
// rendered as RFC 8216bis (draft-pantos-hls-rfc8216bis) text. Pure; owner: Channel.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/base/result.h"
#include "media/base/time.h"

namespace signaling::hls {

// Shared by the window and by every answer that is still being written.
using Bytes = std::shared_ptr<const std::string>;

inline constexpr media::Duration kSegmentTarget = media::Duration::seconds(2);
// What PART-TARGET says. Parts are cut at thirds of a second; a whole number of AAC frames may last
// 8 ms longer.
inline constexpr media::Duration kPartTarget = media::Duration::millis(350);

// How far behind the newest part players begin. Three parts are the least (section 4.4.3.8); two
// seconds ride out a line that hesitates, and no lecture's audience misses the difference.
inline constexpr media::Duration kPartHoldBack = media::Duration::seconds(2);

// How far a reload wants to wait (RFC 8216bis section 6.2.5.2).
struct ReloadPoint {
  uint64_t msn = 0;
  std::optional<uint64_t> part;
};

// Where a sibling playlist stands (section 4.4.5.4).
struct RenditionReport {
  std::string uri;
  uint64_t last_msn = 0;
  uint64_t last_part = 0;
};

class MediaWindow {
 public:
  struct Params {
    std::string name;           // begins every file name: "av" makes "av-12.3.m4s"
    uint64_t first_msn = 0;     // of the first segment
    uint64_t first_series = 0;  // of the first discontinuity sequence
  };
  struct Part {
    media::Duration duration;
    bool independent = false;     // begins with a key frame
    int64_t program_date_us = 0;  // Unix time of its first frame
    Bytes bytes;
  };

  // In the playlist. Half a minute: a viewer may pause for a question.
  static constexpr size_t kListed = 15;
  // Kept for those whose playlist is a little old.
  static constexpr size_t kKeptBehind = 3;
  // Segments before the open one that show their parts: three target durations (section 4.4.4.9).
  static constexpr size_t kWithParts = 3;
  // CAN-SKIP-UNTIL: six target durations, the least that section 4.4.3.8 allows.
  static constexpr media::Duration kSkipUntil = media::Duration::seconds(12);
  // A segment whose end is never told must not grow without end.
  static constexpr size_t kMaxParts = 24;

  explicit MediaWindow(Params params);

  // A new encoder: what it makes follows with a discontinuity (unless it is the first) and needs
  // `init`. Ends the open segment.
  void begin(Bytes init);
  // The next part. Before begin(): ignored.
  void add_part(Part part, bool ends_segment);
  // Nothing follows.
  void end();

  [[nodiscard]] bool has_ended() const { return ended_; }
  // There is a whole segment. Parts alone would do by the standard, but hls.js takes such a
  // playlist for an empty one and asks again a target duration later.
  [[nodiscard]] bool is_playable() const { return ended_ || !segments_.empty(); }
  // The discontinuity sequence that has not been used yet.
  [[nodiscard]] uint64_t next_series() const;
  // Whether the playlist already holds `point`, so that a reload need not wait.
  [[nodiscard]] bool has(const ReloadPoint& point) const;
  // Malformed: a point so far ahead that nobody who reads our playlists asks for it.
  [[nodiscard]] media::Result<void> check(const ReloadPoint& point) const;
  // Nothing before the first part.
  [[nodiscard]] std::optional<RenditionReport> report() const;

  // The playlist; with `skip` as a delta update when it is long enough for one.
  [[nodiscard]] std::string render(bool skip, const std::optional<RenditionReport>& sibling) const;
  // Grows with every change.
  [[nodiscard]] uint64_t version() const { return version_; }

  struct File {
    Bytes bytes;                // null: not there
    media::Duration duration;   // of media in it
    bool is_next_part = false;  // it is the one that the playlist hints at: wait for it
  };
  // By name without a directory, for example "av-12.m4s", "av-12.3.m4s", "av-init-1.mp4".
  [[nodiscard]] File find(std::string_view file) const;
  // Of what is kept.
  [[nodiscard]] size_t bytes() const;
  // The most bits per second that a whole segment had so far; 0 before the first.
  [[nodiscard]] uint64_t peak_bps() const { return peak_bps_; }

 private:
  struct Segment {
    uint64_t msn = 0;
    bool discontinuity = false;
    size_t init = 0;
    media::Duration duration;
    std::vector<Part> parts;
    Bytes bytes;  // when complete
  };

  void close_segment();
  void trim();
  [[nodiscard]] const Segment* segment(uint64_t msn) const;
  [[nodiscard]] uint64_t open_msn() const;
  [[nodiscard]] size_t first_listed() const;
  void render_segment(std::string& out, const Segment& segment, const Segment* before) const;

  Params params_;
  std::deque<Segment> segments_;  // complete ones; oldest first
  std::optional<Segment> open_;
  std::vector<std::pair<size_t, Bytes>> inits_;
  size_t next_init_ = 0;
  uint64_t next_msn_;
  uint64_t series_;  // discontinuity sequence of segments_[first_listed()]
  bool discontinuity_next_ = false;
  bool ended_ = false;
  uint64_t version_ = 0;
  uint64_t peak_bps_ = 0;
};

}  // namespace signaling::hls

// Records one room: every track that the worker taps becomes files, one per contiguous publication,
// written as the packets come. VP8, VP9, AV1 and Opus go into WebM, H.264 into Matroska.
//
// Times in a file count from its first frame, whose session time is SegmentStarted::start; gaps of
// the track stay gaps in the file. What was received reaches the disk within a second, so that a
// killed process loses less than two.
//
// Owner: api::MediaServer. Thread: its own, started by the constructor; it takes packets from the
// ring and never makes the producer wait. A file that fails (disk full, disk stalled) is closed and
// reported, the others go on.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "media/base/ids.h"
#include "media/base/model.h"
#include "media/base/time.h"
#include "media/tap/tap_ring.h"

namespace media::pipelines {

struct SegmentStarted {
  TrackId track;
  std::string file;  // relative to Recorder::Params::directory
  Codec codec = Codec::Opus;
  Duration start;  // session clock of the file's time zero
};
struct SegmentEnded {
  TrackId track;
  std::string file;
  Duration end;               // session clock of the end of the last frame written
  std::string clock_mapping;  // JSON array of [rtp, session_us] anchors, oldest first
  std::string failure;        // empty, or a sentence why the file stopped early
};
struct RecordingFinished {};  // once, last: every file is closed

using RecorderEvent = std::variant<SegmentStarted, SegmentEnded, RecordingFinished>;

class Recorder {
 public:
  struct Params {
    RoomId room;                      // for log lines
    std::filesystem::path directory;  // exists
    // Called on the recorder's thread, in order; must not block and must not destroy the recorder.
    std::function<void(RecorderEvent)> on_event;
  };

  // `ring` has this recorder as its only consumer. A TapPacket of type Start opens a track, End
  // closes it, Stop ends the recording. An unknown track's packets are ignored.
  Recorder(Params params, std::shared_ptr<tap::TapRing> ring);
  // Finishes like stop() and waits for the files to be closed (at most kCloseLimit, then cuts them
  // off).
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Any thread. Records what the ring holds now, closes all files, emits RecordingFinished. The
  // same as a Stop packet, for a caller whose ring is full.
  void stop();
  // Any thread: RecordingFinished was emitted and the thread does nothing more.
  [[nodiscard]] bool finished() const;

  static constexpr Duration kCloseLimit = Duration::seconds(5);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace media::pipelines

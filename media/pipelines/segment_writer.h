// One file of one track: encoded frames in, WebM (VP8, VP9, AV1, Opus) or Matroska (H.264) out.
//
//   push() -> appsrc -> webmmux | matroskamux -> filesink
//
// Every frame is handed to the kernel as it comes (no buffering above the page cache), clusters
// last at most a second, and sync() puts what is written onto the disk. Owner and thread: Recorder;
// the pipeline has one thread of its own, so that a slow disk holds up this file alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "media/base/model.h"
#include "media/base/result.h"
#include "media/base/time.h"
#include "media/pipelines/frame_assembler.h"

namespace media::pipelines {

class SegmentWriter {
 public:
  struct Format {
    Codec codec = Codec::Opus;
    uint16_t width = 0;  // video: of the first frame; later frames may differ
    uint16_t height = 0;
    // H.264: AVCDecoderConfigurationRecord; AV1: AV1CodecConfigurationRecord
    std::vector<uint8_t> codec_data;
  };
  enum class State : uint8_t { Writing, Finishing, Finished, Failed };

  // Frames that wait for the disk; more means that it has stalled: 16 MB are a minute of 720p.
  static constexpr size_t kMaxQueued = size_t{16} * 1024 * 1024;

  // Creates `path`, which must not exist. Errors: the file cannot be made, a plugin is missing.
  static Outcome<std::unique_ptr<SegmentWriter>> open(const std::filesystem::path& path,
                                                      const Format& format);
  // Without finish() the file is cut off where it is.
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  // `at` is the time in the file, from 0, never decreasing. Never blocks.
  void push(Frame frame, Duration at);
  // No more frames: index and duration are written, poll() will say Finished.
  void finish();
  // Reads what the pipeline reported.
  State poll();
  // Why State::Failed; a sentence.
  [[nodiscard]] const std::string& failure() const;
  // Gives the file up; poll() says Failed from now on.
  void abort(std::string reason);
  // Stops the pipeline and closes the file; a pipeline whose disk hangs is left behind rather than
  // waited for.
  void close();
  // The file, for fdatasync; -1 after close().
  [[nodiscard]] int descriptor() const;

 private:
  struct Parts;
  explicit SegmentWriter(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace media::pipelines

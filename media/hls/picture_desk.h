// The stream's picture: what the lesson's cameras and screens send, decoded, on a steady frame
// clock, encoded as one H.264 stream. The frame clock goes on whatever happens upstream: a picture
// that stops stands still, then gives way to a dark one; a change of size or codec changes nothing
// downstream. Owner and thread: Broadcast; decoding and encoding run on threads of GStreamer's.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/base/model.h"
#include "media/base/result.h"
#include "media/base/time.h"
#include "media/hls/gst_pipe.h"
#include "media/hls/packager.h"
#include "media/pipelines/frame_assembler.h"

namespace media::hls {

// One source's frames as raw pictures of the stream's size.
class PictureDecoder {
 public:
  // More undecoded frames than this and the decoder is behind: the rest waits for a key frame.
  static constexpr uint64_t kMaxQueued = 60;

  PictureDecoder(int width, int height) : width_(width), height_(height) {}

  // `avc_config` for H.264 alone. False when this frame cannot be used and a key frame is needed.
  bool push(Codec codec, const pipelines::Frame& frame, const std::vector<uint8_t>& avc_config,
            Duration at);
  // The newest picture that was captured at `at` or before; null before the first.
  GstBuffer* picture(Duration at);
  // When the shown picture was captured.
  [[nodiscard]] std::optional<Duration> shown_from() const { return shown_from_; }

 private:
  bool open(Codec codec, const std::vector<uint8_t>& avc_config);

  int width_;
  int height_;
  std::optional<Codec> codec_;
  std::vector<uint8_t> avc_config_;
  std::unique_ptr<GstPipe> pipe_;
  std::deque<SampleRef> ready_;
  SampleRef shown_;
  std::optional<Duration> shown_from_;
};

class PictureDesk {
 public:
  struct Params {
    int width = 1280;
    int height = 720;
    unsigned bitrate = 1'500'000;
  };
  static constexpr int64_t kFps = 30;
  // After this long without a new frame a source is taken for gone.
  static constexpr Duration kGone = Duration::seconds(3);
  // Raw pictures that may wait for the encoder; over it pictures are left out, so that a busy
  // machine makes fewer pictures and no delay.
  static constexpr uint64_t kMaxWaiting = 4;
  static constexpr size_t kSources = 2;
  static constexpr size_t kTeacher = 0;
  static constexpr size_t kScreen = 1;  // shown instead of the teacher while there is one

  static Outcome<std::unique_ptr<PictureDesk>> make(const Params& params);

  bool on_frame(size_t source, Codec codec, const pipelines::Frame& frame,
                const std::vector<uint8_t>& avc_config, Duration at) {
    return sources_[source].push(codec, frame, avc_config, at);
  }
  // Encodes the pictures of the frame clock up to `until`.
  void produce(Duration until);
  // What the encoder has finished.
  std::vector<Picture> take();
  // Known with the first picture.
  [[nodiscard]] const std::optional<VideoFormat>& format() const { return format_; }
  // Why the encoder works no more; empty while it does.
  std::string failure() { return encoder_->failure(); }

  [[nodiscard]] uint64_t encoded() const { return encoded_; }
  [[nodiscard]] uint64_t skipped() const { return skipped_; }

 private:
  PictureDesk(const Params& params, std::unique_ptr<GstPipe> encoder);
  GstBuffer* choose(Duration at);

  Params params_;
  std::unique_ptr<GstPipe> encoder_;
  std::array<PictureDecoder, kSources> sources_;
  struct Unref {
    void operator()(GstBuffer* b) const { gst_buffer_unref(b); }
  };
  std::unique_ptr<GstBuffer, Unref> dark_;
  std::optional<VideoFormat> format_;
  int64_t next_frame_ = 0;
  bool key_wanted_ = true;
  uint64_t encoded_ = 0;
  uint64_t skipped_ = 0;
};

}  // namespace media::hls

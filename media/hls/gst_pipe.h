// A GStreamer pipeline from one appsrc named "in" to one appsink named "out", driven by one thread
// that never waits for it. Owner: PictureDecoder, PictureEncoder, SoundEncoder.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/base/result.h"
#include "media/base/time.h"

namespace media::hls {

struct SampleDeleter {
  void operator()(GstSample* sample) const { gst_sample_unref(sample); }
};
using SampleRef = std::unique_ptr<GstSample, SampleDeleter>;

// Presentation time of what the sample holds.
Duration sample_time(GstSample* sample);
// Its bytes, copied.
std::string sample_bytes(GstSample* sample);
// codec_data of its caps; empty without.
std::string sample_codec_data(GstSample* sample);

class GstPipe {
 public:
  // `description` as for gst-launch-1.0. Errors: an element is missing (names the package).
  static Outcome<std::unique_ptr<GstPipe>> make(const std::string& description);
  ~GstPipe();
  GstPipe(const GstPipe&) = delete;
  GstPipe& operator=(const GstPipe&) = delete;

  // Replaces what follows; to be set before the first push when the description has none.
  void set_caps(GstCaps* owned);
  void push(const void* bytes, size_t size, Duration at, Duration lasts);
  // Takes the buffer.
  void push(GstBuffer* owned, Duration at, Duration lasts);
  // The next encoder input must become a key frame.
  void force_key(Duration at);
  // What has come out; null when nothing has.
  SampleRef pull();
  // Buffers that wait at the entrance.
  [[nodiscard]] uint64_t queued() const;
  // Why it works no more; empty while it does.
  std::string failure();

 private:
  explicit GstPipe(GstElement* pipeline);
  GstElement* pipeline_;
  GstElement* in_;
  GstElement* out_;
};

}  // namespace media::hls

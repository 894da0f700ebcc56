#include "media/pipelines/segment_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gst/app/gstappsrc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "media/pipelines/gst_runtime.h"

namespace media::pipelines {
namespace {

// Clusters of half a second to a second: the piece a reader can use after a crash, and the step of
// a seek.
constexpr gint64 kMinCluster = 500 * GST_MSECOND;
constexpr gint64 kMaxCluster = 1000 * GST_MSECOND;
// One index entry per second of sound (pictures have one per key frame).
constexpr gint64 kMinIndexInterval = 1000 * GST_MSECOND;
constexpr int kUnbuffered = 2;  // GstFileSinkBufferMode

GstCaps* make_caps(const SegmentWriter::Format& format) {
  const int width = format.width;
  const int height = format.height;
  switch (format.codec) {
    case Codec::Opus:
      // Two channels whatever the first packet has: a decoder made for two plays mono packets as
      // well (RFC 6716).
      return gst_caps_new_simple("audio/x-opus", "channel-mapping-family", G_TYPE_INT, 0, "rate",
                                 G_TYPE_INT, 48000, "channels", G_TYPE_INT, 2, nullptr);
    case Codec::Vp8:
    case Codec::Vp9:
      return gst_caps_new_simple(format.codec == Codec::Vp8 ? "video/x-vp8" : "video/x-vp9",
                                 "width", G_TYPE_INT, width, "height", G_TYPE_INT, height,
                                 "framerate", GST_TYPE_FRACTION, 0, 1, nullptr);
    case Codec::H264: {
      GstBuffer* config = gst_buffer_new_memdup(format.codec_data.data(), format.codec_data.size());
      // avc3: parameter sets also stand in the frames, so that a change of size needs no new file.
      GstCaps* caps = gst_caps_new_simple(
          "video/x-h264", "stream-format", G_TYPE_STRING, "avc3", "alignment", G_TYPE_STRING, "au",
          "codec_data", GST_TYPE_BUFFER, config, "width", G_TYPE_INT, width, "height", G_TYPE_INT,
          height, "framerate", GST_TYPE_FRACTION, 0, 1, nullptr);
      gst_buffer_unref(config);
      return caps;
    }
    case Codec::Av1: {
      GstBuffer* config = gst_buffer_new_memdup(format.codec_data.data(), format.codec_data.size());
      GstCaps* caps = gst_caps_new_simple(
          "video/x-av1", "stream-format", G_TYPE_STRING, "obu-stream", "alignment", G_TYPE_STRING,
          "tu", "codec_data", GST_TYPE_BUFFER, config, "width", G_TYPE_INT, width, "height",
          G_TYPE_INT, height, "framerate", GST_TYPE_FRACTION, 0, 1, nullptr);
      gst_buffer_unref(config);
      return caps;
    }
  }
  return gst_caps_new_empty();
}

void delete_bytes(gpointer bytes) {
  delete static_cast<std::vector<uint8_t>*>(bytes);
}

}  // namespace

struct SegmentWriter::Parts {
  ElementRef pipeline;
  GstAppSrc* source = nullptr;  // borrowed from the pipeline
  int fd = -1;
  State state = State::Writing;
  std::string failure;
  bool stalled = false;  // given up by us: the pipeline's thread may hang in write()

  void fail(std::string reason, bool is_stalled) {
    if (state == State::Failed) return;
    state = State::Failed;
    failure = std::move(reason);
    stalled = is_stalled;
  }
};

SegmentWriter::SegmentWriter(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

SegmentWriter::~SegmentWriter() {
  close();
}

Outcome<std::unique_ptr<SegmentWriter>> SegmentWriter::open(const std::filesystem::path& path,
                                                            const Format& format) {
  ensure_gst();
  auto parts = std::make_unique<Parts>();
  // Made here, so that an existing file is never overwritten and the descriptor is at hand for
  // syncing.
  parts->fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0640);
  if (parts->fd < 0) {
    return env_fail(fmt::format("The recording {} cannot be created: {}.", path.string(),
                                std::strerror(errno)));
  }
  auto writer = std::unique_ptr<SegmentWriter>(new SegmentWriter(std::move(parts)));
  Parts& p = *writer->parts_;
  p.pipeline = ElementRef(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))));
  GstElement* bin = p.pipeline.get();
  GstElement* source = add_element(bin, "appsrc", "frames");
  GstElement* mux =
      add_element(bin, format.codec == Codec::H264 ? "matroskamux" : "webmmux", "mux");
  GstElement* sink = add_element(bin, "filesink", "file");
  if (source == nullptr || mux == nullptr || sink == nullptr) {
    return env_fail(
        "A GStreamer plugin is missing: install gstreamer1.0-plugins-base and "
        "gstreamer1.0-plugins-good.");
  }
  GstCaps* caps = make_caps(format);
  g_object_set(source, "format", GST_FORMAT_TIME, "emit-signals", FALSE, "max-bytes", guint64{0},
               nullptr);
  gst_app_src_set_caps(GST_APP_SRC(source), caps);
  gst_caps_unref(caps);
  g_object_set(mux, "min-cluster-duration", kMinCluster, "max-cluster-duration", kMaxCluster,
               "min-index-interval", format.codec == Codec::Opus ? kMinIndexInterval : gint64{0},
               "writing-app", "Tongke", nullptr);
  g_object_set(sink, "location", path.c_str(), "buffer-mode", kUnbuffered, "sync", FALSE, "async",
               FALSE, nullptr);
  // Named, because the source does not yet know what it will carry.
  const char* pad = format.codec == Codec::Opus ? "audio_%u" : "video_%u";
  const bool linked = gst_element_link_pads(source, "src", mux, pad) != FALSE &&
                      gst_element_link(mux, sink) != FALSE;
  if (!linked || gst_element_set_state(bin, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    const BusNews news = read_bus(bin);
    return env_fail(
        fmt::format("The recording {} cannot be started: {}", path.string(),
                    news.error.empty() ? "GStreamer refuses the pipeline." : news.error));
  }
  p.source = GST_APP_SRC(source);
  return writer;
}

void SegmentWriter::push(Frame frame, Duration at) {
  Parts& p = *parts_;
  if (p.state != State::Writing) return;
  if (gst_app_src_get_current_level_bytes(p.source) > kMaxQueued) {
    p.fail("The disk does not keep up.", true);
    return;
  }
  auto* bytes = new std::vector<uint8_t>(std::move(frame.data));
  GstBuffer* buffer =
      gst_buffer_new_wrapped_full(GST_MEMORY_FLAG_READONLY, bytes->data(), bytes->size(), 0,
                                  bytes->size(), bytes, delete_bytes);
  GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(at.as_micros()) * GST_USECOND;
  if (frame.duration > Duration()) {
    GST_BUFFER_DURATION(buffer) =
        static_cast<GstClockTime>(frame.duration.as_micros()) * GST_USECOND;
  }
  if (!frame.is_key) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  gst_app_src_push_buffer(p.source,
                          buffer);  // takes the buffer; a failing pipeline reports on its bus
}

void SegmentWriter::finish() {
  if (parts_->state != State::Writing) return;
  parts_->state = State::Finishing;
  gst_app_src_end_of_stream(parts_->source);
}

SegmentWriter::State SegmentWriter::poll() {
  Parts& p = *parts_;
  if (p.state == State::Writing || p.state == State::Finishing) {
    BusNews news = read_bus(p.pipeline.get());
    if (news.state == BusState::Failed) p.fail(std::move(news.error), false);
    if (news.state == BusState::Ended) p.state = State::Finished;
  }
  return p.state;
}

const std::string& SegmentWriter::failure() const {
  return parts_->failure;
}

void SegmentWriter::abort(std::string reason) {
  parts_->fail(std::move(reason), true);
}

void SegmentWriter::close() {
  Parts& p = *parts_;
  if (p.fd >= 0) ::close(std::exchange(p.fd, -1));
  GstElement* pipeline = p.pipeline.release();
  if (pipeline == nullptr) return;
  const auto stop = [pipeline] {
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
  };
  if (p.stalled) {
    std::thread(stop).detach();
  } else {
    stop();
  }
}

int SegmentWriter::descriptor() const {
  return parts_->fd;
}

}  // namespace media::pipelines

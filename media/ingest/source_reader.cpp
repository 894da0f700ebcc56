#include "media/ingest/source_reader.h"

#include <fmt/format.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <gst/rtsp/rtsp.h>
#include <gst/video/video.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <utility>

namespace media::ingest {
namespace {

// What a decoder may hand over before it waits or drops: a late picture is worth nothing.
constexpr guint kMostPictures = 3;
constexpr guint kMostSounds = 100;
// Of undecoded FLV: some seconds of a school's recorder.
constexpr guint64 kMostFeed = 8 * 1024 * 1024;
constexpr guint kRtspLatencyMs = 200;
constexpr gint kSrtLatencyMs = 200;

// The tail that turns any decoded picture into what the encoder takes. Interlaced recorders are
// common. No videorate: 1.22's ends the process on streams that do not say how long a picture
// lasts.
constexpr const char* kVideoTail =
    "queue max-size-buffers=4 max-size-bytes=0 max-size-time=0 leaky=downstream ! "
    "deinterlace fields=top ! videoscale ! videoconvert n-threads=1 ! "
    "video/x-raw,format=I420,width=[64,1280],height=[64,720],pixel-aspect-ratio=1/1 ! "
    "appsink name=sink sync=false drop=true wait-on-eos=false";
constexpr const char* kAudioTail =
    "queue max-size-time=1000000000 max-size-bytes=0 max-size-buffers=0 leaky=downstream ! "
    "audioconvert ! audioresample ! audio/x-raw,format=S16LE,rate=48000,channels=1,"
    "layout=interleaved ! appsink name=sink sync=false drop=true wait-on-eos=false";

// Between two pictures at kMaxRate, less what stamps in milliseconds round away.
constexpr Duration kShortestPicture = Duration::micros(1'000'000 / SourceReader::kMaxRate - 2'000);

struct SampleFree {
  void operator()(GstSample* sample) const { gst_sample_unref(sample); }
};
using Sample = std::unique_ptr<GstSample, SampleFree>;

void start_gst() {
  static std::once_flag once;
  std::call_once(once, [] { gst_init(nullptr, nullptr); });
}

// The stamp of a sample on the running time of its pipeline.
std::optional<Duration> stamp_of(GstSample* sample) {
  GstBuffer* buffer = gst_sample_get_buffer(sample);
  const GstSegment* segment = gst_sample_get_segment(sample);
  if (buffer == nullptr || segment == nullptr || !GST_BUFFER_PTS_IS_VALID(buffer)) return {};
  const GstClockTime time =
      gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  if (!GST_CLOCK_TIME_IS_VALID(time)) return {};
  return Duration::micros(static_cast<int64_t>(time / GST_USECOND));
}

void copy_plane(const GstVideoFrame& frame, guint plane, int width, int height,
                std::vector<uint8_t>& out) {
  const auto* from = static_cast<const uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane));
  const auto stride = static_cast<ptrdiff_t>(GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane));
  for (int y = 0; y < height; ++y) {
    std::memcpy(out.data() + static_cast<ptrdiff_t>(y) * width, from + y * stride,
                static_cast<size_t>(width));
  }
}

// "camera:554"; the text itself when it is no RTSP address, which is none that was checked.
std::string host_and_port(const std::string& text) {
  GstRTSPUrl* url = nullptr;
  if (gst_rtsp_url_parse(text.c_str(), &url) != GST_RTSP_OK) return text;
  guint16 port = 0;
  gst_rtsp_url_get_port(url, &port);
  std::string out = fmt::format("{}:{}", url->host, port);
  gst_rtsp_url_free(url);
  return out;
}

SourceFault fault_of(const GError* error) {
  if (error->domain == GST_RESOURCE_ERROR) {
    switch (error->code) {
      case GST_RESOURCE_ERROR_NOT_AUTHORIZED:
        return SourceFault::Unauthorized;
      case GST_RESOURCE_ERROR_NOT_FOUND:
        return SourceFault::NotFound;
      case GST_RESOURCE_ERROR_OPEN_READ:
      case GST_RESOURCE_ERROR_OPEN_READ_WRITE:
      case GST_RESOURCE_ERROR_OPEN_WRITE:
        return SourceFault::Unreachable;
      case GST_RESOURCE_ERROR_READ:
      case GST_RESOURCE_ERROR_CLOSE:
        return SourceFault::Ended;
      default:
        return SourceFault::Broken;
    }
  }
  if (error->domain == GST_STREAM_ERROR) {
    switch (error->code) {
      case GST_STREAM_ERROR_CODEC_NOT_FOUND:
        return SourceFault::Codec;
      case GST_STREAM_ERROR_TYPE_NOT_FOUND:
      case GST_STREAM_ERROR_WRONG_TYPE:
      case GST_STREAM_ERROR_FORMAT:
      case GST_STREAM_ERROR_DEMUX:
        return SourceFault::NotMedia;
      default:
        return SourceFault::Broken;
    }
  }
  return SourceFault::Broken;
}

}  // namespace

const char* fault_name(SourceFault fault) {
  switch (fault) {
    case SourceFault::None:
      return "none";
    case SourceFault::Unreachable:
      return "unreachable";
    case SourceFault::Unauthorized:
      return "unauthorized";
    case SourceFault::NotFound:
      return "not-found";
    case SourceFault::NotMedia:
      return "not-media";
    case SourceFault::Codec:
      return "codec";
    case SourceFault::Stalled:
      return "stalled";
    case SourceFault::Ended:
      return "ended";
    case SourceFault::Broken:
      break;
  }
  return "broken";
}

struct SourceReader::Parts {
  SourceParams params;
  GstElement* pipeline = nullptr;
  GstElement* source = nullptr;  // borrowed
  std::mutex mutex;              // guards the sinks, which streaming threads make
  GstElement* video = nullptr;   // owned references
  GstElement* audio = nullptr;
  SourceFault fault = SourceFault::None;
  std::string detail;
  std::optional<Duration> last_picture;  // stamp

  ~Parts();
  Outcome<void> build();
  const char* set_up_source();
  void decode(GstPad* pad);
  void attach(GstPad* pad);
  bool attach_tail(GstPad* pad, const char* tail, GstElement*& sink, guint most);
  void discard(GstPad* pad);
  Sample pull(GstElement* Parts::*which);

  // Whether an RTSP request goes to the host that we were told to call.
  static gboolean may_send(GstElement* source, GstRTSPMessage* message, gpointer self);
  static void on_source_pad(GstElement* source, GstPad* pad, gpointer self);
  static void on_decoded_pad(GstElement* decoder, GstPad* pad, gpointer self);
};

SourceReader::Parts::~Parts() {
  if (pipeline != nullptr) gst_element_set_state(pipeline, GST_STATE_NULL);
  for (GstElement* element : {video, audio, pipeline}) {
    if (element != nullptr) gst_object_unref(element);
  }
}

// Sets what the kind needs; nullptr, or the element that is missing.
const char* SourceReader::Parts::set_up_source() {
  const auto make = [this](const char* factory) {
    source = gst_element_factory_make(factory, "source");
    if (source != nullptr) gst_bin_add(GST_BIN(pipeline), source);
    return source != nullptr;
  };
  const auto micros = static_cast<guint64>(params.timeout.as_micros());
  switch (params.kind) {
    case SourceKind::Rtsp:
    case SourceKind::RtspUdp: {
      if (!make("rtspsrc")) return "rtspsrc";
      const char* lower = params.kind == SourceKind::Rtsp ? "tcp" : "udp";
      gst_util_set_object_arg(G_OBJECT(source), "protocols", lower);
      g_object_set(source, "location", params.url.c_str(), "latency", kRtspLatencyMs, "tcp-timeout",
                   micros, "timeout", micros, "user-id", params.user.c_str(), "user-pw",
                   params.password.c_str(), "drop-on-latency", TRUE, nullptr);
      // Recorders' certificates are made by themselves, and we call them by their address.
      g_object_set(source, "tls-validation-flags", 0, nullptr);
      g_signal_connect(source, "pad-added", G_CALLBACK(on_source_pad), this);
      g_signal_connect(source, "before-send", G_CALLBACK(may_send), this);
      return nullptr;
    }
    case SourceKind::Srt:
    case SourceKind::SrtListen:
      if (!make("srtsrc")) return "srtsrc";
      // In the address, since it decides whether the host is ours or theirs.
      params.url += params.kind == SourceKind::Srt ? "?mode=caller" : "?mode=listener";
      g_object_set(source, "uri", params.url.c_str(), "latency", kSrtLatencyMs, nullptr);
      if (!params.passphrase.empty())
        g_object_set(source, "passphrase", params.passphrase.c_str(), nullptr);
      if (!params.stream_id.empty())
        g_object_set(source, "streamid", params.stream_id.c_str(), nullptr);
      return nullptr;
    case SourceKind::Rtmp:
      if (!make("rtmp2src")) return "rtmp2src";
      g_object_set(source, "location", params.url.c_str(), "timeout",
                   static_cast<guint>(params.timeout.as_millis() / 1000), "tls-validation-flags", 0,
                   nullptr);
      if (!params.user.empty()) {
        g_object_set(source, "username", params.user.c_str(), "password", params.password.c_str(),
                     nullptr);
      }
      return nullptr;
    case SourceKind::Flv: {
      if (!make("appsrc")) return "appsrc";
      GstCaps* caps = gst_caps_new_empty_simple("video/x-flv");
      g_object_set(source, "caps", caps, "is-live", TRUE, "max-bytes", kMostFeed, "format",
                   GST_FORMAT_BYTES, nullptr);
      gst_caps_unref(caps);
      return nullptr;
    }
  }
  return "source";
}

Outcome<void> SourceReader::Parts::build() {
  pipeline = gst_pipeline_new("ingest");
  if (const char* missing = set_up_source(); missing != nullptr)
    return env_fail(fmt::format("GStreamer's {} is not installed.", missing));
  const bool has_dynamic_pads =
      params.kind == SourceKind::Rtsp || params.kind == SourceKind::RtspUdp;
  if (!has_dynamic_pads) {
    GstPad* pad = gst_element_get_static_pad(source, "src");
    decode(pad);
    gst_object_unref(pad);
  }
  // A failure shows on the bus, with its reason.
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  return {};
}

// A server may answer with another place to go to (RFC 2326 section 11.3.2), which nobody has
// checked.
gboolean SourceReader::Parts::may_send(GstElement* /*source*/, GstRTSPMessage* message,
                                       gpointer self) {
  GstRTSPMethod method = GST_RTSP_INVALID;
  const gchar* uri = nullptr;
  if (gst_rtsp_message_parse_request(message, &method, &uri, nullptr) != GST_RTSP_OK) return TRUE;
  if (uri == nullptr || std::strcmp(uri, "*") == 0) return TRUE;
  return host_and_port(uri) == host_and_port(static_cast<Parts*>(self)->params.url) ? TRUE : FALSE;
}

void SourceReader::Parts::on_source_pad(GstElement* /*source*/, GstPad* pad, gpointer self) {
  static_cast<Parts*>(self)->decode(pad);
}

void SourceReader::Parts::on_decoded_pad(GstElement* /*decoder*/, GstPad* pad, gpointer self) {
  static_cast<Parts*>(self)->attach(pad);
}

void SourceReader::Parts::decode(GstPad* pad) {
  GstElement* decoder = gst_element_factory_make("decodebin", nullptr);
  if (decoder == nullptr) return;
  gst_bin_add(GST_BIN(pipeline), decoder);
  g_signal_connect(decoder, "pad-added", G_CALLBACK(on_decoded_pad), this);
  GstPad* input = gst_element_get_static_pad(decoder, "sink");
  gst_pad_link(pad, input);
  gst_object_unref(input);
  gst_element_sync_state_with_parent(decoder);
}

bool SourceReader::Parts::attach_tail(GstPad* pad, const char* tail, GstElement*& sink,
                                      guint most) {
  GError* error = nullptr;
  GstElement* bin = gst_parse_bin_from_description(tail, TRUE, &error);
  g_clear_error(&error);
  if (bin == nullptr) return false;
  gst_bin_add(GST_BIN(pipeline), bin);
  sink = gst_bin_get_by_name(GST_BIN(bin), "sink");
  g_object_set(sink, "max-buffers", most, nullptr);
  GstPad* input = gst_element_get_static_pad(bin, "sink");
  gst_pad_link(pad, input);
  gst_object_unref(input);
  gst_element_sync_state_with_parent(bin);
  return true;
}

// Streams that are not shown must still flow, or they would hold up the others.
void SourceReader::Parts::discard(GstPad* pad) {
  GstElement* sink = gst_element_factory_make("fakesink", nullptr);
  g_object_set(sink, "sync", FALSE, "async", FALSE, nullptr);
  gst_bin_add(GST_BIN(pipeline), sink);
  GstPad* input = gst_element_get_static_pad(sink, "sink");
  gst_pad_link(pad, input);
  gst_object_unref(input);
  gst_element_sync_state_with_parent(sink);
}

void SourceReader::Parts::attach(GstPad* pad) {
  GstCaps* caps = gst_pad_get_current_caps(pad);
  if (caps == nullptr) caps = gst_pad_query_caps(pad, nullptr);
  const char* type =
      gst_caps_get_size(caps) > 0 ? gst_structure_get_name(gst_caps_get_structure(caps, 0)) : "";
  const std::lock_guard lock(mutex);
  bool attached = false;
  if (std::strncmp(type, "video/x-raw", 11) == 0 && video == nullptr) {
    attached = attach_tail(pad, kVideoTail, video, kMostPictures);
  } else if (std::strncmp(type, "audio/x-raw", 11) == 0 && audio == nullptr) {
    attached = attach_tail(pad, kAudioTail, audio, kMostSounds);
  }
  if (!attached) discard(pad);
  gst_caps_unref(caps);
}

Sample SourceReader::Parts::pull(GstElement* Parts::*which) {
  const std::lock_guard lock(mutex);
  GstElement* sink = this->*which;
  return Sample(sink == nullptr ? nullptr : gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 0));
}

SourceReader::SourceReader(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
SourceReader::~SourceReader() = default;

Outcome<std::unique_ptr<SourceReader>> SourceReader::open(const SourceParams& params) {
  start_gst();
  auto parts = std::make_unique<Parts>();
  parts->params = params;
  if (auto built = parts->build(); !built) return tl::unexpected(built.error());
  return std::unique_ptr<SourceReader>(new SourceReader(std::move(parts)));
}

bool SourceReader::feed(ByteSpan flv) {
  auto* source = GST_APP_SRC(parts_->source);
  if (gst_app_src_get_current_level_bytes(source) + flv.size() > kMostFeed) return false;
  GstBuffer* buffer = gst_buffer_new_memdup(flv.data(), flv.size());
  return gst_app_src_push_buffer(source, buffer) == GST_FLOW_OK;
}

void SourceReader::end_feed() {
  gst_app_src_end_of_stream(GST_APP_SRC(parts_->source));
}

std::optional<VideoFrame> SourceReader::take_picture() {
  const Sample sample = parts_->pull(&Parts::video);
  if (!sample) return std::nullopt;
  const auto stamp = stamp_of(sample.get());
  GstVideoInfo info;
  GstVideoFrame frame;
  GstCaps* caps = gst_sample_get_caps(sample.get());
  if (!stamp || caps == nullptr || gst_video_info_from_caps(&info, caps) == FALSE) return {};
  auto& last = parts_->last_picture;
  if (last && *stamp >= *last && *stamp - *last < kShortestPicture) return std::nullopt;
  last = *stamp;
  if (gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample.get()), GST_MAP_READ) ==
      FALSE) {
    return std::nullopt;
  }
  // The odd column or row of an odd size is left out.
  const int width = GST_VIDEO_FRAME_WIDTH(&frame) & ~1;
  const int height = GST_VIDEO_FRAME_HEIGHT(&frame) & ~1;
  VideoFrame out{client::Picture(width, height), *stamp};
  copy_plane(frame, 0, width, height, out.picture.y);
  copy_plane(frame, 1, width / 2, height / 2, out.picture.u);
  copy_plane(frame, 2, width / 2, height / 2, out.picture.v);
  gst_video_frame_unmap(&frame);
  return out;
}

std::optional<AudioBlock> SourceReader::take_sound() {
  const Sample sample = parts_->pull(&Parts::audio);
  if (!sample) return std::nullopt;
  const auto stamp = stamp_of(sample.get());
  GstMapInfo map;
  GstBuffer* buffer = gst_sample_get_buffer(sample.get());
  if (!stamp || gst_buffer_map(buffer, &map, GST_MAP_READ) == FALSE) return std::nullopt;
  AudioBlock out;
  out.stamp = *stamp;
  out.samples.resize(map.size / sizeof(int16_t));
  std::memcpy(out.samples.data(), map.data, out.samples.size() * sizeof(int16_t));
  gst_buffer_unmap(buffer, &map);
  return out;
}

SourceFault SourceReader::fault() {
  Parts& p = *parts_;
  GstBus* bus = gst_element_get_bus(p.pipeline);
  constexpr auto kWanted = static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  while (GstMessage* message = gst_bus_pop_filtered(bus, kWanted)) {
    if (p.fault == SourceFault::None && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
      p.fault = SourceFault::Ended;
    } else if (p.fault == SourceFault::None) {
      GError* error = nullptr;
      gst_message_parse_error(message, &error, nullptr);  // the debug text may hold the URL
      p.fault = fault_of(error);
      p.detail = error->message;
      g_clear_error(&error);
    }
    gst_message_unref(message);
  }
  gst_object_unref(bus);
  return p.fault;
}

const std::string& SourceReader::detail() const {
  return parts_->detail;
}

}  // namespace media::ingest

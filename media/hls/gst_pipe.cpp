#include "media/hls/gst_pipe.h"

#include <fmt/format.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#include "media/pipelines/gst_runtime.h"

namespace media::hls {
namespace {

GstClockTime to_gst(Duration d) {
  return static_cast<GstClockTime>(d.as_micros()) * GST_USECOND;
}

GstAppSrc* as_source(GstElement* element) {
  return reinterpret_cast<GstAppSrc*>(element);
}

}  // namespace

Duration sample_time(GstSample* sample) {
  GstBuffer* buffer = gst_sample_get_buffer(sample);
  return Duration::micros(static_cast<int64_t>(GST_BUFFER_PTS(buffer) / GST_USECOND));
}

std::string sample_bytes(GstSample* sample) {
  GstBuffer* buffer = gst_sample_get_buffer(sample);
  std::string out(gst_buffer_get_size(buffer), '\0');
  gst_buffer_extract(buffer, 0, out.data(), out.size());
  return out;
}

std::string sample_codec_data(GstSample* sample) {
  GstCaps* caps = gst_sample_get_caps(sample);
  if (caps == nullptr) return {};
  const GValue* value = gst_structure_get_value(gst_caps_get_structure(caps, 0), "codec_data");
  if (value == nullptr) return {};
  GstBuffer* buffer = gst_value_get_buffer(value);
  std::string out(gst_buffer_get_size(buffer), '\0');
  gst_buffer_extract(buffer, 0, out.data(), out.size());
  return out;
}

Outcome<std::unique_ptr<GstPipe>> GstPipe::make(const std::string& description) {
  pipelines::ensure_gst();
  GError* error = nullptr;
  GstElement* pipeline =
      gst_parse_launch_full(description.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (pipeline == nullptr) {
    const std::string why = error != nullptr ? error->message : "no reason given";
    g_clear_error(&error);
    return env_fail(fmt::format(
        "The stream's encoder cannot be built ({}). Install gstreamer1.0-plugins-base, -good, "
        "-bad and gstreamer1.0-libav.",
        why));
  }
  g_clear_error(&error);
  auto pipe = std::unique_ptr<GstPipe>(new GstPipe(pipeline));
  if (gst_element_set_state(pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    return env_fail(fmt::format("The stream's encoder does not start. {}", pipe->failure()));
  return pipe;
}

GstPipe::GstPipe(GstElement* pipeline)
    : pipeline_(pipeline),
      in_(gst_bin_get_by_name(GST_BIN(pipeline), "in")),
      out_(gst_bin_get_by_name(GST_BIN(pipeline), "out")) {
  g_object_set(in_, "format", GST_FORMAT_TIME, "is-live", TRUE, "max-bytes", guint64{0}, nullptr);
  g_object_set(out_, "sync", FALSE, "enable-last-sample", FALSE, nullptr);
}

GstPipe::~GstPipe() {
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  gst_object_unref(in_);
  gst_object_unref(out_);
  gst_object_unref(pipeline_);
}

void GstPipe::set_caps(GstCaps* owned) {
  gst_app_src_set_caps(as_source(in_), owned);
  gst_caps_unref(owned);
}

void GstPipe::push(const void* bytes, size_t size, Duration at, Duration lasts) {
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, size, nullptr);
  gst_buffer_fill(buffer, 0, bytes, size);
  push(buffer, at, lasts);
}

void GstPipe::push(GstBuffer* owned, Duration at, Duration lasts) {
  GST_BUFFER_PTS(owned) = to_gst(at);
  GST_BUFFER_DTS(owned) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION(owned) = lasts > Duration() ? to_gst(lasts) : GST_CLOCK_TIME_NONE;
  gst_app_src_push_buffer(as_source(in_), owned);
}

void GstPipe::force_key(Duration at) {
  // What gst_video_event_new_downstream_force_key_unit() makes.
  GstStructure* wish = gst_structure_new(
      "GstForceKeyUnit", "timestamp", GST_TYPE_CLOCK_TIME, to_gst(at), "stream-time",
      GST_TYPE_CLOCK_TIME, to_gst(at), "running-time", GST_TYPE_CLOCK_TIME, to_gst(at),
      "all-headers", G_TYPE_BOOLEAN, TRUE, "count", G_TYPE_UINT, 0U, nullptr);
  gst_element_send_event(in_, gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, wish));
}

SampleRef GstPipe::pull() {
  return SampleRef(gst_app_sink_try_pull_sample(reinterpret_cast<GstAppSink*>(out_), 0));
}

uint64_t GstPipe::queued() const {
  guint64 buffers = 0;
  g_object_get(in_, "current-level-buffers", &buffers, nullptr);
  return buffers;
}

std::string GstPipe::failure() {
  const pipelines::BusNews news = pipelines::read_bus(pipeline_);
  return news.state == pipelines::BusState::Failed ? news.error : std::string();
}

}  // namespace media::hls

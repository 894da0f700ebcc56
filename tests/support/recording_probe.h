// Reads a finished or cut-off recording with GStreamer's demuxer, as a player would: frames, times,
// duration, seeking.
#pragma once

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "media/pipelines/gst_runtime.h"

namespace tests {

struct ProbedFrame {
  int64_t pts_us = 0;
  bool is_key = false;
  std::vector<uint8_t> data;
};

struct Probed {
  std::string error;  // empty when the file was read to its end
  std::string caps;
  int64_t duration_us = -1;  // as the header says; -1 when it says nothing
  std::vector<ProbedFrame> frames;
};

namespace detail {

struct ProbePipeline {
  GstElement* pipeline = nullptr;
  GstElement* sink = nullptr;

  explicit ProbePipeline(const std::filesystem::path& file) {
    media::pipelines::ensure_gst();
    const std::string text = "filesrc location=\"" + file.string() +
                             "\" ! matroskademux ! appsink name=out sync=false max-buffers=64";
    pipeline = gst_parse_launch(text.c_str(), nullptr);
    sink = gst_bin_get_by_name(GST_BIN(pipeline), "out");
  }
  ~ProbePipeline() {
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(sink);
    gst_object_unref(pipeline);
  }
  ProbePipeline(const ProbePipeline&) = delete;
  ProbePipeline& operator=(const ProbePipeline&) = delete;

  bool start() {
    gst_element_set_state(pipeline, GST_STATE_PAUSED);
    return gst_element_get_state(pipeline, nullptr, nullptr, 10 * GST_SECOND) ==
           GST_STATE_CHANGE_SUCCESS;
  }
};

}  // namespace detail

inline Probed probe_recording(const std::filesystem::path& file) {
  Probed out;
  detail::ProbePipeline probe(file);
  if (!probe.start()) {
    out.error = media::pipelines::read_bus(probe.pipeline, 0).error;
    if (out.error.empty()) out.error = "does not start";
    return out;
  }
  gint64 duration = -1;
  if (gst_element_query_duration(probe.pipeline, GST_FORMAT_TIME, &duration) != FALSE &&
      duration > 0) {
    out.duration_us = duration / GST_USECOND;
  }
  gst_element_set_state(probe.pipeline, GST_STATE_PLAYING);
  while (GstSample* sample =
             gst_app_sink_try_pull_sample(GST_APP_SINK(probe.sink), 10 * GST_SECOND)) {
    if (out.caps.empty()) {
      gchar* text = gst_caps_to_string(gst_sample_get_caps(sample));
      out.caps = text;
      g_free(text);
    }
    GstBuffer* buffer = gst_sample_get_buffer(sample);
    ProbedFrame frame;
    frame.pts_us = static_cast<int64_t>(GST_BUFFER_PTS(buffer) / GST_USECOND);
    frame.is_key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    frame.data.resize(gst_buffer_get_size(buffer));
    gst_buffer_extract(buffer, 0, frame.data.data(), frame.data.size());
    out.frames.push_back(std::move(frame));
    gst_sample_unref(sample);
  }
  const media::pipelines::BusNews news =
      media::pipelines::read_bus(probe.pipeline, 10 * GST_SECOND);
  if (news.state != media::pipelines::BusState::Ended)
    out.error = news.error.empty() ? "no end" : news.error;
  return out;
}

// The first frame's time after a seek to `to_us` (on a key frame before it), as a viewer's
// scrubbing does; -1 when the file does not seek.
inline int64_t probe_seek(const std::filesystem::path& file, int64_t to_us) {
  detail::ProbePipeline probe(file);
  if (!probe.start()) return -1;
  const auto flags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT |
                                               GST_SEEK_FLAG_SNAP_BEFORE);
  if (gst_element_seek_simple(probe.pipeline, GST_FORMAT_TIME, flags, to_us * GST_USECOND) == FALSE)
    return -1;
  GstSample* sample = gst_app_sink_try_pull_preroll(GST_APP_SINK(probe.sink), 10 * GST_SECOND);
  if (sample == nullptr) return -1;
  const auto at = static_cast<int64_t>(GST_BUFFER_PTS(gst_sample_get_buffer(sample)) / GST_USECOND);
  gst_sample_unref(sample);
  return at;
}

// The Matroska index element stands in the file.
inline bool has_cues(const std::filesystem::path& file) {
  FILE* in = std::fopen(file.c_str(), "rb");
  if (in == nullptr) return false;
  std::string bytes(std::filesystem::file_size(file), '\0');
  const size_t got = std::fread(bytes.data(), 1, bytes.size(), in);
  std::fclose(in);
  // EBML id of Cues, searched from the end: the index comes last.
  return got == bytes.size() && bytes.rfind("\x1C\x53\xBB\x6B") != std::string::npos &&
         bytes.rfind("\x1C\x53\xBB\x6B") > bytes.size() / 2;
}

}  // namespace tests

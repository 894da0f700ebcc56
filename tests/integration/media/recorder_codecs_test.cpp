// H.264 and VP9, encoded and packetized by GStreamer as an independent sender would, recorded and
// decoded again.
#include <gst/app/gstappsink.h>
#include <gtest/gtest.h>

#include "tests/support/recorder_rig.h"
#include "tests/support/recording_probe.h"

namespace tests {
namespace {

constexpr TrackId kScreen(3);

// RTP packets of a test picture; empty when a plugin of the sender is not installed.
std::vector<std::vector<uint8_t>> packets_of(const std::string& encoder_and_payloader) {
  media::pipelines::ensure_gst();
  const std::string text =
      "videotestsrc num-buffers=60 ! video/x-raw,format=I420,width=320,height=180,framerate=30/1 "
      "! " +
      encoder_and_payloader + " ! appsink name=out sync=false max-buffers=0";
  GstElement* pipeline = gst_parse_launch(text.c_str(), nullptr);
  std::vector<std::vector<uint8_t>> out;
  if (pipeline == nullptr) return out;
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "out");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  while (GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 10 * GST_SECOND)) {
    GstBuffer* buffer = gst_sample_get_buffer(sample);
    std::vector<uint8_t> packet(gst_buffer_get_size(buffer));
    gst_buffer_extract(buffer, 0, packet.data(), packet.size());
    out.push_back(std::move(packet));
    gst_sample_unref(sample);
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(sink);
  gst_object_unref(pipeline);
  return out;
}

// Frames that GStreamer's decoder makes of the file.
int decoded_frames(const std::filesystem::path& file) {
  const std::string text =
      "filesrc location=\"" + file.string() + "\" ! decodebin ! appsink name=out sync=false";
  GstElement* pipeline = gst_parse_launch(text.c_str(), nullptr);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "out");
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  int count = 0;
  while (GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 10 * GST_SECOND)) {
    ++count;
    gst_sample_unref(sample);
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(sink);
  gst_object_unref(pipeline);
  return count;
}

struct Case {
  Codec codec;
  const char* sender;
  const char* suffix;
};

class RecorderCodecs : public testing::TestWithParam<Case> {};

TEST_P(RecorderCodecs, EveryFrameOfAnIndependentSenderIsKeptAndDecodes) {
  const auto packets = packets_of(GetParam().sender);
  ASSERT_GT(packets.size(), 60U) << "the sender's plugins are part of what the tests install";
  TempFolder folder;
  RecorderLog log;
  auto ring = std::make_shared<media::tap::TapRing>();
  media::pipelines::Recorder recorder(
      {media::RoomId(1), folder.path(),
       [&log](media::pipelines::RecorderEvent e) { log.add(std::move(e)); }},
      ring);
  TrackSource source(kScreen, GetParam().codec);
  source.start(*ring);
  std::optional<uint32_t> first;
  for (const auto& packet : packets) {
    const uint32_t timestamp = media::rtp::PacketView::parse(packet)->timestamp();
    if (!first) first = timestamp;
    const Duration captured = Duration::micros(static_cast<int64_t>(timestamp - *first) * 100 / 9);
    source.feed(*ring, {captured, {packet}});
  }
  source.end(*ring);
  feed_stop(*ring);
  ASSERT_TRUE(wait_until([&log] { return log.finished(); }));
  ASSERT_EQ(log.ended(kScreen).size(), 1U);
  EXPECT_EQ(log.ended(kScreen)[0].failure, "");
  const std::filesystem::path file = folder.path() / log.ended(kScreen)[0].file;
  EXPECT_EQ(file.extension(), GetParam().suffix);
  const Probed probed = probe_recording(file);
  EXPECT_EQ(probed.error, "");
  ASSERT_EQ(probed.frames.size(), 60U);
  for (size_t i = 0; i < 60; ++i)
    EXPECT_TRUE(near(probed.frames[i].pts_us, static_cast<int64_t>(i) * 1'000'000 / 30, 1100));
  EXPECT_TRUE(near(probed.duration_us, 2'000'000, 40'000));
  EXPECT_TRUE(has_cues(file));
  EXPECT_EQ(decoded_frames(file), 60);
}

INSTANTIATE_TEST_SUITE_P(
    Codecs, RecorderCodecs,
    testing::Values(Case{Codec::H264,
                         "openh264enc gop-size=15 ! rtph264pay config-interval=-1 mtu=600", ".mkv"},
                    Case{Codec::Vp9,
                         "vp9enc deadline=1 cpu-used=8 keyframe-max-dist=15 ! rtpvp9pay mtu=600",
                         ".webm"}));

}  // namespace
}  // namespace tests

// H.264 and VP9, encoded and packetized by GStreamer as an independent sender would, and AV1
// encoded by libaom and packetized here (GStreamer 1.22 has no payloader for it), recorded and
// decoded again.
#include <gst/app/gstappsink.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "media/pipelines/repair.h"
#include "tests/support/recorder_rig.h"
#include "tests/support/recording_probe.h"
#include "tests/support/rtp_samples.h"

namespace tests {
namespace {

constexpr TrackId kScreen(3);

// What the sender's pipeline puts out: RTP packets, or temporal units of AV1; empty when a plugin
// is not installed.
std::vector<std::vector<uint8_t>> output_of(const std::string& encoder_and_payloader) {
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

size_t take_leb128(const std::vector<uint8_t>& bytes, size_t& at) {
  size_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    const uint8_t byte = bytes.at(at++);
    value |= size_t{byte & 0x7FU} << shift;
    if ((byte & 0x80) == 0) return value;
  }
}

// The OBUs of a temporal unit without sizes and without its delimiter (AV1 RTP payload format,
// section 5).
std::vector<std::vector<uint8_t>> obus_of(const std::vector<uint8_t>& unit) {
  std::vector<std::vector<uint8_t>> out;
  for (size_t at = 0; at < unit.size();) {
    const uint8_t head = unit[at++];
    std::vector<uint8_t> obu = {static_cast<uint8_t>(head & ~0x02)};
    if ((head & 0x04) != 0) obu.push_back(unit.at(at++));
    const size_t size = take_leb128(unit, at);
    obu.insert(obu.end(), unit.begin() + static_cast<std::ptrdiff_t>(at),
               unit.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
    if (((head >> 3) & 15) != 2) out.push_back(std::move(obu));
  }
  return out;
}

// Each OBU, or piece of one, in a packet of its own (W = 1), at most 600 bytes.
void packetize_av1(const std::vector<uint8_t>& unit, uint32_t index,
                   std::vector<std::vector<uint8_t>>& out) {
  constexpr size_t kPiece = 560;
  const auto obus = obus_of(unit);
  for (size_t o = 0; o < obus.size(); ++o) {
    const auto& obu = obus[o];
    for (size_t at = 0; at < obu.size(); at += kPiece) {
      const size_t size = std::min(kPiece, obu.size() - at);
      const bool continues = at + size < obu.size();
      const bool starts_sequence = o == 0 && at == 0 && ((obu[0] >> 3) & 15) == 1;
      RtpSample sample;
      sample.sequence = static_cast<uint16_t>(out.size() + 1);
      sample.timestamp = 90'000 + index * 3000;
      sample.marker = !continues && o + 1 == obus.size();
      sample.payload = {static_cast<uint8_t>((at != 0 ? 0x80 : 0) | (continues ? 0x40 : 0) | 0x10 |
                                             (starts_sequence ? 0x08 : 0))};
      sample.payload.insert(sample.payload.end(), obu.begin() + static_cast<std::ptrdiff_t>(at),
                            obu.begin() + static_cast<std::ptrdiff_t>(at + size));
      out.push_back(build(sample));
    }
  }
}

std::vector<std::vector<uint8_t>> packets_of(Codec codec, const std::string& sender) {
  auto output = output_of(sender);
  if (codec != Codec::Av1) return output;
  std::vector<std::vector<uint8_t>> packets;
  for (size_t i = 0; i < output.size(); ++i)
    packetize_av1(output[i], static_cast<uint32_t>(i), packets);
  return packets;
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
  const auto packets = packets_of(GetParam().codec, GetParam().sender);
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

  // The same file, cut off in the middle of a frame as a killed server leaves it.
  std::filesystem::resize_file(file, std::filesystem::file_size(file) * 6 / 10);
  const auto repaired = media::pipelines::repair_recording(folder.path(), file.filename().string());
  EXPECT_TRUE(repaired.playable);
  EXPECT_GT(decoded_frames(file), 15);
  EXPECT_TRUE(has_cues(file));
}

INSTANTIATE_TEST_SUITE_P(
    Codecs, RecorderCodecs,
    testing::Values(Case{Codec::H264,
                         "openh264enc gop-size=15 ! rtph264pay config-interval=-1 mtu=600", ".mkv"},
                    Case{Codec::Vp9,
                         "vp9enc deadline=1 cpu-used=8 keyframe-max-dist=15 ! rtpvp9pay mtu=600",
                         ".webm"},
                    Case{Codec::Av1,
                         "av1enc usage-profile=realtime cpu-used=10 keyframe-max-dist=15 "
                         "lag-in-frames=0 ! video/x-av1,stream-format=obu-stream,alignment=tu",
                         ".webm"}));

}  // namespace
}  // namespace tests

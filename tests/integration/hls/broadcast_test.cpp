// A known teacher through the real decoders and encoders of an HLS stream, read back as a player
// would: whether voice and picture are in step, and whether the stream's times are those of the
// classroom.
#include "media/hls/broadcast.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "media/client/synthetic_teacher.h"
#include "media/client/synthetic_voice.h"
#include "media/hls/gst_pipe.h"
#include "media/pipelines/gst_runtime.h"
#include "tests/support/waiting.h"

namespace tests {
namespace {

using media::Duration;
using media::Instant;
using media::Ssrc;
using media::client::SyntheticVoice;
using media::hls::Broadcast;
using media::hls::MadePart;

constexpr uint8_t kOpus = 111;
constexpr uint8_t kVp8 = 96;
constexpr Ssrc kVoice{11};
constexpr Ssrc kPicture{12};
constexpr int kWidth = 640;
constexpr int kHeight = 360;
// Four flashes, and most of a phrase.
constexpr Duration kPlayed = Duration::millis(4'800);

struct Made {
  std::string init_av;
  std::string init_a;
  std::vector<MadePart> parts;
};

// What the teacher sends, straight into a broadcast, in real time: decoders and encoders run on
// threads of their own and need it.
Made broadcast_teacher() {
  const Instant start = Instant::from_micros(7'000'000'000);
  media::client::SyntheticTeacher::Params params;
  params.opus_payload_type = kOpus;
  params.vp8_payload_type = kVp8;
  params.audio_ssrc = kVoice;
  params.layers = {{"", kPicture, Ssrc(0)}};
  params.fps = 15;
  params.ntp_offset_us = 3'900'000'000LL * 1'000'000;
  auto teacher = media::client::SyntheticTeacher::make(params, start);
  EXPECT_TRUE(teacher);
  const Broadcast::Input voice{kVoice, media::MediaKind::Audio, 0, {{kOpus, media::Codec::Opus}}};
  const Broadcast::Input picture{kPicture, media::MediaKind::Video, 0, {{kVp8, media::Codec::Vp8}}};
  auto broadcast = Broadcast::make({kWidth, kHeight, 800'000}, {voice, picture}, start);
  EXPECT_TRUE(broadcast) << broadcast.error().message;
  Made made;
  Instant now = start;
  const media::client::PacketSink sink{[&](media::ByteSpan packet) {
                                         (*broadcast)->on_rtp(now, packet);
                                         return true;
                                       },
                                       [&](media::ByteSpan packet) {
                                         (*broadcast)->on_rtcp(now, packet);
                                         return true;
                                       }};
  const RealTimePace pace;
  for (; now - start < kPlayed + Broadcast::kLag; now += Duration::millis(10)) {
    pace.wait_for_tick(std::chrono::microseconds((now - start).as_micros()));
    (*teacher)->produce(now, sink);
    EXPECT_TRUE((*broadcast)->on_tick(now));
    if (!(*broadcast)->take_wishes(now).empty()) (*teacher)->request_key_frames();
    for (MadePart& part : (*broadcast)->take()) made.parts.push_back(std::move(part));
  }
  // The encoders finish what they have. The clock stands, so that nothing new is asked of them.
  wait_until([&] {
    EXPECT_TRUE((*broadcast)->on_tick(now));
    for (MadePart& part : (*broadcast)->take()) made.parts.push_back(std::move(part));
    return !made.parts.empty() &&
           made.parts.back().start + made.parts.back().duration >= Duration::millis(4'300);
  });
  EXPECT_TRUE((*broadcast)->init());
  made.init_av = (*broadcast)->init()->picture_and_sound;
  made.init_a = (*broadcast)->init()->sound_alone;
  return made;
}

// Made once: it takes as long as it plays.
const Made& the_stream() {
  static const Made kMade = broadcast_teacher();
  return kMade;
}

// The stream as one file, and what decoders make of it.
class Playback {
 public:
  Playback(const Made& made, bool sound_alone) {
    std::string pattern = (std::filesystem::temp_directory_path() / "tongke-hls-XXXXXX").string();
    file_ = pattern;
    const int fd = ::mkstemp(file_.data());
    ::close(fd);
    std::ofstream out(file_, std::ios::binary);
    out << (sound_alone ? made.init_a : made.init_av);
    for (const MadePart& part : made.parts) {
      if (part.sound_alone == sound_alone) out << part.bytes;
    }
  }
  ~Playback() { std::filesystem::remove(file_); }
  Playback(const Playback&) = delete;
  Playback& operator=(const Playback&) = delete;

  struct Frame {
    Duration at;
    std::string bytes;
  };
  [[nodiscard]] std::vector<Frame> pictures() const {
    return decode("video_0 ! queue ! h264parse ! openh264dec ! video/x-raw,format=I420");
  }
  [[nodiscard]] std::vector<Frame> sound() const {
    return decode(
        "audio_0 ! queue ! avdec_aac ! audioconvert ! "
        "audio/x-raw,format=S16LE,channels=1,rate=48000");
  }

 private:
  [[nodiscard]] std::vector<Frame> decode(const std::string& branch) const {
    media::pipelines::ensure_gst();
    const std::string text = "filesrc location=\"" + file_ + "\" ! qtdemux name=d d." + branch +
                             " ! appsink name=out sync=false";
    GstElement* pipeline = gst_parse_launch(text.c_str(), nullptr);
    GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "out");
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    std::vector<Frame> out;
    while (const media::hls::SampleRef sample{
        gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 10 * GST_SECOND)}) {
      out.push_back(
          {media::hls::sample_time(sample.get()), media::hls::sample_bytes(sample.get())});
    }
    EXPECT_NE(gst_app_sink_is_eos(GST_APP_SINK(sink)), FALSE) << "read to its end";
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(sink);
    gst_object_unref(pipeline);
    return out;
  }

  std::string file_;
};

// The square that is white for a tenth of a second with every full second.
bool flashes(const std::string& i420) {
  constexpr int kX = kWidth - 21;
  constexpr int kY = kHeight - 21;
  const auto luma = static_cast<uint8_t>(i420[static_cast<size_t>(kY * kWidth + kX)]);
  return luma > 180;
}

// How long after its second each flash is shown, in milliseconds: the median.
double picture_lag_ms(const std::vector<Playback::Frame>& frames) {
  std::vector<double> lags;
  bool was = true;  // the flash of zero may begin before the stream
  for (const Playback::Frame& frame : frames) {
    const bool is = flashes(frame.bytes);
    if (is && !was) {
      const double at = static_cast<double>(frame.at.as_micros()) / 1000;
      lags.push_back(at - std::round(at / 1000) * 1000);
    }
    was = is;
  }
  EXPECT_GE(lags.size(), 3U);
  if (lags.empty()) return NAN;
  std::nth_element(lags.begin(), lags.begin() + static_cast<ptrdiff_t>(lags.size() / 2),
                   lags.end());
  return lags[lags.size() / 2];
}

// By how much the sound that was heard must be shifted to fit what was spoken, in milliseconds:
// where the two agree best.
double sound_lag_ms(const std::vector<Playback::Frame>& frames) {
  constexpr int kStep = 6;                                   // 8 kHz are enough
  constexpr int kReach = 1'600;                              // 200 ms each way
  constexpr int64_t kFrom = 8'000 / 2, kTo = 8'000 * 7 / 2;  // 0.5 s to 3.5 s
  const int64_t total = 8'000 * 5;
  std::vector<int16_t> spoken_full(static_cast<size_t>(total) * kStep);
  SyntheticVoice().render(spoken_full);
  std::vector<double> heard(static_cast<size_t>(total), 0.0);
  for (const Playback::Frame& frame : frames) {
    const int64_t first = (frame.at.as_micros() * 48 + 500) / 1000;
    for (size_t i = 0; i + 1 < frame.bytes.size(); i += 2) {
      const int64_t place = first + static_cast<int64_t>(i / 2);
      if (place < 0 || place % kStep != 0 || place / kStep >= total) continue;
      int16_t sample = 0;
      std::copy_n(frame.bytes.data() + i, 2, reinterpret_cast<char*>(&sample));
      heard[static_cast<size_t>(place / kStep)] = sample;
    }
  }
  double best = -1;
  int best_lag = 0;
  for (int lag = -kReach; lag <= kReach; ++lag) {
    double sum = 0;
    for (int64_t i = kFrom; i < kTo; ++i) {
      sum += heard[static_cast<size_t>(i + lag)] *
             static_cast<double>(spoken_full[static_cast<size_t>(i * kStep)]);
    }
    if (sum > best) {
      best = sum;
      best_lag = lag;
    }
  }
  return best_lag / 8.0;
}

TEST(HlsBroadcast, VoiceAndPictureAreInStepAndOnTheClassroomsTime) {
  const Made& made = the_stream();
  const Playback both(made, false);
  const double picture = picture_lag_ms(both.pictures());
  const double sound = sound_lag_ms(both.sound());
  const double alone = sound_lag_ms(Playback(made, true).sound());
  std::printf("picture %+.1f ms, sound %+.1f ms, sound alone %+.1f ms after the classroom's time\n",
              picture, sound, alone);
  EXPECT_LE(std::abs(picture - sound), 50) << "in step";
  EXPECT_NEAR(sound, alone, 1) << "both renditions have the same sound";
  // What players show as the distance from the classroom is right.
  EXPECT_LE(std::abs(picture), 70);
  EXPECT_LE(std::abs(sound), 50);
}

TEST(HlsBroadcast, ThePartsOfBothRenditionsFollowEachOtherWithoutAHole) {
  const Made& made = the_stream();
  for (const bool sound_alone : {false, true}) {
    Duration next;
    bool first = true;
    int segments = 0;
    for (const MadePart& part : made.parts) {
      if (part.sound_alone != sound_alone) continue;
      if (first) {
        EXPECT_TRUE(part.independent) << "a player can begin here";
      } else {
        EXPECT_LE(std::abs(part.start.as_micros() - next.as_micros()), 1'000);
      }
      first = false;
      next = part.start + part.duration;
      if (part.ends_segment) ++segments;
    }
    EXPECT_EQ(segments, 2);
  }
}

}  // namespace
}  // namespace tests

// What the recorder promises of its files, with real codecs, checked by another demuxer and
// decoder.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <set>

#include "tests/support/recorder_rig.h"
#include "tests/support/recording_probe.h"
#include "tests/support/sanitizers.h"

namespace tests {
namespace {

constexpr int64_t kMillisecond = 1000;

class RecorderFiles : public testing::Test {
 protected:
  void start() {
    ring_ = std::make_shared<media::tap::TapRing>();
    recorder_ = std::make_unique<media::pipelines::Recorder>(
        media::pipelines::Recorder::Params{
            media::RoomId(1), folder_.path(),
            [this](media::pipelines::RecorderEvent event) { log_.add(std::move(event)); }},
        ring_);
  }
  void stop() {
    feed_stop(*ring_);
    ASSERT_TRUE(wait_until([this] { return log_.finished(); }));
    recorder_.reset();
  }
  std::filesystem::path file_of(TrackId track, size_t index = 0) {
    return folder_.path() / log_.ended(track).at(index).file;
  }

  TempFolder folder_;
  RecorderLog log_;
  std::shared_ptr<media::tap::TapRing> ring_;
  std::unique_ptr<media::pipelines::Recorder> recorder_;
};

TEST_F(RecorderFiles, PictureAndSoundOfOneSenderStandWhereTheSessionClockSays) {
  start();
  TrackSource camera(TrackId(1), Codec::Vp8);
  TrackSource voice(TrackId(2), Codec::Opus, 17);
  camera.start(*ring_);
  voice.start(*ring_);
  const Duration zero = Duration::millis(12'345);
  std::vector<Duration> pictures;
  std::vector<Duration> sounds;
  for (int i = 0; i < 150; ++i) {
    pictures.push_back(zero + Duration::micros(i * 1'000'000LL / 30));
    camera.feed(*ring_, camera.picture(pictures.back(), 320, 180, i == 75));
  }
  for (int i = 0; i < 250; ++i) {
    sounds.push_back(zero + Duration::millis(7) + Duration::millis(20 * i));
    voice.feed(*ring_, voice.sound(sounds.back()));
  }
  camera.end(*ring_);
  voice.end(*ring_);
  stop();

  for (const auto& [track, times] :
       {std::pair(TrackId(1), pictures), std::pair(TrackId(2), sounds)}) {
    ASSERT_EQ(log_.started(track).size(), 1U);
    ASSERT_EQ(log_.ended(track).size(), 1U);
    EXPECT_EQ(log_.ended(track)[0].failure, "");
    const Duration start = log_.started(track)[0].start;
    EXPECT_TRUE(near(start.as_micros(), times.front().as_micros(), 100));
    const Probed file = probe_recording(file_of(track));
    EXPECT_EQ(file.error, "");
    ASSERT_EQ(file.frames.size(), times.size());
    for (size_t i = 0; i < times.size(); ++i) {
      // A millisecond is Matroska's unit.
      EXPECT_TRUE(near(file.frames[i].pts_us, (times[i] - start).as_micros(), kMillisecond))
          << "frame " << i;
    }
    EXPECT_TRUE(near(file.duration_us, 5'000'000, 40 * kMillisecond));
    EXPECT_TRUE(near(log_.ended(track)[0].end.as_micros(),
                     (zero + Duration::seconds(5)).as_micros(), 40 * kMillisecond));
    EXPECT_TRUE(has_cues(file_of(track)));
    const int64_t sought = probe_seek(file_of(track), 3'200'000);
    EXPECT_LE(sought, 3'200'000);
    EXPECT_GE(sought, track == TrackId(1) ? 2'500'000 - kMillisecond : 2'000'000);
  }
  Vp8Check pictures_decode;
  for (const auto& frame : probe_recording(file_of(TrackId(1))).frames) {
    EXPECT_EQ(pictures_decode.decode(frame.data), std::pair(320U, 180U));
  }
  OpusCheck sounds_decode;
  for (const auto& frame : probe_recording(file_of(TrackId(2))).frames)
    EXPECT_EQ(sounds_decode.decode(frame.data), 960);
}

TEST_F(RecorderFiles, AGapStaysAGap) {
  start();
  TrackSource voice(TrackId(1), Codec::Opus);
  voice.start(*ring_);
  for (int i = 0; i < 50; ++i) voice.feed(*ring_, voice.sound(Duration::millis(20 * i)));
  for (int i = 0; i < 50; ++i) voice.feed(*ring_, voice.sound(Duration::millis(8'000 + 20 * i)));
  voice.end(*ring_);
  stop();
  const Probed file = probe_recording(file_of(TrackId(1)));
  ASSERT_EQ(file.frames.size(), 100U);
  EXPECT_TRUE(near(file.frames[50].pts_us - file.frames[49].pts_us, 7'020'000, 2 * kMillisecond));
  EXPECT_TRUE(near(file.duration_us, 9'000'000, 2 * kMillisecond));
}

TEST_F(RecorderFiles, ALayerSwitchKeepsEveryFrameAndEachItsOwnSize) {
  start();
  TrackSource camera(TrackId(1), Codec::Vp8);
  camera.start(*ring_);
  const std::vector<std::pair<int, int>> sizes = {{320, 180}, {1280, 720}, {640, 360}};
  for (int i = 0; i < 90; ++i) {
    const auto [width, height] = sizes[static_cast<size_t>(i / 30)];
    camera.feed(*ring_,
                camera.picture(Duration::micros(i * 1'000'000LL / 30), width, height, i % 30 == 0));
  }
  camera.end(*ring_);
  stop();
  ASSERT_EQ(log_.ended(TrackId(1)).size(), 1U);
  const Probed file = probe_recording(file_of(TrackId(1)));
  ASSERT_EQ(file.frames.size(), 90U);
  Vp8Check decoder;
  for (size_t i = 0; i < 90; ++i) {
    const auto [width, height] = sizes[i / 30];
    EXPECT_EQ(decoder.decode(file.frames[i].data),
              std::pair(static_cast<unsigned>(width), static_cast<unsigned>(height)));
  }
}

TEST_F(RecorderFiles, AFrameWithAMissingPacketIsLeftOutAndItsNeighboursAreWhole) {
  start();
  TrackSource camera(TrackId(1), Codec::Vp8);
  camera.start(*ring_);
  std::set<size_t> hurt;
  std::vector<Duration> whole;
  for (size_t i = 0; i < 60; ++i) {
    // Key frames are the ones that surely have several packets.
    const SentFrame frame = camera.picture(
        Duration::micros(static_cast<int64_t>(i) * 1'000'000 / 30), 640, 360, i % 10 == 0);
    const bool lose = i == 20 || i == 40;
    if (lose) {
      ASSERT_GT(frame.packets.size(), 2U);
    } else {
      whole.push_back(frame.captured);
    }
    for (size_t k = 0; k < frame.packets.size(); ++k) {
      if (lose && k == 1) continue;
      camera.feed_packet(*ring_, frame, frame.packets[k]);
    }
  }
  camera.end(*ring_);
  stop();
  const Probed file = probe_recording(file_of(TrackId(1)));
  ASSERT_EQ(file.frames.size(), whole.size());
  Vp8Check decoder;
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_TRUE(near(file.frames[i].pts_us, whole[i].as_micros(), kMillisecond));
    EXPECT_NE(decoder.decode(file.frames[i].data).first, 0U) << "frame " << i;
  }
}

TEST_F(RecorderFiles, ReorderedPacketsComeOutInOrder) {
  start();
  TrackSource voice(TrackId(1), Codec::Opus);
  voice.start(*ring_);
  std::vector<SentFrame> frames;
  for (int i = 0; i < 100; ++i) frames.push_back(voice.sound(Duration::millis(20 * i)));
  for (size_t i = 1; i + 3 < frames.size(); i += 3) std::swap(frames[i], frames[i + 2]);
  for (const SentFrame& frame : frames) voice.feed(*ring_, frame);
  voice.end(*ring_);
  stop();
  const Probed file = probe_recording(file_of(TrackId(1)));
  ASSERT_EQ(file.frames.size(), 100U);
  for (size_t i = 0; i < 100; ++i)
    EXPECT_TRUE(near(file.frames[i].pts_us, static_cast<int64_t>(i) * 20'000, kMillisecond));
}

TEST_F(RecorderFiles, WhatComesBeforeTheFirstSenderReportIsPlacedByTheReport) {
  start();
  TrackSource voice(TrackId(1), Codec::Opus);
  voice.start(*ring_);
  const Duration zero = Duration::seconds(5);
  for (int i = 0; i < 100; ++i) {
    const bool known = i >= 40;
    // Until the report comes, the server can only say when a packet arrived: 180 ms late here.
    voice.feed(*ring_, voice.sound(zero + Duration::millis(20 * i)), known,
               known ? Duration() : Duration::millis(180));
  }
  voice.end(*ring_);
  stop();
  EXPECT_TRUE(
      near(log_.started(TrackId(1))[0].start.as_micros(), zero.as_micros(), 5 * kMillisecond));
  const auto anchors = nlohmann::json::parse(log_.ended(TrackId(1))[0].clock_mapping);
  ASSERT_EQ(anchors.size(), 1U);
  EXPECT_TRUE(near(anchors[0][1].get<int64_t>(), zero.as_micros(), 5 * kMillisecond));
}

TEST_F(RecorderFiles, WithoutSenderReportsRecordingBeginsAfterTwoSecondsByArrival) {
  start();
  TrackSource voice(TrackId(1), Codec::Opus);
  voice.start(*ring_);
  for (int i = 0; i < 20; ++i)
    voice.feed(*ring_, voice.sound(Duration::millis(20 * i)), false, Duration::millis(30));
  const auto before = std::chrono::steady_clock::now();
  ASSERT_TRUE(wait_until([this] { return !log_.started(TrackId(1)).empty(); }));
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(1500));
  EXPECT_EQ(log_.started(TrackId(1))[0].start, Duration::millis(30));
  voice.end(*ring_);
  stop();
  EXPECT_EQ(probe_recording(file_of(TrackId(1))).frames.size(), 20U);
}

TEST_F(RecorderFiles, APublicationThatComesBackMakesANewFileAndOverwritesNone) {
  start();
  TrackSource voice(TrackId(1), Codec::Opus);
  for (int round = 0; round < 2; ++round) {
    voice.start(*ring_);
    for (int i = 0; i < 25; ++i)
      voice.feed(*ring_, voice.sound(Duration::millis(10'000 * round + 20 * i)));
    voice.end(*ring_);
  }
  stop();
  ASSERT_EQ(log_.ended(TrackId(1)).size(), 2U);
  EXPECT_NE(log_.ended(TrackId(1))[0].file, log_.ended(TrackId(1))[1].file);
  EXPECT_TRUE(near(log_.started(TrackId(1))[1].start.as_micros(), 10'000'000, 5 * kMillisecond));
  for (size_t i = 0; i < 2; ++i)
    EXPECT_EQ(probe_recording(file_of(TrackId(1), i)).frames.size(), 25U);
}

TEST_F(RecorderFiles, StopFinishesTracksThatNobodyEnded) {
  start();
  TrackSource voice(TrackId(1), Codec::Opus);
  voice.start(*ring_);
  for (int i = 0; i < 50; ++i) voice.feed(*ring_, voice.sound(Duration::millis(20 * i)));
  recorder_->stop();
  ASSERT_TRUE(wait_until([this] { return recorder_->finished(); }));
  ASSERT_EQ(log_.ended(TrackId(1)).size(), 1U);
  EXPECT_TRUE(log_.finished());
  EXPECT_TRUE(near(probe_recording(file_of(TrackId(1))).duration_us, 1'000'000, 2 * kMillisecond));
}

TEST_F(RecorderFiles, EightyTracksAreRecordedAtOnceAndNothingIsLost) {
  // Each is a pipeline with threads of its own.
  constexpr uint32_t kTracks = kThreadSanitizer ? 8 : 80;
  start();
  std::deque<TrackSource> sources;
  for (uint32_t i = 1; i <= kTracks; ++i) sources.emplace_back(TrackId(i), Codec::Opus, i);
  for (TrackSource& source : sources) source.start(*ring_);
  for (int i = 0; i < 100; ++i) {
    for (TrackSource& source : sources) source.feed(*ring_, source.sound(Duration::millis(20 * i)));
  }
  for (TrackSource& source : sources) source.end(*ring_);
  stop();
  for (uint32_t i = 1; i <= kTracks; ++i) {
    ASSERT_EQ(log_.ended(TrackId(i)).size(), 1U);
    EXPECT_EQ(log_.ended(TrackId(i))[0].failure, "");
    EXPECT_EQ(probe_recording(file_of(TrackId(i))).frames.size(), 100U);
  }
}

}  // namespace
}  // namespace tests

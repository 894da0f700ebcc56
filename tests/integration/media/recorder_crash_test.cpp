// A killed recorder, a broken file, a full disk: what is left plays, and nobody else is touched.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <random>

#include "media/pipelines/repair.h"
#include "tests/support/recorder_rig.h"
#include "tests/support/recording_probe.h"

namespace tests {
namespace {

constexpr TrackId kCamera(1);
constexpr TrackId kVoice(2);
using Clock = std::chrono::steady_clock;

std::shared_ptr<media::tap::TapRing> new_ring() {
  return std::make_shared<media::tap::TapRing>();
}

// Records picture and sound in real time until it is killed; writes the media time fed so far into
// `progress`.
[[noreturn]] void record_until_killed(const std::filesystem::path& folder, int progress) {
  auto ring = new_ring();
  media::pipelines::Recorder recorder(
      {media::RoomId(1), folder, [](media::pipelines::RecorderEvent) {}}, ring);
  TrackSource camera(kCamera, Codec::Vp8);
  TrackSource voice(kVoice, Codec::Opus);
  camera.start(*ring);
  voice.start(*ring);
  const RealTimePace pace;
  for (int64_t i = 0;; ++i) {
    const Duration at = Duration::millis(20 * i);
    pace.wait_for_tick(std::chrono::microseconds(at.as_micros()));
    voice.feed(*ring, voice.sound(at));
    if (i % 2 == 0) camera.feed(*ring, camera.picture(at, 320, 180, i % 100 == 0));
    const int64_t fed = at.as_micros();
    if (::pwrite(progress, &fed, sizeof fed, 0) != sizeof fed) ::_exit(2);
  }
}

class KilledRecorder : public testing::TestWithParam<int> {};

TEST_P(KilledRecorder, LosesAtMostTwoSecondsAndTheRepairedFilesPlay) {
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  const int64_t life_us = 1'000 * (1'500 + static_cast<int64_t>(random() % 2'500));
  TempFolder folder;
  const std::string progress_path = folder.path() / "progress";
  const int progress = ::open(progress_path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  ASSERT_GE(progress, 0);
  // A program of its own: a fork of a process with GStreamer's threads would not be a fair
  // recorder.
  const std::string filter = "--gtest_filter=*ChildThatRecords*";
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("TONGKE_TEST_RECORD_INTO", folder.path().c_str(), 1);
    ::execl("/proc/self/exe", "recorder", filter.c_str(), "--gtest_also_run_disabled_tests",
            nullptr);
    ::_exit(3);
  }
  int64_t fed = 0;
  const bool lived = wait_until([&] {
    return ::pread(progress, &fed, sizeof fed, 0) == ssize_t{sizeof fed} && fed >= life_us;
  });
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
  ASSERT_TRUE(lived) << "the child recorded only " << fed << " us";
  ASSERT_EQ(::pread(progress, &fed, sizeof fed, 0), static_cast<ssize_t>(sizeof fed));
  ::close(progress);
  for (const std::string file : {"camera-1-1.webm", "microphone-2-1.webm"}) {
    // Before any repair it plays from the front.
    const Probed cut = probe_recording(folder.path() / file);
    ASSERT_FALSE(cut.frames.empty()) << file << ": " << cut.error;
    const auto repaired = media::pipelines::repair_recording(folder.path(), file);
    EXPECT_TRUE(repaired.playable);
    const Probed whole = probe_recording(folder.path() / file);
    EXPECT_EQ(whole.error, "");
    EXPECT_GE(whole.frames.size(), cut.frames.size());
    ASSERT_FALSE(whole.frames.empty());
    EXPECT_GE(whole.frames.back().pts_us, fed - 2'000'000) << file;
    EXPECT_EQ(whole.frames.front().pts_us, cut.frames.front().pts_us);
    EXPECT_TRUE(near(repaired.duration.as_micros(), whole.frames.back().pts_us, 60'000));
    EXPECT_TRUE(near(whole.duration_us, repaired.duration.as_micros(), 1'000));
    EXPECT_TRUE(has_cues(folder.path() / file));
    EXPECT_GE(probe_seek(folder.path() / file, whole.duration_us * 3 / 4), 0);
    Vp8Check pictures;
    OpusCheck sounds;
    for (const auto& frame : whole.frames) {
      if (file.starts_with("camera")) {
        EXPECT_EQ(pictures.decode(frame.data).first, 320U);
      } else {
        EXPECT_EQ(sounds.decode(frame.data), 960);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Times, KilledRecorder, testing::Range(0, 3));

// Runs only in the child of the test above.
TEST(DISABLED_ChildThatRecords, UntilItIsKilled) {
  const char* folder = std::getenv("TONGKE_TEST_RECORD_INTO");
  if (folder == nullptr) GTEST_SKIP();
  const int progress = ::open((std::string(folder) + "/progress").c_str(), O_RDWR | O_CLOEXEC);
  record_until_killed(folder, progress);
}

class BrokenFiles : public testing::Test {
 protected:
  // One recording of 3 s of sound, finished.
  std::string record() {
    RecorderLog log;
    auto ring = new_ring();
    media::pipelines::Recorder recorder(
        {media::RoomId(1), folder_.path(),
         [&log](media::pipelines::RecorderEvent e) { log.add(std::move(e)); }},
        ring);
    TrackSource voice(kVoice, Codec::Opus);
    voice.start(*ring);
    for (int i = 0; i < 150; ++i) voice.feed(*ring, voice.sound(Duration::millis(20 * i)));
    voice.end(*ring);
    feed_stop(*ring);
    EXPECT_TRUE(wait_until([&log] { return log.finished(); }));
    return log.ended(kVoice).at(0).file;
  }
  TempFolder folder_;
};

TEST_F(BrokenFiles, AWholeFileIsLeftAlone) {
  const std::string file = record();
  const auto before = std::filesystem::last_write_time(folder_.path() / file);
  const auto result = media::pipelines::repair_recording(folder_.path(), file);
  EXPECT_TRUE(result.playable);
  EXPECT_TRUE(near(result.duration.as_micros(), 3'000'000, 2000));
  EXPECT_EQ(std::filesystem::last_write_time(folder_.path() / file), before);
}

TEST_F(BrokenFiles, EveryTruncationEndsAndKeepsWhatWasWhole) {
  const std::string file = record();
  const auto size = std::filesystem::file_size(folder_.path() / file);
  std::vector<char> bytes(size);
  std::ifstream(folder_.path() / file, std::ios::binary)
      .read(bytes.data(), static_cast<std::streamsize>(size));
  for (const uintmax_t keep : {uintmax_t{0}, uintmax_t{3}, uintmax_t{60}, uintmax_t{300}, size / 4,
                               size / 2, size * 9 / 10, size - 1}) {
    const std::string cut = "cut-" + std::to_string(keep) + ".webm";
    std::ofstream(folder_.path() / cut, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(keep));
    const auto result =
        media::pipelines::repair_recording(folder_.path(), cut, Duration::seconds(10));
    if (keep < size / 4) {
      EXPECT_FALSE(result.playable) << keep;
      EXPECT_EQ(std::filesystem::file_size(folder_.path() / cut), keep) << "left as it was";
      continue;
    }
    EXPECT_TRUE(result.playable) << keep;
    const double share = static_cast<double>(keep) / static_cast<double>(size);
    EXPECT_GT(result.duration.as_seconds(), 3.0 * share - 0.4) << keep;
    EXPECT_EQ(probe_recording(folder_.path() / cut).error, "");
  }
}

TEST_F(BrokenFiles, NoiseDoesNotHangOrCrash) {
  std::mt19937 random(7);
  std::vector<std::string> files;
  for (int i = 0; i < 4; ++i) {
    files.push_back("noise-" + std::to_string(i) + ".webm");
    std::ofstream out(folder_.path() / files.back(), std::ios::binary);
    for (int k = 0; k < 20'000; ++k) out.put(static_cast<char>(random()));
  }
  files.emplace_back("not-there.webm");
  const auto before = Clock::now();
  for (const auto& result : media::pipelines::repair_recordings(folder_.path(), files))
    EXPECT_FALSE(result.playable);
  EXPECT_LT(Clock::now() - before, std::chrono::seconds(30));
}

TEST(FullDisk, StopsThatFileWithAReasonAndTheFileStillPlays) {
  TempFolder folder;
  RecorderLog log;
  auto ring = new_ring();
  media::pipelines::Recorder recorder(
      {media::RoomId(1), folder.path(),
       [&log](media::pipelines::RecorderEvent e) { log.add(std::move(e)); }},
      ring);
  // A limit on the size of files stands in for a full disk: write() fails in the same place.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 150'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  TrackSource camera(kCamera, Codec::Vp8);
  TrackSource voice(kVoice, Codec::Opus);
  camera.start(*ring);
  voice.start(*ring);
  for (int i = 0; i < 150; ++i) {
    const Duration at = Duration::millis(20 * i);
    voice.feed(*ring, voice.sound(at));
    camera.feed(*ring, camera.picture(at, 1280, 720, i % 5 == 0));
  }
  EXPECT_TRUE(wait_until([&log] { return !log.ended(kCamera).empty(); }));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  voice.end(*ring);
  feed_stop(*ring);
  ASSERT_TRUE(wait_until([&log] { return log.finished(); }));
  ASSERT_EQ(log.ended(kCamera).size(), 1U);
  EXPECT_NE(log.ended(kCamera)[0].failure, "");
  EXPECT_FALSE(probe_recording(folder.path() / log.ended(kCamera)[0].file).frames.empty());
  // The other file did not notice.
  EXPECT_EQ(log.ended(kVoice).at(0).failure, "");
  EXPECT_EQ(probe_recording(folder.path() / log.ended(kVoice)[0].file).frames.size(), 150U);
}

TEST(FullDisk, AFolderThatIsGoneIsReportedPerTrack) {
  RecorderLog log;
  auto ring = new_ring();
  media::pipelines::Recorder recorder(
      {media::RoomId(1), "/nonexistent/folder",
       [&log](media::pipelines::RecorderEvent e) { log.add(std::move(e)); }},
      ring);
  TrackSource voice(kVoice, Codec::Opus);
  voice.start(*ring);
  for (int i = 0; i < 20; ++i) voice.feed(*ring, voice.sound(Duration::millis(20 * i)));
  feed_stop(*ring);
  ASSERT_TRUE(wait_until([&log] { return log.finished(); }));
  ASSERT_EQ(log.ended(kVoice).size(), 1U);
  EXPECT_NE(log.ended(kVoice)[0].failure.find("cannot be created"), std::string::npos);
}

}  // namespace
}  // namespace tests

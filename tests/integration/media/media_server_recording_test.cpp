// A recording through the whole media server: from packets on a socket to a closed file.
#include <filesystem>
#include <fstream>

#include "media_server_rig.h"

namespace media {
namespace {

class MediaServerRecording : public MediaServerRig {
 protected:
  void SetUp() override {
    MediaServerRig::SetUp();
    directory = std::filesystem::temp_directory_path() /
                ("tongke-recording-" + std::to_string(rng.next_u32()));
    std::filesystem::create_directories(directory);
  }
  void TearDown() override {
    server.reset();
    std::filesystem::remove_all(directory);
  }
  void send_voice_for(RigClient& c, Duration span) {
    const Instant end = net::monotonic_now() + span;
    while (net::monotonic_now() < end) {
      tests::RtpSample sample;
      sample.payload_type = tests::kOpusType;
      sample.sequence = c.sequence++;
      sample.timestamp = c.timestamp += 960;
      sample.ssrc = Ssrc(c.peer.value * 100 + 2);
      sample.payload = tests::opus_payload(c.sequence);
      sample.extensions.mid = "a";
      clients->send_rtp(c.id, tests::build(sample, tests::usual_extensions()));
      run_for(Duration::millis(20));
    }
  }
  std::filesystem::path directory;
};

TEST_F(MediaServerRecording, EachOpeningOfAVoiceBecomesAFileAndNothingElseIsWritten) {
  RigClient& teacher = join(1, {tests::microphone(12, "a")}, {});
  ASSERT_TRUE(run_until([&] { return teacher.connected; }));
  server->start_recording(kRoom, {directory});
  send_voice_for(teacher, Duration::millis(300));  // not opened yet
  EXPECT_TRUE(std::filesystem::is_empty(directory));
  server->open_track(TrackId(12), true);
  send_voice_for(teacher, Duration::millis(700));
  server->open_track(TrackId(12), false);
  send_voice_for(teacher, Duration::millis(200));
  server->open_track(TrackId(12), true);
  send_voice_for(teacher, Duration::millis(700));
  server->stop_recording(kRoom);
  ASSERT_TRUE(run_until(
      [&] {
        return count_events<api::RecordingFinished>(
                   [](const auto& e) { return e.room == kRoom; }) == 1;
      },
      Duration::seconds(10)));
  EXPECT_EQ(count_events<api::SegmentStarted>([](const auto& e) { return e.track == TrackId(12); }),
            2U);
  EXPECT_EQ(count_events<api::SegmentEnded>([](const auto& e) { return e.failure.empty(); }), 2U);
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    EXPECT_GT(std::filesystem::file_size(entry), 1000U) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 2U);
}

TEST_F(MediaServerRecording, RemovingTheRoomFinishesItsRecording) {
  RigClient& teacher = join(1, {tests::microphone(12, "a")}, {});
  ASSERT_TRUE(run_until([&] { return teacher.connected; }));
  server->open_track(TrackId(12), true);
  server->start_recording(kRoom, {directory});
  send_voice_for(teacher, Duration::millis(500));
  server->remove_room(kRoom);
  EXPECT_TRUE(run_until(
      [&] { return count_events<api::RecordingFinished>([](const auto&) { return true; }) == 1; },
      Duration::seconds(10)));
  EXPECT_EQ(count_events<api::SegmentEnded>([](const auto& e) { return e.failure.empty(); }), 1U);
}

}  // namespace
}  // namespace media

// A media server with a line that is too narrow for what is asked of it: real sockets, real load.
#include <gtest/gtest.h>

#include "media_server_rig.h"

namespace media {
namespace {

class MediaServerOverload : public MediaServerRig {
 protected:
  // Voice alone fits, a picture to one watcher more does not.
  MediaServerOverload() { line_bps = 120'000; }

  void send_voice(RigClient& c) {
    tests::RtpSample sample;
    sample.payload_type = tests::kOpusType;
    sample.sequence = voice_++;
    sample.timestamp = voice_ * 960U;
    sample.ssrc = Ssrc(c.peer.value * 100 + 50);
    sample.payload = tests::opus_payload(voice_);
    sample.extensions.mid = "a";
    clients->send_rtp(c.id, tests::build(sample, tests::usual_extensions()));
  }
  // 25 frames and voice packets a second until `done`.
  bool teach_until(RigClient& c, bool picture, const std::function<bool()>& done, Duration limit) {
    const Instant end = net::monotonic_now() + limit;
    while (!done()) {
      if (net::monotonic_now() >= end) return false;
      const int asked = std::exchange(c.plis, 0);
      if (picture) send_frame(c, asked > 0 || c.picture == 0);
      send_voice(c);
      run_for(Duration::millis(20));
    }
    return true;
  }
  [[nodiscard]] overload::Relief told(PeerId peer) const {
    overload::Relief last = overload::Relief::None;
    for (const api::Event& event : events) {
      const auto* changed = std::get_if<api::ReliefChanged>(&event);
      if (changed == nullptr) continue;
      if (std::find(changed->peers.begin(), changed->peers.end(), peer) != changed->peers.end())
        last = changed->relief;
    }
    return last;
  }

  uint16_t voice_ = 1;
};

TEST_F(MediaServerOverload, LeavesPicturesOutKeepsTheVoiceAndComesBack) {
  constexpr uint32_t kPicture = 9001;
  constexpr uint32_t kVoice = 9011;
  RigClient& teacher = join(1, {tests::camera(1, "v", false), tests::microphone(2, "a")}, {});
  auto small = tests::video_slot(1, "sv", kPicture);
  small.use = SlotUse::Thumbnail;
  RigClient& watcher = join(2, {}, {small, tests::audio_slot(2, "sa", kVoice)});
  ASSERT_TRUE(run_until([&] { return teacher.connected && watcher.connected; }));
  server->open_track(TrackId(1), true);
  server->open_track(TrackId(2), true);
  server->feed_slot(PeerId(2), SlotId(1), TrackId(1));
  server->feed_slot(PeerId(2), SlotId(2), TrackId(2));
  ASSERT_TRUE(teach_until(
      teacher, true, [&] { return watcher.packets_of(kPicture) > 30; }, Duration::seconds(5)));

  ASSERT_TRUE(teach_until(
      teacher, true, [&] { return told(PeerId(2)) >= overload::Relief::NoThumbnails; },
      Duration::seconds(10)))
      << "line use " << server->stats()[0].line_permille;
  EXPECT_GE(server->stats()[0].reliefs, 2U);
  EXPECT_NE(server->load(), overload::LoadLevel::Calm);
  const size_t pictures = watcher.packets_of(kPicture);
  const size_t voices = watcher.packets_of(kVoice);
  const uint16_t said = voice_;
  run_for(Duration::millis(100));
  EXPECT_LE(watcher.packets_of(kPicture), pictures + 6) << "what was under way";
  const size_t late = watcher.packets_of(kPicture);
  teach_until(
      teacher, true, [] { return false; }, Duration::seconds(1));
  EXPECT_EQ(watcher.packets_of(kPicture), late);
  EXPECT_TRUE(run_until([&] {
    return watcher.packets_of(kVoice) - voices >= static_cast<size_t>(voice_ - said);
  })) << "every word arrives";

  // The picture is switched off: there is room again, and it may be shown again.
  EXPECT_TRUE(teach_until(
      teacher, false, [&] { return told(PeerId(2)) < overload::Relief::NoThumbnails; },
      Duration::seconds(25)));
  EXPECT_TRUE(teach_until(
      teacher, true, [&] { return watcher.packets_of(kPicture) > late + 10; },
      Duration::seconds(3)));
}

TEST_F(MediaServerOverload, WhoConnectsMeanwhileIsTold) {
  RigClient& teacher = join(1, {tests::camera(1, "v", false), tests::microphone(2, "a")}, {});
  RigClient& watcher = join(2, {}, {tests::video_slot(1, "sv", 9001)});
  ASSERT_TRUE(run_until([&] { return teacher.connected && watcher.connected; }));
  server->open_track(TrackId(1), true);
  server->feed_slot(PeerId(2), SlotId(1), TrackId(1));
  ASSERT_TRUE(teach_until(
      teacher, true, [&] { return told(PeerId(2)) != overload::Relief::None; },
      Duration::seconds(10)));
  RigClient& late = join(3, {}, {tests::video_slot(1, "sv", 9101)});
  ASSERT_TRUE(run_until([&] { return late.connected; }));
  EXPECT_TRUE(run_until([&] { return told(PeerId(3)) != overload::Relief::None; }));
}

}  // namespace
}  // namespace media

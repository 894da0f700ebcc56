// The whole media path without signaling: the synthetic teacher publishes simulcast over DTLS-SRTP
// to a MediaServer, a watcher decodes it, and the recording holds the same, in step.
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "media/api/media_server.h"
#include "media/client/client_loop.h"
#include "media/client/synthetic_teacher.h"
#include "media/dtls/certificate.h"
#include "media/net/clock.h"
#include "media/rtcp/compound.h"
#include "tests/support/recorder_rig.h"
#include "tests/support/recording_probe.h"
#include "tests/support/sanitizers.h"

namespace tests {
namespace {

using media::PeerId;
using media::RoomId;
using media::SlotId;
using media::Ssrc;

constexpr RoomId kRoom(1);
constexpr PeerId kTeacher(1);
constexpr PeerId kWatcher(2);
constexpr TrackId kVoice(11);
constexpr TrackId kCamera(12);
constexpr SlotId kVoiceSlot(21);
constexpr SlotId kCameraSlot(22);
const media::IceCredentials kServerIce{"serverufrag", "serverpasswordserverpassword"};
const media::IceCredentials kClientIce{"clientufrag", "clientpasswordclientpassword"};

media::CodecParams opus() {
  return {.codec = Codec::Opus,
          .payload_type = 111,
          .rtx_payload_type = std::nullopt,
          .red_payload_type = std::nullopt,
          .clock_rate = 48000,
          .channels = 2,
          .fmtp = {}};
}
media::CodecParams vp8() {
  return {.codec = Codec::Vp8,
          .payload_type = 96,
          .rtx_payload_type = uint8_t{97},
          .red_payload_type = std::nullopt,
          .clock_rate = 90000,
          .fmtp = {},
          .nack = true,
          .pli = true,
          .fir = true,
          .transport_cc = true};
}
media::rtp::ExtensionMap extensions() {
  media::rtp::ExtensionMap map;
  map.audio_level = 1;
  map.abs_send_time = 2;
  map.transport_cc = 3;
  map.mid = 4;
  map.rid = 5;
  map.repaired_rid = 6;
  return map;
}

struct Client final : media::client::ClientEvents {
  bool connected = false;
  std::vector<std::vector<uint8_t>> feedback;
  std::map<uint32_t, uint64_t> packets;
  void on_connected(Instant /*now*/) override { connected = true; }
  void on_rtp(Instant /*now*/, media::ByteSpan packet) override {
    if (const auto view = media::rtp::PacketView::parse(packet)) ++packets[view->ssrc().value];
  }
  void on_rtcp(Instant /*now*/, media::ByteSpan compound) override {
    feedback.emplace_back(compound.begin(), compound.end());
  }
};

class LessonRecording : public testing::Test {
 protected:
  void SetUp() override {
    auto server = media::api::MediaServer::start(
        {.public_address = "127.0.0.1", .bind_address = "127.0.0.1"}, [] {});
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    server_->add_room(kRoom);
    auto loop = media::client::ClientLoop::make();
    ASSERT_TRUE(loop);
    loop_ = std::move(*loop);
  }

  media::api::PeerParams peer(PeerId id) {
    return {.room = kRoom,
            .peer = id,
            .local = {kServerIce.ufrag + std::to_string(id.value), kServerIce.password},
            .remote = kClientIce,
            .remote_fingerprint = loop_->certificate().fingerprint(),
            .extensions = extensions(),
            .published = {},
            .slots = {}};
  }

  media::client::ClientLoop::ClientId connect(const media::api::PeerParams& params,
                                              Client& client) {
    const auto id = loop_->add({.local = params.remote,
                                .remote = params.local,
                                .remote_fingerprint = server_->fingerprint(),
                                .candidate = *server_->candidate(params.peer)},
                               client);
    const Instant limit = media::net::monotonic_now() + Duration::seconds(10);
    while (!client.connected && media::net::monotonic_now() < limit) {
      loop_->run_once(media::net::monotonic_now() + Duration::millis(10));
    }
    EXPECT_TRUE(client.connected);
    return *id;
  }

  void publish() {
    media::api::PeerParams params = peer(kTeacher);
    params.published.push_back({.track = kVoice,
                                .mid = "0",
                                .kind = media::MediaKind::Audio,
                                .source = media::Source::Microphone,
                                .codecs = {opus()},
                                .rids = {},
                                .ssrcs = {}});
    params.published.push_back({.track = kCamera,
                                .mid = "1",
                                .kind = media::MediaKind::Video,
                                .source = media::Source::Camera,
                                .codecs = {vp8()},
                                .rids = {"q", "h", "f"},
                                .ssrcs = {}});
    server_->add_peer(params);
    server_->open_track(kVoice, true);
    server_->open_track(kCamera, true);
    teacher_id_ = connect(params, teacher_client_);
    const Instant start = media::net::monotonic_now();
    session_at_start_ = server_->session_time(kRoom);
    media::client::SyntheticTeacher::Params teacher;
    teacher.extensions = extensions();
    teacher.audio_mid = "0";
    teacher.video_mid = "1";
    teacher.rtx_payload_type = 97;
    teacher.audio_ssrc = Ssrc(1);
    teacher.layers = {{"q", Ssrc(2), Ssrc(12)}, {"h", Ssrc(3), Ssrc(13)}, {"f", Ssrc(4), Ssrc(14)}};
    teacher.fps = 15;
    // The sender's NTP clock is whatever it is: here it began in 1970.
    teacher.ntp_offset_us = 2'208'988'800LL * 1'000'000;
    auto made = media::client::SyntheticTeacher::make(teacher, start);
    ASSERT_TRUE(made);
    teacher_ = std::move(*made);
  }

  void watch() {
    media::api::PeerParams params = peer(kWatcher);
    params.slots.push_back({.slot = kVoiceSlot,
                            .mid = "0",
                            .kind = media::MediaKind::Audio,
                            .codecs = {opus()},
                            .ssrc = Ssrc(101),
                            .rtx_ssrc = Ssrc(102)});
    params.slots.push_back({.slot = kCameraSlot,
                            .mid = "1",
                            .kind = media::MediaKind::Video,
                            .codecs = {vp8()},
                            .ssrc = Ssrc(103),
                            .rtx_ssrc = Ssrc(104)});
    server_->add_peer(params);
    server_->feed_slot(kWatcher, kVoiceSlot, kVoice);
    server_->feed_slot(kWatcher, kCameraSlot, kCamera);
    connect(params, watcher_);
  }

  void run(Duration span) {
    const Instant end = media::net::monotonic_now() + span;
    const media::client::PacketSink sink{
        [this](media::ByteSpan p) { return loop_->send_rtp(teacher_id_, p); },
        [this](media::ByteSpan p) { return loop_->send_rtcp(teacher_id_, p); }};
    while (media::net::monotonic_now() < end) {
      loop_->run_once(std::min(end, teacher_->next_due()));
      const Instant now = media::net::monotonic_now();
      for (const auto& compound : teacher_client_.feedback) teacher_->on_rtcp(now, compound, sink);
      teacher_client_.feedback.clear();
      teacher_->produce(now, sink);
    }
  }

  bool finished() {
    std::vector<media::api::Event> events;
    server_->poll_events(events);
    for (auto& event : events) {
      if (auto* started = std::get_if<media::api::SegmentStarted>(&event))
        started_[started->track] = *started;
      if (auto* ended = std::get_if<media::api::SegmentEnded>(&event))
        ended_[ended->track] = *ended;
      if (std::holds_alternative<media::api::RecordingFinished>(event)) finished_ = true;
    }
    return finished_;
  }

  TempFolder folder_;
  std::unique_ptr<media::api::MediaServer> server_;
  std::unique_ptr<media::client::ClientLoop> loop_;
  Client teacher_client_;
  Client watcher_;
  media::client::ClientLoop::ClientId teacher_id_ = 0;
  std::unique_ptr<media::client::SyntheticTeacher> teacher_;
  Duration session_at_start_;
  std::map<TrackId, media::api::SegmentStarted> started_;
  std::map<TrackId, media::api::SegmentEnded> ended_;
  bool finished_ = false;
};

TEST_F(LessonRecording, WhatTheTeacherSendsIsWatchedAndRecordedInStep) {
  server_->start_recording(kRoom, {folder_.path()});
  publish();
  watch();
  run(Duration::seconds(5));
  server_->stop_recording(kRoom);
  ASSERT_TRUE(wait_until([this] { return finished(); }));

  EXPECT_GT(watcher_.packets[101], 200U) << "the voice, 50 packets a second";
  EXPECT_GT(watcher_.packets[103], 100U) << "the picture";
  ASSERT_EQ(ended_.size(), 2U);
  for (const auto& [track, ended] : ended_) {
    EXPECT_EQ(ended.failure, "");
    const Probed file = probe_recording(folder_.path() / ended.file);
    EXPECT_EQ(file.error, "");
    EXPECT_GT(file.duration_us, 4'000'000) << "track " << track.value;
    EXPECT_GT(file.frames.size(), track == kVoice ? 200U : 50U);
    // Both files begin with what was captured at the teacher's start, placed by the sender's own
    // reports: within what the mapping tolerates, whatever the sender's clock says and however late
    // the first key frame was encoded.
    // A machine that stalls delays the reports, so the absolute place is told loosely here (the
    // clock's own tests tell it to the microsecond) ...
    constexpr int64_t kStall = kThreadSanitizer ? 1'000'000 : 250'000;
    const Duration start = started_[track].start;
    EXPECT_TRUE(near(start.as_micros(), session_at_start_.as_micros(), kStall)) << track.value;
    // ... and voice and picture against each other tightly: one clock places both. The first
    // picture comes once per layer on the way up, each with a time of its own.
    const Duration voice = started_[kVoice].start;
    constexpr int64_t kStep = kThreadSanitizer ? 1'000'000 : 25'000;
    EXPECT_GE(start, voice - Duration::millis(120));
    EXPECT_LE(start, voice + Duration::micros(kStep));
    const int64_t step = track == kVoice ? 20'000 : 66'667;
    const int64_t last = (start - voice).as_micros() + file.frames.back().pts_us;
    EXPECT_TRUE(near(last, (last + step / 2) / step * step, kStep)) << track.value;
  }
  Vp8Check decoder;
  std::pair<unsigned, unsigned> last{0, 0};
  for (const auto& frame : probe_recording(folder_.path() / ended_[kCamera].file).frames) {
    last = decoder.decode(frame.data);
    EXPECT_NE(last.first, 0U);
  }
  EXPECT_EQ(last, std::pair(1280U, 720U)) << "the best layer is what a recording deserves";
}

}  // namespace
}  // namespace tests

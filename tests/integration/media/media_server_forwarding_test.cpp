// The media server over real sockets: publish and watch, mute, ICE restart, moving house, leaving,
// counters.
#include "media_server_rig.h"

namespace media {
namespace {

constexpr uint32_t kSlotSsrc = 0x60000001;

class MediaServerForwarding : public MediaServerRig {
 protected:
  void start_teacher_and_class() {
    teacher = &join(1, {tests::camera(11, "v", false)}, {});
    pupil = &join(2, {}, {tests::video_slot(21, "s", kSlotSsrc)});
    ASSERT_TRUE(run_until([&] { return teacher->connected && pupil->connected; }));
    server->feed_slot(pupil->peer, SlotId(21), TrackId(11));
  }
  RigClient* teacher = nullptr;
  RigClient* pupil = nullptr;
};

TEST_F(MediaServerForwarding, AClassSeesTheTeacherOnlyWhileTheTrackIsOpen) {
  start_teacher_and_class();
  publish_for(*teacher, Duration::millis(300));
  EXPECT_EQ(pupil->packets_of(kSlotSsrc), 0U);

  server->open_track(TrackId(11), true);
  publish_for(*teacher, Duration::seconds(1));
  EXPECT_GT(pupil->packets_of(kSlotSsrc), 50U);
  EXPECT_GT(teacher->transport_feedback, 5);

  server->open_track(TrackId(11), false);
  publish_for(*teacher, Duration::millis(100));  // the command overtakes nothing that is under way
  const size_t muted = pupil->packets_of(kSlotSsrc);
  publish_for(*teacher, Duration::millis(500));
  EXPECT_EQ(pupil->packets_of(kSlotSsrc), muted);

  // Unbroken numbers over the whole.
  for (size_t i = 1; i < pupil->sequences_by_ssrc.size(); ++i) {
    EXPECT_EQ(static_cast<uint16_t>(pupil->sequences_by_ssrc[i - 1].second + 1),
              pupil->sequences_by_ssrc[i].second);
  }
  EXPECT_EQ(count_events<api::PeerConnected>([](const auto&) { return true; }), 2U);
  EXPECT_EQ(count_events<api::TrackActive>(
                [](const auto& e) { return e.active && e.track == TrackId(11); }),
            1U);
  EXPECT_GE(count_events<api::PeerQuality>(
                [&](const auto& e) { return e.peer == PeerId(1) && e.uplink_bps > 100'000; }),
            1U);
}

TEST_F(MediaServerForwarding, AnIceRestartAndANewAddressChangeNothingForTheMedia) {
  start_teacher_and_class();
  server->open_track(TrackId(11), true);
  publish_for(*teacher, Duration::millis(500));
  const IceCredentials fresh_server = ice::make_credentials(rng);
  const IceCredentials fresh_own = ice::make_credentials(rng);
  server->restart_ice(pupil->peer, fresh_server, fresh_own);
  // The answer takes longer than the command.
  run_for(Duration::millis(50));
  class Outward final : public transport::DatagramSink {
   public:
    void send(const Address&, ByteSpan) override {}
  } nowhere;
  clients->find(pupil->id)->restart_ice(net::monotonic_now(), fresh_own, fresh_server, nowhere);
  // The network changes in the same moment: the first check with the new credentials comes from the
  // new place.
  ASSERT_TRUE(clients->rebind(pupil->id));
  publish_for(*teacher, Duration::seconds(2));
  const size_t before = pupil->packets_of(kSlotSsrc);
  publish_for(*teacher, Duration::seconds(1));
  EXPECT_GT(pupil->packets_of(kSlotSsrc), before + 50);
  EXPECT_EQ(count_events<api::PeerLost>([](const auto&) { return true; }), 0U);
}

TEST_F(MediaServerForwarding, WhoIsRemovedGetsNothingMoreAndWhoLeavesIsReported) {
  start_teacher_and_class();
  server->open_track(TrackId(11), true);
  publish_for(*teacher, Duration::millis(500));
  ASSERT_GT(pupil->packets_of(kSlotSsrc), 0U);
  server->remove_peer(pupil->peer);
  EXPECT_TRUE(run_until([&] { return pupil->lost; }));
  const size_t before = pupil->packets_of(kSlotSsrc);
  publish_for(*teacher, Duration::millis(300));
  EXPECT_EQ(pupil->packets_of(kSlotSsrc), before);
  EXPECT_EQ(count_events<api::PeerLost>([](const auto&) { return true; }), 0U);

  clients->remove(teacher->id);  // says close_notify
  EXPECT_TRUE(run_until([&] {
    return count_events<api::PeerLost>([](const auto& e) {
             return e.peer == PeerId(1) && e.reason == api::LossReason::ClosedByPeer;
           }) == 1;
  }));
  EXPECT_TRUE(run_until([&] { return server->stats()[0].sessions == 0; }));
}

TEST_F(MediaServerForwarding, CountersTellWhatHappened) {
  start_teacher_and_class();
  server->open_track(TrackId(11), true);
  publish_for(*teacher, Duration::seconds(1));
  EXPECT_TRUE(run_until([&] {
    const auto stats = server->stats();
    return stats[0].rtp_forwarded >= pupil->packets_of(kSlotSsrc) && stats[0].rtp_in >= 60;
  }));
  const auto stats = server->stats();
  ASSERT_EQ(stats.size(), 1U);
  EXPECT_EQ(stats[0].sessions, 2U);
  EXPECT_EQ(stats[0].rooms, 1U);
  EXPECT_GT(stats[0].bytes_out, 50'000U);
  EXPECT_EQ(stats[0].drops.of(Drop::SrtpAuth), 0U);
  EXPECT_EQ(stats[0].drops.of(Drop::SendFailed), 0U);
  EXPECT_FALSE(stats[0].cipher_backend.empty());
  server->remove_room(kRoom);
  EXPECT_TRUE(run_until([&] { return server->stats()[0].rooms == 0; }));
  EXPECT_EQ(server->candidate(pupil->peer), std::nullopt);
  EXPECT_FALSE(server->place_peer(kRoom));
}

TEST_F(MediaServerForwarding, AnUnknownRoomPeerOrTrackIsNoError) {
  server->open_track(TrackId(999), true);
  server->feed_slot(PeerId(999), SlotId(1), Loudest{});
  server->limit_slot(PeerId(999), SlotId(1), 0);
  server->remove_peer(PeerId(999));
  server->remove_room(RoomId(999));
  server->stop_recording(RoomId(999));
  server->restart_ice(PeerId(999), {}, {});
  EXPECT_EQ(server->session_time(RoomId(999)), Duration());
  EXPECT_GT(server->session_time(kRoom), Duration());
  start_teacher_and_class();
}

}  // namespace
}  // namespace media

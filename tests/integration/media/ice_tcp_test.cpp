// Clients whose network lets no UDP through: ICE, DTLS and media over TCP on the same port, beside
// clients that use UDP. And servers whose kernel offers less.
#include "media_server_rig.h"

namespace media {
namespace {

constexpr uint32_t kSlotSsrc = 0x60000001;

class IceTcp : public MediaServerRig {
 protected:
  // Publishes until the pupil has seen a second of picture, without a gap.
  void expect_picture(RigClient& teacher, RigClient& pupil) {
    const size_t before = pupil.packets_of(kSlotSsrc);
    publish_for(teacher, Duration::seconds(1));
    EXPECT_TRUE(run_until([&] { return pupil.packets_of(kSlotSsrc) >= before + 60; }));
  }
  void expect_unbroken_numbers(const RigClient& pupil) {
    for (size_t i = 1; i < pupil.sequences_by_ssrc.size(); ++i) {
      ASSERT_EQ(static_cast<uint16_t>(pupil.sequences_by_ssrc[i - 1].second + 1),
                pupil.sequences_by_ssrc[i].second);
    }
  }
};

TEST_F(IceTcp, ATeacherAndAClassHoldALessonOverTcpAlone) {
  ASSERT_TRUE(server->accepts_tcp());
  transport = Transport::Tcp;
  RigClient& teacher = join(1, {tests::camera(11, "v", false)}, {});
  RigClient& pupil = join(2, {}, {tests::video_slot(21, "s", kSlotSsrc)});
  ASSERT_TRUE(run_until([&] { return teacher.connected && pupil.connected; }));
  server->feed_slot(pupil.peer, SlotId(21), TrackId(11));
  server->open_track(TrackId(11), true);
  expect_picture(teacher, pupil);
  expect_unbroken_numbers(pupil);
  EXPECT_TRUE(run_until([&] {
    const auto stats = server->stats()[0];
    return stats.tcp_connections == 2 && stats.tcp_datagrams_out > 60;
  }));
  // Feedback finds its way back, too.
  EXPECT_GT(teacher.transport_feedback, 5);
  const auto drops = server->stats()[0].drops;
  for (const Drop reason : {Drop::TcpBacklog, Drop::TcpFraming, Drop::SendFailed, Drop::SrtpAuth})
    EXPECT_EQ(drops.of(reason), 0U) << drop_name(reason);

  clients->remove(pupil.id);  // close_notify, then the end of the connection
  EXPECT_TRUE(run_until([&] {
    return count_events<api::PeerLost>([](const auto& e) {
             return e.peer == PeerId(2) && e.reason == api::LossReason::ClosedByPeer;
           }) == 1;
  }));
  EXPECT_TRUE(run_until([&] { return server->stats()[0].tcp_connections == 1; }));
}

TEST_F(IceTcp, TcpAndUdpMeetInOneLesson) {
  RigClient& teacher = join(1, {tests::camera(11, "v", false)}, {});
  RigClient& by_udp = join(2, {}, {tests::video_slot(21, "s", kSlotSsrc)});
  transport = Transport::Tcp;
  RigClient& by_tcp = join(3, {}, {tests::video_slot(31, "s", kSlotSsrc)});
  ASSERT_TRUE(run_until([&] { return teacher.connected && by_udp.connected && by_tcp.connected; }));
  server->feed_slot(by_udp.peer, SlotId(21), TrackId(11));
  server->feed_slot(by_tcp.peer, SlotId(31), TrackId(11));
  server->open_track(TrackId(11), true);
  expect_picture(teacher, by_udp);
  EXPECT_TRUE(run_until([&] {
    return by_tcp.packets_of(kSlotSsrc) == by_udp.packets_of(kSlotSsrc);
  })) << by_tcp.packets_of(kSlotSsrc)
      << " and " << by_udp.packets_of(kSlotSsrc);
  expect_unbroken_numbers(by_tcp);
}

// The network fails, or a middlebox drops the connection: the client connects again, and the media
// go on over the new connection under the same keys.
TEST_F(IceTcp, ANewConnectionTakesOverFromOneThatBroke) {
  transport = Transport::Tcp;
  RigClient& teacher = join(1, {tests::camera(11, "v", false)}, {});
  RigClient& pupil = join(2, {}, {tests::video_slot(21, "s", kSlotSsrc)});
  ASSERT_TRUE(run_until([&] { return teacher.connected && pupil.connected; }));
  server->feed_slot(pupil.peer, SlotId(21), TrackId(11));
  server->open_track(TrackId(11), true);
  expect_picture(teacher, pupil);
  ASSERT_TRUE(clients->rebind(pupil.id));
  expect_picture(teacher, pupil);
  EXPECT_EQ(count_events<api::PeerLost>([](const auto&) { return true; }), 0U);
  EXPECT_EQ(count_events<api::PeerConnected>([](const auto&) { return true; }), 2U);
}

class PlainKernel : public MediaServerRig,
                    public testing::WithParamInterface<std::pair<bool, bool>> {
 protected:
  void SetUp() override {
    api::ServerParams params;
    params.gso = GetParam().first;
    params.gro = GetParam().second;
    params.tcp = false;
    start(params);
  }
};

TEST_P(PlainKernel, ALessonNeedsNoneOfWhatTheKernelOffers) {
  RigClient& teacher = join(1, {tests::camera(11, "v", false)}, {});
  RigClient& pupil = join(2, {}, {tests::video_slot(21, "s", kSlotSsrc)});
  ASSERT_TRUE(run_until([&] { return teacher.connected && pupil.connected; }));
  server->feed_slot(pupil.peer, SlotId(21), TrackId(11));
  server->open_track(TrackId(11), true);
  publish_for(teacher, Duration::millis(500));
  EXPECT_TRUE(run_until([&] { return pupil.packets_of(kSlotSsrc) >= 30; }));
  const auto stats = server->stats()[0];
  EXPECT_FALSE(server->accepts_tcp());
  if (!GetParam().first) {
    EXPECT_FALSE(stats.gso);
    EXPECT_EQ(stats.gso_sends, 0U);
  }
  if (!GetParam().second) {
    EXPECT_FALSE(stats.gro);
  }
}

INSTANTIATE_TEST_SUITE_P(Lacks, PlainKernel,
                         testing::Values(std::pair{false, true}, std::pair{true, false},
                                         std::pair{false, false}));

}  // namespace
}  // namespace media

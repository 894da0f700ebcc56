// One room on two servers, with a link between them that loses packets and is cut: publisher on A,
// watchers on both.
#include <array>
#include <cmath>
#include <set>

#include "media/net/udp_socket.h"
#include "media/rtcp/reports.h"
#include "media_server_rig.h"

namespace media {
namespace {

constexpr uint32_t kNearSsrc = 0x62000000;
constexpr uint32_t kFarSsrc = 0x63000000;
constexpr TrackId kTrack{11};
constexpr TrackId kImported{511};

// The line between the servers, carried by the test itself.
class Line {
 public:
  Line()
      : front_(*net::UdpSocket::bind(*Address::parse("127.0.0.1", 0))),
        back_(*net::UdpSocket::bind(*Address::parse("127.0.0.1", 0))) {}
  [[nodiscard]] Address entrance() const { return front_.local_address(); }
  void lead_to(const Address& far) { far_ = far; }

  void carry() {
    for (const net::Received& d : batch_.receive(front_)) {
      near_ = d.from;
      if (passes(d.bytes)) refused += back_.send(far_, d.bytes) ? 0 : 1;
    }
    for (const net::Received& d : batch_.receive(back_)) {
      if (passes(d.bytes)) refused += front_.send(near_, d.bytes) ? 0 : 1;
    }
  }
  bool cut = false;
  bool loses = false;
  int refused = 0;  // by the sockets
  int lost = 0;
  int media = 0;

 private:
  // Every tenth packet of media and reports is lost.
  bool passes(ByteSpan datagram) {
    if (cut) return false;
    if (datagram[0] < 128 || datagram[0] > 191) return true;
    ++media;
    if (!loses || media % 10 != 0) return true;
    ++lost;
    return false;
  }
  net::UdpSocket front_;
  net::UdpSocket back_;
  net::ReceiveBatch batch_;
  Address far_;
  Address near_;
};

class MediaServerLink : public MediaServerRig {
 protected:
  void SetUp() override {
    MediaServerRig::SetUp();
    api::ServerParams params;
    params.public_address = params.bind_address = "127.0.0.1";
    auto started = api::MediaServer::start(params, [this] { far_woken_.store(true); });
    ASSERT_TRUE(started) << started.error().message;
    far = std::move(*started);
    far->add_room(kRoom);
    server->open_track(kTrack, true);
  }
  void look_elsewhere() override {
    line.carry();
    if (far_woken_.exchange(false)) far->poll_events(far_events);
  }

  // A is active, through the line; B waits.
  void link(PeerId id) {
    const IceCredentials near_ice = ice::make_credentials(rng);
    const IceCredentials far_ice = ice::make_credentials(rng);
    const auto far_place = far->place_peer(kRoom);
    line.lead_to(far_place->candidate);
    api::LinkParams passive;
    passive.room = kRoom;
    passive.link = id;
    passive.worker = far_place->worker;
    passive.local = far_ice;
    passive.remote = near_ice;
    passive.remote_fingerprint = server->fingerprint();
    far->add_link(passive);
    api::LinkParams active;
    active.room = kRoom;
    active.link = id;
    active.worker = server->place_peer(kRoom)->worker;
    active.local = near_ice;
    active.remote = far_ice;
    active.remote_fingerprint = far->fingerprint();
    active.connect_to = line.entrance();
    server->add_link(active);
    const auto announced = server->export_track(id, kTrack);
    ASSERT_TRUE(announced);
    far->import_track(id, kImported, *announced);
    far->open_track(kImported, true);
  }
  static bool is_connected(const std::vector<api::Event>& list, PeerId id) {
    for (const api::Event& event : list) {
      const auto* e = std::get_if<api::PeerConnected>(&event);
      if (e != nullptr && e->peer == id) return true;
    }
    return false;
  }
  void start_lesson() {
    teacher = &join(1, {tests::camera(kTrack.value, "v", false)}, {});
    server->open_track(kTrack, true);
    near = &join(2, {}, {tests::video_slot(20, "s", kNearSsrc)});
    server->feed_slot(near->peer, SlotId(20), kTrack);
    link(PeerId(100));
    for (uint32_t id : {3U, 4U}) {
      watchers.push_back(&join_at(*far, id, {}, {tests::video_slot(id * 10, "s", kFarSsrc)}));
      far->feed_slot(PeerId(id), SlotId(id * 10), kImported);
    }
    ASSERT_TRUE(run_until([&] {
      return teacher->connected && near->connected && watchers[0]->connected &&
             watchers[1]->connected && is_connected(events, PeerId(100)) &&
             is_connected(far_events, PeerId(100));
    }));
  }
  // Sequence numbers between the first and the last that did not come.
  static size_t missing(const RigClient& c, uint32_t ssrc) {
    std::set<uint16_t> came;
    for (const auto& [s, sequence] : c.sequences_by_ssrc) {
      if (s == ssrc) came.insert(sequence);
    }
    return came.empty() ? SIZE_MAX
                        : static_cast<size_t>(*came.rbegin() - *came.begin() + 1) - came.size();
  }
  void send_report() {
    rtcp::SenderInfo info;
    info.ssrc = Ssrc(teacher->peer.value * 100 + 1);
    info.ntp = rtcp::NtpTime::from_micros(4'000'000'000'000'000 + net::monotonic_now().as_micros());
    info.rtp_timestamp = teacher->timestamp;
    std::array<uint8_t, 64> buffer;
    ByteWriter writer{MutableByteSpan(buffer)};
    rtcp::write_sender_report(writer, info, {});
    clients->send_rtcp(teacher->id, writer.written());
  }
  // Seconds on the session clock at which the newest packet was captured, as the reports say.
  static double capture(const RigClient& c, uint32_t ssrc) {
    const rtcp::SenderInfo& report = c.newest_report.at(ssrc);
    const auto ticks = static_cast<int32_t>(c.newest_timestamp.at(ssrc) - report.rtp_timestamp);
    return static_cast<double>(report.ntp.as_micros() - 2'208'988'800'000'000) / 1e6 +
           ticks / 90'000.0;
  }

  Line line;
  std::unique_ptr<api::MediaServer> far;
  std::vector<api::Event> far_events;
  RigClient* teacher = nullptr;
  RigClient* near = nullptr;
  std::vector<RigClient*> watchers;

 private:
  std::atomic<bool> far_woken_{false};
};

TEST_F(MediaServerLink, OneCopyCrossesWhateverTheWatchersAndWhatTheLineLosesIsRepaired) {
  start_lesson();
  publish_for(*teacher, Duration::millis(500));
  line.loses = true;
  publish_for(*teacher, Duration::seconds(3));
  line.loses = false;
  publish_for(*teacher, Duration::seconds(1));
  EXPECT_GT(line.lost, 20);
  EXPECT_EQ(line.refused, 0);
  EXPECT_EQ(missing(*near, kNearSsrc), 0U);
  for (const RigClient* w : watchers) {
    EXPECT_GT(w->packets_of(kFarSsrc), 200U);
    EXPECT_EQ(missing(*w, kFarSsrc), 0U);
  }
  // Media once, repairs, and the reports of both ends: far from one copy per watcher.
  EXPECT_LT(line.media, (teacher->sequence - 100) * 8 / 5);
}

TEST_F(MediaServerLink, ClosingATrackOnItsOwnServerSilencesTheOther) {
  start_lesson();
  publish_for(*teacher, Duration::seconds(1));
  EXPECT_GT(watchers[0]->packets_of(kFarSsrc), 40U);
  server->open_track(kTrack, false);
  publish_for(*teacher, Duration::millis(200));
  const size_t before = watchers[0]->packets_of(kFarSsrc);
  publish_for(*teacher, Duration::millis(500));
  EXPECT_EQ(watchers[0]->packets_of(kFarSsrc), before);
  server->open_track(kTrack, true);
  publish_for(*teacher, Duration::seconds(1));
  EXPECT_GT(watchers[0]->packets_of(kFarSsrc), before + 40);
}

TEST_F(MediaServerLink, BothServersTellTheSameCaptureTimes) {
  start_lesson();
  // A machine that stalls delays a report and so shifts one server's clock; the least delayed
  // report wins and the clock slews towards it by 20 ms a second, so ten seconds mend 200 ms.
  constexpr int kReports = 20;
  constexpr double kTolerance = 0.050;
  double apart = 1e9;
  for (int i = 0; i < kReports && std::abs(apart) > kTolerance; ++i) {
    publish_for(*teacher, Duration::millis(500));
    send_report();
    run_for(Duration::millis(200));  // the last packet is everywhere
    if (!near->newest_report.contains(kNearSsrc)) continue;
    if (!watchers[0]->newest_report.contains(kFarSsrc)) continue;
    // The rooms began at different moments; each server says which.
    const double between = (server->session_time(kRoom) - far->session_time(kRoom)).as_seconds();
    apart = capture(*near, kNearSsrc) - between - capture(*watchers[0], kFarSsrc);
  }
  EXPECT_NEAR(apart, 0.0, kTolerance);
}

TEST_F(MediaServerLink, ALineThatWasCutGoesOnAndALinkThatEndedIsMadeAnew) {
  start_lesson();
  publish_for(*teacher, Duration::seconds(1));
  line.cut = true;
  publish_for(*teacher, Duration::seconds(2));
  const size_t during = watchers[0]->packets_of(kFarSsrc);
  line.cut = false;
  publish_for(*teacher, Duration::seconds(2));
  EXPECT_GT(watchers[0]->packets_of(kFarSsrc), during + 100);

  // The far end gives up; the near one hears the goodbye.
  far->remove_peer(PeerId(100));
  EXPECT_TRUE(run_until([&] {
    return count_events<api::PeerLost>([](const auto& e) { return e.peer == PeerId(100); }) == 1;
  }));
  EXPECT_FALSE(server->export_track(PeerId(100), kTrack));
  link(PeerId(101));
  for (RigClient* w : watchers) far->feed_slot(w->peer, SlotId(w->peer.value * 10), kImported);
  ASSERT_TRUE(run_until([&] { return is_connected(far_events, PeerId(101)); }));
  const size_t before = watchers[1]->packets_of(kFarSsrc);
  publish_for(*teacher, Duration::seconds(1));
  EXPECT_GT(watchers[1]->packets_of(kFarSsrc), before + 50);
}

}  // namespace
}  // namespace media

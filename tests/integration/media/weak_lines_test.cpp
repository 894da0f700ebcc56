// The media server over real sockets and emulated lines: what a client that asks again has in the
// end behind each class of line, what an outage leaves, and the same over TCP.
#include <fstream>
#include <iterator>
#include <set>

#include "media/base/bytes.h"
#include "media/base/seq.h"
#include "media/receive/nack_generator.h"
#include "media/rtcp/feedback.h"
#include "media_server_rig.h"
#include "tests/line/profiles.h"
#include "tests/line/relay/line_relay.h"

namespace media {
namespace {

using line::Profile;
using line::relay::LineRelay;

constexpr uint32_t kSlotSsrc = 0x60000001;
constexpr TrackId kCamera{11};

// A class behind a line: takes one picture, asks for what is missing. It tells the server nothing
// of arrivals, so the server has no estimate: lines narrower than the picture are for the
// simulations.
class Watcher final : public client::ClientEvents {
 public:
  void on_connected(Instant) override { connected = true; }
  void on_lost(Instant, transport::Peer::State) override { lost = true; }
  void on_rtp(Instant now, ByteSpan packet) override {
    const auto view = rtp::PacketView::parse(packet);
    if (!view) return;
    uint16_t sequence = view->sequence();
    if (view->ssrc().value == kSlotSsrc + 1) {
      // RFC 4588 section 4: the original number stands before the payload.
      if (view->payload().size() < 2) return;
      sequence = load_be16(view->payload().data());
      ++retransmissions;
    } else if (view->ssrc().value != kSlotSsrc) {
      return;
    }
    const int64_t number = unwrapper_.unwrap(sequence);
    nacks_.on_packet(now, number);
    got.insert(number);
    newest = now;
  }

  void ask(Instant now, Duration rtt, client::ClientLoop& clients) {
    std::vector<uint16_t> list;
    nacks_.poll(now, rtt, list);
    if (list.empty() || !connected) return;
    std::vector<uint8_t> buffer(1200);
    ByteWriter writer{MutableByteSpan(buffer)};
    rtcp::write_nack(writer, Ssrc(1), Ssrc(kSlotSsrc), list);
    clients.send_rtcp(id, ByteSpan(buffer).first(writer.size()));
  }

  // Share of the numbers from the first to the last that never came.
  [[nodiscard]] double missing() const {
    if (got.empty()) return 1;
    const auto span = static_cast<double>(*got.rbegin() - *got.begin() + 1);
    return 1 - static_cast<double>(got.size()) / span;
  }

  bool connected = false;
  bool lost = false;
  client::ClientLoop::ClientId id = 0;
  PeerId peer;
  std::string line;
  std::unique_ptr<LineRelay> relay;
  std::set<int64_t> got;
  Instant newest;
  int retransmissions = 0;

 private:
  SeqUnwrapper unwrapper_;
  receive::NackGenerator nacks_;
};

Outcome<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return env_fail("cannot open " + path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::vector<Profile> shipped_lines() {
  const std::string folder = std::string(TONGKE_SOURCE_DIR) + "/tests/line/";
  const auto text = read_file(folder + "profiles.toml");
  auto parsed = line::parse_profiles(*text, "profiles.toml", [&](const std::string& file) {
    return read_file(folder + "traces/" + file);
  });
  EXPECT_TRUE(parsed) << parsed.error().message;
  return std::move(*parsed);
}

Profile shipped_line(const std::string& name) {
  for (const Profile& p : shipped_lines()) {
    if (p.name == name) return p;
  }
  ADD_FAILURE() << "no line " << name;
  return {};
}

class WeakLines : public MediaServerRig {
 protected:
  void SetUp() override {
    MediaServerRig::SetUp();
    teacher_ = &join(1, {tests::camera(kCamera.value, "v", false)}, {});
    ASSERT_TRUE(run_until([&] { return teacher_->connected; }));
    server->open_track(kCamera, true);
  }

  Watcher& watch_behind(const Profile& profile) {
    watchers_.push_back(std::make_unique<Watcher>());
    Watcher& w = *watchers_.back();
    w.peer = PeerId(static_cast<uint32_t>(watchers_.size() + 1));
    w.line = profile.name;
    client::WebRtcClient::Params own;
    own.local = ice::make_credentials(rng);
    own.remote = ice::make_credentials(rng);
    own.remote_fingerprint = server->fingerprint();
    api::PeerParams params;
    params.room = kRoom;
    params.peer = w.peer;
    params.local = own.remote;
    params.remote = own.local;
    params.remote_fingerprint = clients->certificate().fingerprint();
    params.extensions = tests::usual_extensions();
    params.slots = {tests::video_slot(21, "s", kSlotSsrc)};
    const auto place = server->place_peer(kRoom);
    params.worker = place->worker;
    server->add_peer(std::move(params));
    LineRelay::Params to;
    (transport == Transport::Tcp ? to.tcp_server : to.udp_server) = place->candidate;
    to.profile = profile;
    to.seed = watchers_.size();
    auto relay = LineRelay::start(std::move(to));
    EXPECT_TRUE(relay) << relay.error().message;
    w.relay = std::move(*relay);
    own.candidate = transport == Transport::Tcp ? w.relay->tcp_address() : w.relay->udp_address();
    w.id = *clients->add(own, w);
    server->feed_slot(w.peer, SlotId(21), kCamera);
    return w;
  }

  // 30 frames of three packets a second.
  void teach_for(Duration span) { publish_for(*teacher_, span); }
  bool all_connected() {
    return run_until(
        [&] {
          return std::all_of(watchers_.begin(), watchers_.end(),
                             [](const auto& w) { return w->connected; });
        },
        Duration::seconds(15));
  }
  void look_elsewhere() override {
    const Instant now = net::monotonic_now();
    if (now - last_ask_ < receive::NackGenerator::kTick) return;
    last_ask_ = now;
    for (auto& w : watchers_) w->ask(now, Duration::millis(60), *clients);
  }

  RigClient* teacher_ = nullptr;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  Instant last_ask_;
};

TEST_F(WeakLines, BehindEachClassOfLineWhatIsLostComesOnBeingAskedFor) {
  const std::map<std::string, double> allowed = {
      {"clean", 0},         {"loss5", 0.005},  {"burst10", 0.01},
      {"loss20", 0.01},     {"loss30", 0.03},  {"village-dsl", 0.005},
      {"lossy-wifi", 0.01}, {"4g-fair", 0.01}, {"satellite", 0.02},
  };
  for (const Profile& profile : shipped_lines()) {
    if (allowed.contains(profile.name)) watch_behind(profile);
  }
  ASSERT_EQ(watchers_.size(), allowed.size());
  ASSERT_TRUE(all_connected());
  teach_for(Duration::seconds(3));
  run_for(Duration::millis(1'500));  // satellites answer late
  for (const auto& w : watchers_) {
    EXPECT_GT(w->got.size(), 150U) << w->line;
    EXPECT_LE(w->missing(), allowed.at(w->line))
        << w->line << ": " << w->got.size() << " came, " << w->retransmissions << " asked for";
    const auto lost = w->relay->report().down.lost_packets();
    if (w->line == "loss20") {
      EXPECT_GT(lost, 30U) << "the line lost what it should";
      EXPECT_GT(w->retransmissions, 20);
    }
  }
}

TEST_F(WeakLines, AfterAnOutageThePictureGoesOnByItselfOnTheSameConnection) {
  Watcher& w = watch_behind(shipped_line("clean"));
  ASSERT_TRUE(all_connected());
  teach_for(Duration::millis(500));
  ASSERT_GT(w.got.size(), 20U);
  line::Params out;
  out.out = true;
  Profile gone;
  gone.up = gone.down = out;
  w.relay->use(gone);
  teach_for(Duration::millis(1'700));
  const Instant silent_since = w.newest;
  EXPECT_GT(net::monotonic_now() - silent_since, Duration::millis(1'300));
  w.relay->use(shipped_line("clean"));
  const Instant back = net::monotonic_now();
  teach_for(Duration::seconds(1));
  EXPECT_GT(w.newest, back + Duration::millis(500));
  EXPECT_FALSE(w.lost);
  EXPECT_EQ(count_events<api::PeerConnected>([&](const auto& e) { return e.peer == w.peer; }), 1U);
}

class WeakLinesOverTcp : public WeakLines {
 protected:
  void SetUp() override {
    WeakLines::SetUp();
    transport = Transport::Tcp;
  }
};

TEST_F(WeakLinesOverTcp, ALossyLineCostsTimeAndNoPackets) {
  Watcher& w = watch_behind(shipped_line("loss5"));
  ASSERT_TRUE(all_connected());
  teach_for(Duration::seconds(2));
  run_for(Duration::millis(500));
  EXPECT_GT(w.got.size(), 100U);
  EXPECT_EQ(w.missing(), 0);
}

}  // namespace
}  // namespace media

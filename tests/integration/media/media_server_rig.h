// A media server with its threads and real sockets, and clients of our own around it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "media/api/media_server.h"
#include "media/client/client_loop.h"
#include "media/dtls/certificate.h"
#include "media/ice/credentials.h"
#include "media/net/clock.h"
#include "media/net/os_rng.h"
#include "media/rtcp/compound.h"
#include "media/rtp/packet_view.h"
#include "tests/support/rtp_samples.h"
#include "tests/support/sections.h"

namespace media {

class RigClient final : public client::ClientEvents {
 public:
  void on_connected(Instant) override { connected = true; }
  void on_lost(Instant, transport::Peer::State) override { lost = true; }
  void on_rtp(Instant, ByteSpan packet) override {
    const auto view = rtp::PacketView::parse(packet);
    if (!view) return;
    sequences_by_ssrc.emplace_back(view->ssrc().value, view->sequence());
    newest_timestamp[view->ssrc().value] = view->timestamp();
  }
  void on_rtcp(Instant, ByteSpan compound) override {
    rtcp::CompoundReader reader(compound);
    while (const auto block = reader.next()) {
      if (std::holds_alternative<rtcp::Pli>(*block)) ++plis;
      if (std::holds_alternative<rtcp::TransportCcBlock>(*block)) ++transport_feedback;
      if (const auto* report = std::get_if<rtcp::SenderReport>(&*block)) {
        ++sender_reports;
        newest_report[report->sender.ssrc.value] = report->sender;
      }
    }
  }
  [[nodiscard]] size_t packets_of(uint32_t ssrc) const {
    size_t n = 0;
    for (const auto& received : sequences_by_ssrc) n += received.first == ssrc ? 1U : 0U;
    return n;
  }

  bool connected = false;
  bool lost = false;
  int plis = 0;
  int transport_feedback = 0;
  int sender_reports = 0;
  std::vector<std::pair<uint32_t, uint16_t>> sequences_by_ssrc;
  std::map<uint32_t, rtcp::SenderInfo> newest_report;  // by ssrc
  std::map<uint32_t, uint32_t> newest_timestamp;

  client::ClientLoop::ClientId id = 0;
  PeerId peer;
  IceCredentials server_side;
  IceCredentials own;
  unsigned worker = 0;

  // Publishing.
  uint16_t sequence = 100;
  uint32_t timestamp = 0;
  uint16_t picture = 0;
};

class MediaServerRig : public ::testing::Test {
 protected:
  void SetUp() override { start({}); }

  void start(api::ServerParams params) {
    params.public_address = "127.0.0.1";
    params.bind_address = "127.0.0.1";
    params.line_bps = line_bps;
    auto started = api::MediaServer::start(params, [this] { woken_.store(true); });
    ASSERT_TRUE(started) << started.error().message;
    server = std::move(*started);
    auto loop = client::ClientLoop::make();
    ASSERT_TRUE(loop) << loop.error().message;
    clients = std::move(*loop);
    server->add_room(kRoom);
  }

  RigClient& join(uint32_t peer_id, std::vector<PublishedSection> published,
                  std::vector<ReceiveSection> slots) {
    return join_at(*server, peer_id, std::move(published), std::move(slots));
  }
  RigClient& join_at(api::MediaServer& at, uint32_t peer_id,
                     std::vector<PublishedSection> published, std::vector<ReceiveSection> slots) {
    peers_.push_back(std::make_unique<RigClient>());
    RigClient& c = *peers_.back();
    c.peer = PeerId(peer_id);
    c.server_side = ice::make_credentials(rng);
    c.own = ice::make_credentials(rng);
    api::PeerParams params;
    params.room = kRoom;
    params.peer = c.peer;
    params.local = c.server_side;
    params.remote = c.own;
    params.remote_fingerprint = clients->certificate().fingerprint();
    params.extensions = tests::usual_extensions();
    params.published = std::move(published);
    params.slots = std::move(slots);
    const auto place = at.place_peer(kRoom);
    params.worker = place->worker;
    c.worker = place->worker;
    at.add_peer(std::move(params));
    client::WebRtcClient::Params own;
    own.local = c.own;
    own.remote = c.server_side;
    own.remote_fingerprint = at.fingerprint();
    own.candidate = place->candidate;
    own.candidate.transport = transport;
    const auto added = clients->add(own, c);
    EXPECT_TRUE(added);
    if (added) c.id = *added;
    return c;
  }

  // Runs clients and collects events until `done` or five seconds are over.
  bool run_until(const std::function<bool()>& done, Duration limit = Duration::seconds(5)) {
    const Instant end = net::monotonic_now() + limit;
    while (!done()) {
      const Instant now = net::monotonic_now();
      if (now >= end) return false;
      clients->run_once(now + Duration::millis(5));
      if (woken_.exchange(false)) server->poll_events(events);
      look_elsewhere();
    }
    return true;
  }
  void run_for(Duration span) {
    run_until([] { return false; }, span);
  }

  static tests::Vp8Sample frame_part(bool starts, bool key, uint16_t picture) {
    tests::Vp8Sample part;
    part.starts_frame = starts;
    part.key = key;
    part.picture_id = picture;
    return part;
  }
  // One frame of three packets.
  void send_frame(RigClient& c, bool key) {
    c.timestamp += 3000;
    for (int i = 0; i < 3; ++i) {
      tests::RtpSample sample;
      sample.payload_type = tests::kVp8Type;
      sample.marker = i == 2;
      sample.sequence = c.sequence++;
      sample.timestamp = c.timestamp;
      sample.ssrc = Ssrc(c.peer.value * 100 + 1);
      sample.payload = tests::vp8_payload(frame_part(i == 0, key, c.picture));
      sample.extensions.mid = "v";
      sample.extensions.transport_cc = transport_sequence_++;
      clients->send_rtp(c.id, tests::build(sample, tests::usual_extensions()));
    }
    ++c.picture;
  }
  // 30 frames a second for `span`, a key frame whenever one was asked for.
  void publish_for(RigClient& c, Duration span) {
    const Instant end = net::monotonic_now() + span;
    while (net::monotonic_now() < end) {
      const int asked = std::exchange(c.plis, 0);
      send_frame(c, asked > 0 || c.picture == 0);
      run_for(Duration::millis(33));
    }
  }

  // Whatever else the test has to keep going while it waits.
  virtual void look_elsewhere() {}

  template <class E>
  [[nodiscard]] size_t count_events(const std::function<bool(const E&)>& match) const {
    size_t n = 0;
    for (const api::Event& event : events) {
      const auto* e = std::get_if<E>(&event);
      n += e != nullptr && match(*e) ? 1U : 0U;
    }
    return n;
  }

  static constexpr RoomId kRoom{7};
  int64_t line_bps = 0;  // set before SetUp()
  net::OsRng rng;
  Transport transport = Transport::Udp;  // by which clients join
  std::unique_ptr<api::MediaServer> server;
  std::unique_ptr<client::ClientLoop> clients;
  std::vector<api::Event> events;

 private:
  std::atomic<bool> woken_{false};
  std::vector<std::unique_ptr<RigClient>> peers_;
  uint16_t transport_sequence_ = 1;
};

}  // namespace media

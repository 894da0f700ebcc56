// N rooms' peers, all to all, over one media worker: everybody publishes a voice and a picture and
// receives three voices and nine pictures on one connection. The media server runs in this process;
// its cost is the CPU time of its worker threads.
//
//   bench_media_meeting PEERS SECONDS_PER_WINDOW WINDOWS
//
// Each picture stream: 300 kbit/s, 15 fps, 3 packets a picture. Prints one JSON line, medians of
// the windows.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "media/api/media_server.h"
#include "media/client/client_loop.h"
#include "media/client/outgoing_stream.h"
#include "media/dtls/certificate.h"
#include "media/ice/credentials.h"
#include "media/net/clock.h"
#include "media/rtp/packet_view.h"
#include "signaling/load/histogram.h"
#include "signaling/load/stream_check.h"
#include "tests/support/sections.h"

namespace {

using namespace media;
using signaling::load::Histogram;
using signaling::load::StreamCheck;

constexpr RoomId kRoom{1};
constexpr uint32_t kVoices = 3;
constexpr uint32_t kPictures = 9;
constexpr Duration kSoundInterval = Duration::millis(20);
constexpr Duration kPictureInterval = Duration::micros(66'667);
constexpr int kPicturePackets = 3;
constexpr size_t kPicturePacket = 833;
constexpr size_t kSound = 80;

// Nanoseconds on a CPU of all threads of this process whose name begins with `prefix`.
uint64_t cpu_ns_of_threads(const std::string& prefix) {
  uint64_t sum = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    if (!name.starts_with(prefix)) continue;
    uint64_t ns = 0;
    std::ifstream(task.path() / "schedstat") >> ns;
    sum += ns;
  }
  return sum;
}

// No congestion feedback is promised: the measurement is of forwarding everything.
rtp::ExtensionMap meeting_extensions() {
  rtp::ExtensionMap out = tests::usual_extensions();
  out.transport_cc = 0;
  return out;
}

struct Totals {
  Histogram delays;
  uint64_t received = 0;
};

class MeetingPeer final : public client::ClientEvents {
 public:
  MeetingPeer(uint32_t number, Totals& totals) : number_(number), totals_(totals) {}

  void join(api::MediaServer& server, client::ClientLoop& loop, uint32_t peers);
  // Once all have joined: a slot cannot show a track that is not there yet.
  void watch(api::MediaServer& server, uint32_t peers) const;
  void produce(Instant now);
  [[nodiscard]] Instant next_due() const { return std::min(next_sound_, next_picture_); }
  [[nodiscard]] StreamCheck::Counts counts() const {
    StreamCheck::Counts sum;
    for (const auto& [ssrc, check] : streams_) sum += check.counts();
    return sum;
  }

  void on_connected(Instant /*now*/) override { connected = true; }
  void on_rtp(Instant /*now*/, ByteSpan packet) override {
    const auto view = rtp::PacketView::parse(packet);
    if (!view) return;
    streams_[view->ssrc().value].on_packet(view->sequence());
    ++totals_.received;
    if (const auto sent = signaling::load::read_stamp(view->payload())) {
      totals_.delays.record(
          static_cast<uint32_t>(std::max<int64_t>(0, (net::monotonic_now() - *sent).as_micros())));
    }
  }

  static TrackId voice_of(uint32_t number) { return TrackId(100 + number); }
  static TrackId picture_of(uint32_t number) { return TrackId(1000 + number); }

  bool connected = false;

 private:
  void send_sound(Instant now);
  void send_picture(Instant now);

  uint32_t number_;
  Totals& totals_;
  client::ClientLoop::ClientId id_ = 0;
  client::ConnectionState connection_;
  std::unique_ptr<client::OutgoingStream> voice_;
  std::unique_ptr<client::OutgoingStream> picture_;
  client::PacketSink sink_;
  Instant next_sound_;
  Instant next_picture_;
  uint16_t picture_id_ = 0;
  std::unordered_map<uint32_t, StreamCheck> streams_;
};

void MeetingPeer::join(api::MediaServer& server, client::ClientLoop& loop, uint32_t peers) {
  api::PeerParams params;
  params.room = kRoom;
  params.peer = PeerId(1 + number_);
  params.local = ice::make_credentials(loop.rng());
  params.remote = ice::make_credentials(loop.rng());
  params.remote_fingerprint = loop.certificate().fingerprint();
  params.extensions = meeting_extensions();
  params.published = {tests::microphone(voice_of(number_).value, "a"),
                      tests::camera(picture_of(number_).value, "v", false)};
  for (uint32_t i = 0; i < kVoices; ++i)
    params.slots.push_back(tests::audio_slot(1 + i, "sa" + std::to_string(i), 0x5000 + 2 * i));
  for (uint32_t i = 0; i < kPictures; ++i)
    params.slots.push_back(tests::video_slot(20 + i, "sv" + std::to_string(i), 0x6000 + 2 * i));
  for (ReceiveSection& slot : params.slots) {
    for (CodecParams& codec : slot.codecs) codec.transport_cc = false;
  }
  const auto place = server.place_peer(kRoom);
  params.worker = place->worker;
  client::WebRtcClient::Params own;
  own.local = params.remote;
  own.remote = params.local;
  own.remote_fingerprint = server.fingerprint();
  own.candidate = place->candidate;
  server.add_peer(std::move(params));
  server.open_track(voice_of(number_), true);
  server.open_track(picture_of(number_), true);
  const auto added = loop.add(own, *this);
  if (!added) return;
  id_ = *added;
  connection_.extensions = meeting_extensions();
  const Instant start = net::monotonic_now();
  connection_.ntp_offset_us = net::wall_now_us() - start.as_micros() + 2'208'988'800LL * 1'000'000;
  voice_ = std::make_unique<client::OutgoingStream>(
      client::OutgoingStream::Params{.mid = "a",
                                     .rid = {},
                                     .payload_type = tests::kOpusType,
                                     .rtx_payload_type = std::nullopt,
                                     .ssrc = Ssrc(0x1000 + number_),
                                     .rtx_ssrc = {},
                                     .clock_rate = 48000},
      connection_, start);
  picture_ = std::make_unique<client::OutgoingStream>(
      client::OutgoingStream::Params{.mid = "v",
                                     .rid = {},
                                     .payload_type = tests::kVp8Type,
                                     .rtx_payload_type = std::nullopt,
                                     .ssrc = Ssrc(0x2000 + number_),
                                     .rtx_ssrc = {},
                                     .clock_rate = 90000},
      connection_, start);
  sink_ = {[this, &loop](ByteSpan packet) { return loop.send_rtp(id_, packet); },
           [this, &loop](ByteSpan packet) { return loop.send_rtcp(id_, packet); }};
  // Cameras are not in step.
  next_sound_ = start + Duration::micros(kSoundInterval.as_micros() * number_ / peers);
  next_picture_ = start + Duration::micros(kPictureInterval.as_micros() * number_ / peers);
}

void MeetingPeer::watch(api::MediaServer& server, uint32_t peers) const {
  const PeerId peer(1 + number_);
  for (uint32_t i = 0; i < kVoices; ++i) server.feed_slot(peer, SlotId(1 + i), Loudest{});
  for (uint32_t i = 0; i < kPictures; ++i)
    server.feed_slot(peer, SlotId(20 + i), picture_of((number_ + 1 + i) % peers));
}

void MeetingPeer::produce(Instant now) {
  if (now >= next_sound_) {
    if (connected) send_sound(now);
    next_sound_ += kSoundInterval;
  }
  if (now >= next_picture_) {
    if (connected) send_picture(now);
    next_picture_ += kPictureInterval;
  }
}

void MeetingPeer::send_sound(Instant now) {
  std::array<uint8_t, kSound> payload{};
  payload[0] = 0xf8;  // RFC 6716 section 3.1: CELT fullband, 20 ms, one frame
  signaling::load::write_stamp(payload, net::monotonic_now());
  // The first three are the loudest, so that the voices stay where they are.
  const uint8_t level = number_ < kVoices ? 20 : 60;
  voice_->send(now, now, payload, false, rtp::AudioLevel{level, true}, sink_);
}

void MeetingPeer::send_picture(Instant now) {
  picture_id_ = (picture_id_ + 1) & 0x7fff;
  // A key frame each second: nobody answers requests here.
  const bool key = picture_id_ % 15 == 1;
  for (int i = 0; i < kPicturePackets; ++i) {
    std::array<uint8_t, kPicturePacket> payload{};
    const uint8_t head[] = {static_cast<uint8_t>(i == 0 ? 0x90 : 0x80),
                            0x80,
                            static_cast<uint8_t>(0x80 | (picture_id_ >> 8)),
                            static_cast<uint8_t>(picture_id_),
                            static_cast<uint8_t>(key ? 0x10 : 0x11),
                            0,
                            0,
                            0x9d,
                            0x01,
                            0x2a,
                            0x80,
                            0x02,
                            0x68,
                            0x01};  // RFC 7741, RFC 6386 section 9.1: 640x360
    std::copy_n(head, i > 0 ? 4 : key ? sizeof head : 7, payload.begin());
    signaling::load::write_stamp(payload, net::monotonic_now());
    picture_->send(now, now, payload, i + 1 == kPicturePackets, std::nullopt, sink_);
  }
}

class Meeting {
 public:
  Meeting(std::unique_ptr<api::MediaServer> server, std::unique_ptr<client::ClientLoop> loop)
      : server_(std::move(server)), loop_(std::move(loop)) {}

  void run(uint32_t peers, Duration window, int windows);

 private:
  void drive(Duration span);
  [[nodiscard]] uint64_t missing() const {
    uint64_t sum = 0;
    for (const auto& peer : peers_) sum += peer->counts().missing;
    return sum;
  }

  std::unique_ptr<api::MediaServer> server_;
  std::unique_ptr<client::ClientLoop> loop_;
  Totals totals_;
  std::vector<std::unique_ptr<MeetingPeer>> peers_;
  std::vector<api::Event> events_;
};

void Meeting::drive(Duration span) {
  const Instant end = net::monotonic_now() + span;
  while (net::monotonic_now() < end) {
    Instant next = end;
    for (const auto& peer : peers_) next = std::min(next, peer->next_due());
    loop_->run_once(next);
    for (const auto& peer : peers_) peer->produce(net::monotonic_now());
    events_.clear();
    server_->poll_events(events_);
  }
}

void Meeting::run(uint32_t peers, Duration window, int windows) {
  server_->add_room(kRoom);
  for (uint32_t i = 0; i < peers; ++i) peers_.push_back(std::make_unique<MeetingPeer>(i, totals_));
  for (const auto& peer : peers_) peer->join(*server_, *loop_, peers);
  for (const auto& peer : peers_) peer->watch(*server_, peers);
  drive(Duration::seconds(4));
  const uint64_t missing_before = missing();
  std::vector<double> cost;
  std::vector<double> rate;
  std::vector<double> p50;
  std::vector<double> p99;
  for (int i = 0; i < windows; ++i) {
    totals_.delays.clear();
    totals_.received = 0;
    const uint64_t cpu = cpu_ns_of_threads("media-");
    drive(window);
    const auto packets = static_cast<double>(totals_.received);
    cost.push_back(static_cast<double>(cpu_ns_of_threads("media-") - cpu) / 1000 /
                   std::max(1.0, packets));
    rate.push_back(packets / window.as_seconds());
    p50.push_back(totals_.delays.percentile(0.5) / 1000.0);
    p99.push_back(totals_.delays.percentile(0.99) / 1000.0);
  }
  const auto connected =
      std::ranges::count_if(peers_, [](const auto& peer) { return peer->connected; });
  using signaling::load::median;
  std::printf(
      "{\"connected\":%ld,\"us_per_packet\":%.3f,\"packets_per_second\":%.0f,\"delay_p50_ms\":%.3f,"
      "\"delay_p99_ms\":%.3f,\"missing\":%llu}\n",
      static_cast<long>(connected), median(cost), median(rate), median(p50), median(p99),
      static_cast<unsigned long long>(missing() - std::min(missing(), missing_before)));
}

}  // namespace

int main(int argc, char** argv) {
  const auto peers = argc == 4 ? static_cast<uint32_t>(std::strtoul(argv[1], nullptr, 10)) : 0;
  if (peers <= kPictures) {
    std::fprintf(stderr, "bench_media_meeting PEERS SECONDS_PER_WINDOW WINDOWS; over 9 peers\n");
    return 2;
  }
  auto server =
      api::MediaServer::start({.public_address = "127.0.0.1", .bind_address = "127.0.0.1"}, [] {});
  auto loop = client::ClientLoop::make();
  if (!server || !loop) {
    std::fprintf(stderr, "%s\n", (!server ? server.error() : loop.error()).message.c_str());
    return 1;
  }
  Meeting(std::move(*server), std::move(*loop))
      .run(peers, Duration::micros(static_cast<int64_t>(std::strtod(argv[2], nullptr) * 1e6)),
           static_cast<int>(std::strtol(argv[3], nullptr, 10)));
  return 0;
}

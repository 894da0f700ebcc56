#include "media/api/media_server.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "media/api/event_mapping.h"
#include "media/base/log.h"
#include "media/dtls/certificate.h"
#include "media/net/capabilities.h"
#include "media/net/clock.h"
#include "media/net/udp_socket.h"
#include "media/pipelines/recorder.h"
#include "media/pipelines/repair.h"
#include "media/srtp/profile.h"
#include "media/worker/worker_pool.h"

namespace media::api {

namespace {

// Events of recorders, which have threads of their own. Off the packet path, so a lock is fine.
class RecorderEvents {
 public:
  explicit RecorderEvents(std::function<void()> wake) : wake_(std::move(wake)) {}

  void add(Event event) {
    {
      const std::lock_guard lock(mutex_);
      events_.push_back(std::move(event));
    }
    wake_();
  }
  void take(std::vector<Event>& out) {
    const std::lock_guard lock(mutex_);
    std::move(events_.begin(), events_.end(), std::back_inserter(out));
    events_.clear();
  }

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Event> events_;
};

class Server final : public MediaServer {
 public:
  Server(ServerParams params, dtls::Certificate certificate, std::function<void()> wake)
      : params_(std::move(params)),
        certificate_(std::move(certificate)),
        recorder_events_(wake),
        wake_(std::move(wake)) {}

  Outcome<void> start_workers() {
    const net::Capabilities chosen =
        net::Capabilities{params_.gso, params_.gro} & net::probe_capabilities();
    auto pool = worker::WorkerPool::start(
        {params_.workers, params_.bind_address, params_.media_port, chosen, params_.tcp},
        certificate_, wake_);
    if (!pool) return env_fail(pool.error().message);
    pool_.emplace(std::move(*pool));
    say_what_was_chosen(chosen);
    return {};
  }

  ~Server() override {
    // Workers first: they write the last packets and the end of every recording into the rings.
    pool_.reset();
    recorders_.clear();
  }

  [[nodiscard]] bool accepts_tcp() const override { return params_.tcp; }

  [[nodiscard]] const Fingerprint& fingerprint() const override {
    return certificate_.fingerprint();
  }

  [[nodiscard]] std::optional<Placement> place_peer(RoomId room) override {
    const auto it = rooms_.find(room);
    if (it == rooms_.end()) return std::nullopt;
    const auto address = candidate_of(*it->second.worker);
    return address ? std::optional<Placement>({0, *address}) : std::nullopt;
  }

  [[nodiscard]] std::optional<Address> candidate(PeerId peer) const override {
    const auto it = peers_.find(peer);
    const auto room = it == peers_.end() ? rooms_.end() : rooms_.find(it->second);
    return room == rooms_.end() ? std::nullopt : candidate_of(*room->second.worker);
  }

  void add_room(RoomId room) override {
    if (rooms_.contains(room)) return;
    worker::Worker& worker = pool_->place(room);
    const Instant start = net::monotonic_now();
    rooms_.emplace(room, Room{&worker, start});
    worker.post(engine::AddRoom{room, start});
  }

  void remove_room(RoomId room) override {
    const auto it = rooms_.find(room);
    if (it == rooms_.end()) return;
    it->second.worker->post(engine::RemoveRoom{room});
    rooms_.erase(it);
    pool_->forget(room);
    std::erase_if(peers_, [&](const auto& p) { return p.second == room; });
    std::erase_if(tracks_, [&](const auto& t) { return t.second.room == room; });
  }

  [[nodiscard]] Duration session_time(RoomId room) const override {
    const auto it = rooms_.find(room);
    return it == rooms_.end() ? Duration() : net::monotonic_now() - it->second.start;
  }

  void add_peer(PeerParams params) override {
    const auto it = rooms_.find(params.room);
    if (it == rooms_.end()) return;
    forget_peer(params.peer);
    peers_.emplace(params.peer, params.room);
    pool_->count_peer(params.room, 1);
    for (const PublishedSection& section : params.published) {
      tracks_.insert_or_assign(section.track, TrackHome{params.room, params.peer});
    }
    it->second.worker->post(engine::AddPeer{params.room, params.peer, std::move(params.local),
                                            std::move(params.remote), params.remote_fingerprint,
                                            params.extensions, std::move(params.published),
                                            std::move(params.slots)});
  }

  void remove_peer(PeerId peer) override {
    if (worker::Worker* worker = worker_of(peer)) worker->post(engine::RemovePeer{peer});
    forget_peer(peer);
  }

  void restart_ice(PeerId peer, IceCredentials local, IceCredentials remote) override {
    if (worker::Worker* worker = worker_of(peer)) {
      worker->post(engine::RestartIce{peer, std::move(local), std::move(remote)});
    }
  }

  void open_track(TrackId track, bool open) override {
    const auto home = tracks_.find(track);
    if (home == tracks_.end()) return;
    const auto room = rooms_.find(home->second.room);
    if (room != rooms_.end())
      room->second.worker->post(engine::OpenTrack{home->second.room, track, open});
  }

  void feed_slot(PeerId peer, SlotId slot, SlotFeed feed) override {
    if (worker::Worker* worker = worker_of(peer)) worker->post(engine::FeedSlot{peer, slot, feed});
  }

  void limit_slot(PeerId peer, SlotId slot, LayerLimit limit) override {
    if (worker::Worker* worker = worker_of(peer))
      worker->post(engine::LimitSlot{peer, slot, limit});
  }

  void start_recording(RoomId room, RecordingParams params) override {
    const auto it = rooms_.find(room);
    if (it == rooms_.end()) return;
    auto ring = std::make_shared<tap::TapRing>();
    pipelines::Recorder::Params recorder;
    recorder.room = room;
    recorder.directory = std::move(params.directory);
    recorder.on_event = [this, room](pipelines::RecorderEvent event) {
      recorder_events_.add(to_api(room, std::move(event)));
    };
    recorders_.push_back(std::make_unique<pipelines::Recorder>(std::move(recorder), ring));
    // A recording that still runs is finished by the engine before the new one begins.
    it->second.worker->post(engine::StartRecording{room, std::move(ring)});
  }

  void stop_recording(RoomId room) override {
    const auto it = rooms_.find(room);
    if (it != rooms_.end()) it->second.worker->post(engine::StopRecording{room});
  }

  void poll_events(std::vector<Event>& out) override {
    for (const auto& worker : pool_->workers()) {
      engine_events_.clear();
      worker->take_events(engine_events_);
      for (engine::Event& event : engine_events_) {
        if (const auto* lost = std::get_if<engine::PeerLost>(&event)) forget_peer(lost->peer);
        out.push_back(to_api(std::move(event)));
      }
    }
    recorder_events_.take(out);
    std::erase_if(recorders_, [](const auto& recorder) { return recorder->finished(); });
  }

  [[nodiscard]] std::vector<WorkerStats> stats() override {
    std::vector<WorkerStats> all;
    for (const auto& worker : pool_->workers()) {
      const worker::WorkerCounters c = worker->counters();
      WorkerStats s;
      s.datagrams_in = c.datagrams_in;
      s.bytes_in = c.bytes_in;
      s.datagrams_out = c.datagrams_out;
      s.bytes_out = c.bytes_out;
      s.rtp_in = c.rtp_in;
      s.rtp_forwarded = c.rtp_forwarded;
      s.rtx_out = c.rtx_out;
      s.send_calls = c.send_calls;
      s.gso_sends = c.gso_sends;
      s.recv_calls = c.recv_calls;
      s.sessions = c.sessions;
      s.rooms = c.rooms;
      s.loop_lag_us_max = worker->take_lag_us();
      s.tcp_connections = c.tcp_connections;
      s.tcp_accepted = c.tcp_accepted;
      s.tcp_datagrams_out = c.tcp_datagrams_out;
      s.gso = worker->uses_gso();
      s.gro = worker->uses_gro();
      s.receive_buffer = static_cast<uint64_t>(worker->receive_buffer());
      s.send_buffer = static_cast<uint64_t>(worker->send_buffer());
      s.cipher_backend = srtp::backend_name();
      s.cipher_arch = srtp::backend_arch();
      s.drops.counts = c.drops;
      all.push_back(std::move(s));
    }
    return all;
  }

 private:
  struct Room {
    worker::Worker* worker = nullptr;  // owned by the pool
    Instant start;
  };
  struct TrackHome {
    RoomId room;
    PeerId peer;
  };

  void say_what_was_chosen(const net::Capabilities& chosen) const {
    const auto log = logger("media");
    const worker::Worker& first = *pool_->workers().front();
    const net::SocketOptions wanted;
    const std::string arch = srtp::backend_arch();
    log->info("{}; ICE-TCP {}; ciphers by {}{}; UDP buffers {} KiB in, {} KiB out",
              net::to_string(chosen), params_.tcp ? "on" : "off", srtp::backend_name(),
              arch.empty() ? "" : " (" + arch + ")", first.receive_buffer() / 1024,
              first.send_buffer() / 1024);
    if (first.receive_buffer() >= wanted.receive_buffer &&
        first.send_buffer() >= wanted.send_buffer)
      return;
    log->warn(
        "the kernel grants less than {} KiB per UDP buffer, so that bursts may be lost: "
        "sysctl -w net.core.rmem_max={} net.core.wmem_max={}",
        wanted.receive_buffer / 1024, wanted.receive_buffer, wanted.send_buffer);
  }

  [[nodiscard]] std::optional<Address> candidate_of(const worker::Worker& worker) const {
    const auto address = Address::parse(params_.public_address, worker.local_address().port);
    return address ? std::optional<Address>(*address) : std::nullopt;
  }

  worker::Worker* worker_of(PeerId peer) {
    const auto it = peers_.find(peer);
    return it == peers_.end() ? nullptr : pool_->worker_of(it->second);
  }

  void forget_peer(PeerId peer) {
    const auto it = peers_.find(peer);
    if (it == peers_.end()) return;
    pool_->count_peer(it->second, -1);
    peers_.erase(it);
    std::erase_if(tracks_, [&](const auto& t) { return t.second.peer == peer; });
  }

  ServerParams params_;
  dtls::Certificate certificate_;
  RecorderEvents recorder_events_;
  std::function<void()> wake_;
  std::vector<std::unique_ptr<pipelines::Recorder>> recorders_;
  std::optional<worker::WorkerPool> pool_;
  std::unordered_map<RoomId, Room> rooms_;
  std::unordered_map<PeerId, RoomId> peers_;
  std::unordered_map<TrackId, TrackHome> tracks_;
  std::vector<engine::Event> engine_events_;
};

}  // namespace

Outcome<std::unique_ptr<MediaServer>> MediaServer::start(const ServerParams& params,
                                                         std::function<void()> wake) {
  if (!Address::parse(params.public_address, params.media_port)) {
    return env_fail("The public address \"" + params.public_address +
                    "\" must be numeric: browsers send their media to it.");
  }
  auto certificate = dtls::Certificate::make();
  if (!certificate) return env_fail(certificate.error().message);
  auto server = std::make_unique<Server>(params, std::move(*certificate), std::move(wake));
  if (auto started = server->start_workers(); !started) return env_fail(started.error().message);
  return std::unique_ptr<MediaServer>(std::move(server));
}

std::vector<RepairedFile> repair_recordings(const std::filesystem::path& directory,
                                            const std::vector<std::string>& files) {
  std::vector<RepairedFile> repaired;
  for (pipelines::RepairedFile& file : pipelines::repair_recordings(directory, files)) {
    repaired.push_back({std::move(file.file), file.duration, file.playable});
  }
  return repaired;
}

}  // namespace media::api

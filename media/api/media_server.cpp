#include "media/api/media_server.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "media/api/event_mapping.h"
#include "media/api/link_tracks.h"
#include "media/api/room_directory.h"
#include "media/base/log.h"
#include "media/dtls/certificate.h"
#include "media/net/capabilities.h"
#include "media/net/clock.h"
#include "media/net/os_rng.h"
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

// Slots of links are the server's own; signaling counts its own from 1.
constexpr uint32_t kFirstLinkSlot = 0x80000000;

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
    auto pool =
        worker::WorkerPool::start({params_.workers, params_.bind_address, params_.media_port,
                                   chosen, params_.tcp, params_.line_bps},
                                  certificate_, wake_);
    if (!pool) return env_fail(pool.error().message);
    pool_.emplace(std::move(*pool));
    rooms_.emplace(*pool_, params_.spread_above_pps,
                   [this](RoomId room, size_t part) { on_new_part(room, part); });
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
    const auto worker = rooms_->place_peer(room);
    const auto address = worker ? candidate_of(*worker) : std::nullopt;
    if (!address) return std::nullopt;
    return Placement{static_cast<unsigned>(*worker), *address};
  }

  [[nodiscard]] std::optional<Address> candidate(PeerId peer) const override {
    const auto worker = rooms_->worker_of(peer);
    return worker ? candidate_of(*worker) : std::nullopt;
  }

  void add_room(RoomId room) override { rooms_->add_room(room, net::monotonic_now()); }

  void remove_room(RoomId room) override {
    recordings_.erase(room);
    rooms_->remove_room(room);
  }

  [[nodiscard]] Duration session_time(RoomId room) const override {
    const auto start = rooms_->start_of(room);
    return start ? net::monotonic_now() - *start : Duration();
  }

  void add_peer(PeerParams params) override {
    engine::AddPeer command;
    command.room = params.room;
    command.peer = params.peer;
    command.local = std::move(params.local);
    command.remote = std::move(params.remote);
    command.remote_fingerprint = params.remote_fingerprint;
    command.extensions = params.extensions;
    command.published = std::move(params.published);
    command.slots = std::move(params.slots);
    command.starts_dtls = params.starts_dtls;
    rooms_->add_peer(params.worker, std::move(command));
  }

  void remove_peer(PeerId peer) override {
    rooms_->remove_peer(peer);
    links_.erase(peer);
  }

  void restart_ice(PeerId peer, IceCredentials local, IceCredentials remote) override {
    rooms_->post_to(peer, engine::RestartIce{peer, std::move(local), std::move(remote)});
  }

  void open_track(TrackId track, bool open) override { rooms_->open_track(track, open); }

  void feed_slot(PeerId peer, SlotId slot, SlotFeed feed) override {
    rooms_->post_to(peer, engine::FeedSlot{peer, slot, feed});
  }

  void limit_slot(PeerId peer, SlotId slot, LayerLimit limit) override {
    rooms_->post_to(peer, engine::LimitSlot{peer, slot, limit});
  }

  void add_link(LinkParams params) override {
    links_[params.link] = {};
    engine::AddPeer command;
    command.room = params.room;
    command.peer = params.link;
    command.local = std::move(params.local);
    command.remote = std::move(params.remote);
    command.remote_fingerprint = params.remote_fingerprint;
    command.extensions = link_extensions();
    command.is_link = true;
    command.connect_to = params.connect_to;
    rooms_->add_peer(params.worker, std::move(command));
  }

  [[nodiscard]] std::optional<LinkedTrack> export_track(PeerId link, TrackId track) override {
    const PublishedSection* section = rooms_->exportable(link, track);
    if (section == nullptr) return std::nullopt;
    std::unordered_set<uint32_t>& used = links_[link];
    const LinkedTrack announced = number_for_link(*section, [&] {
      uint32_t ssrc = 0;
      while (ssrc == 0 || !used.insert(ssrc).second) ssrc = rng_.next_u32();
      return Ssrc(ssrc);
    });
    rooms_->post_to(link, engine::ExportTrack{link, track, sending_sections(announced, [this] {
                                                return SlotId(next_link_slot_++);
                                              })});
    return announced;
  }

  void import_track(PeerId link, TrackId as, const LinkedTrack& announced) override {
    rooms_->import_track(link, receiving_section(as, announced));
  }

  void withdraw_track(PeerId link, TrackId track) override { rooms_->withdraw_track(link, track); }

  void start_recording(RoomId room, RecordingParams params) override {
    const std::vector<size_t> parts = rooms_->parts_of(room);
    if (parts.empty()) return;
    const Recording recording{std::move(params.directory),
                              std::make_shared<std::atomic<size_t>>(parts.size())};
    recordings_.insert_or_assign(room, recording);
    for (const size_t part : parts) record_part(room, recording, part);
  }

  void stop_recording(RoomId room) override {
    recordings_.erase(room);
    for (const size_t part : rooms_->parts_of(room))
      pool_->worker(part).post(engine::StopRecording{room});
  }

  void poll_events(std::vector<Event>& out) override {
    for (const auto& worker : pool_->workers()) {
      engine_events_.clear();
      worker->take_events(engine_events_);
      for (engine::Event& event : engine_events_) {
        if (const auto* lost = std::get_if<engine::PeerLost>(&event)) {
          rooms_->forget_peer(lost->peer);
          links_.erase(lost->peer);
        }
        out.push_back(to_api(std::move(event)));
      }
    }
    recorder_events_.take(out);
    std::erase_if(recorders_, [](const auto& recorder) { return recorder->finished(); });
  }

  [[nodiscard]] overload::LoadLevel load() const override {
    auto least = static_cast<uint64_t>(overload::LoadLevel::Overloaded);
    for (const auto& worker : pool_->workers())
      least = std::min(least, worker->counters().load_level);
    return static_cast<overload::LoadLevel>(least);
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
      s.relay_out = c.relay_out;
      s.relay_in = c.relay_in;
      s.send_calls = c.send_calls;
      s.gso_sends = c.gso_sends;
      s.recv_calls = c.recv_calls;
      s.sessions = c.sessions;
      s.rooms = c.rooms;
      s.loop_lag_us_max = worker->take_lag_us();
      s.tcp_connections = c.tcp_connections;
      s.tcp_accepted = c.tcp_accepted;
      s.tcp_datagrams_out = c.tcp_datagrams_out;
      s.busy_permille = c.busy_permille;
      s.line_permille = c.line_permille;
      s.mean_lag_us = c.mean_lag_us;
      s.backlogs = c.backlogs;
      s.level = static_cast<overload::LoadLevel>(c.load_level);
      s.relief = static_cast<overload::Relief>(c.relief);
      s.reliefs = c.reliefs;
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
  struct Recording {
    std::filesystem::path directory;
    std::shared_ptr<std::atomic<size_t>> running;  // recorders: one for each part of the room
  };

  // Each part of a room is recorded where its publishers are, into files of its own.
  void record_part(RoomId room, const Recording& recording, size_t part) {
    auto ring = std::make_shared<tap::TapRing>();
    pipelines::Recorder::Params recorder;
    recorder.room = room;
    recorder.directory = recording.directory;
    recorder.on_event = [this, room, running = recording.running](pipelines::RecorderEvent event) {
      // The recording has finished when the last of them has.
      if (std::holds_alternative<pipelines::RecordingFinished>(event) && running->fetch_sub(1) != 1)
        return;
      recorder_events_.add(to_api(room, std::move(event)));
    };
    recorders_.push_back(std::make_unique<pipelines::Recorder>(std::move(recorder), ring));
    // A recording that still runs is finished by the engine before the new one begins.
    pool_->worker(part).post(engine::StartRecording{room, std::move(ring)});
  }

  void on_new_part(RoomId room, size_t part) {
    const auto it = recordings_.find(room);
    if (it == recordings_.end()) return;
    it->second.running->fetch_add(1);
    record_part(room, it->second, part);
  }

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

  [[nodiscard]] std::optional<Address> candidate_of(size_t worker) const {
    const auto address =
        Address::parse(params_.public_address, pool_->worker(worker).local_address().port);
    return address ? std::optional<Address>(*address) : std::nullopt;
  }

  ServerParams params_;
  dtls::Certificate certificate_;
  RecorderEvents recorder_events_;
  std::function<void()> wake_;
  std::vector<std::unique_ptr<pipelines::Recorder>> recorders_;
  std::optional<worker::WorkerPool> pool_;
  std::optional<RoomDirectory> rooms_;
  std::unordered_map<RoomId, Recording> recordings_;                // that were not stopped
  std::unordered_map<PeerId, std::unordered_set<uint32_t>> links_;  // ssrcs in use
  net::OsRng rng_;
  uint32_t next_link_slot_ = kFirstLinkSlot;
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

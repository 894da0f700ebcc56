// One worker's whole brain, without any I/O.
//
// Contract: give it every datagram of a batch with handle_datagram(), then end_batch(), then
// flush(); give it commands with handle_command() and time with handle_timeout() when
// next_timeout() has come, each followed by flush(). Handshakes wait for handle_timeout(), which
// is then due at once. It never waits, never reads a clock and keeps
// nothing of a datagram that it did not copy. Owner: worker::Worker, or a test. Thread: the
// owner's.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <vector>

#include "media/base/address.h"
#include "media/base/bytes.h"
#include "media/base/drop.h"
#include "media/base/packet_pool.h"
#include "media/base/rng.h"
#include "media/base/time.h"
#include "media/base/urgency.h"
#include "media/engine/commands.h"
#include "media/engine/handshake_queue.h"
#include "media/engine/recording_sink.h"
#include "media/engine/relay_ports.h"
#include "media/engine/session_table.h"
#include "media/sfu/outbox.h"
#include "media/sfu/room_shard.h"
#include "media/transport/peer.h"

namespace media::engine {

struct EngineStats {
  uint64_t rtp_in = 0;
  uint64_t rtp_forwarded = 0;  // retransmissions included
  uint64_t rtx_out = 0;
  uint64_t relay_out = 0;  // packets for other workers
  uint64_t relay_in = 0;
  size_t sessions = 0;
  size_t rooms = 0;
  size_t packets_held = 0;  // in histories
};

class Engine {
 public:
  // `certificate` and `rng` outlive the engine.
  Engine(const dtls::Certificate& certificate, Rng& rng);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // What all rooms leave out from now on; told to every peer by ReliefChanged.
  void set_relief(Instant now, overload::Relief relief);

  // Decrypts in place.
  void handle_datagram(Instant now, Address from, MutableByteSpan datagram);
  // Fans out what the batch brought.
  void end_batch(Instant now);
  void handle_command(Instant now, Command command);
  void handle_timeout(Instant now);
  [[nodiscard]] Instant next_timeout() const;
  // Whether a session is known under this address.
  [[nodiscard]] bool knows(const Address& address) const {
    return sessions_.by_address(address) != nullptr;
  }

  // --- other workers of shared rooms: collect_relays(), then the commands that wait, then
  // handle_relays(), then flush() ---
  [[nodiscard]] bool has_neighbours() const { return !ports_.empty(); }
  void collect_relays() { ports_.collect(); }
  // Ends its batch. True when something is left for another turn.
  bool handle_relays(Instant now);

  // Writes every datagram that is due straight into `batch`, media first, and seals it there; hands
  // recordings to their rings. `Batch` is net::SendBatch or anything with the same slot() and
  // commit().
  template <class Batch>
  void flush(Instant now, Batch& batch);

  // The end: says goodbye to every peer and finishes every recording, as far as the rings have
  // room.
  void close_all(Instant now);

  // Appends and forgets what happened since the last call.
  void take_events(std::vector<Event>& out);
  [[nodiscard]] EngineStats stats() const;
  [[nodiscard]] const DropCounters& drops() const { return outbox_.drops; }

  // A connection that never comes to anything is given up.
  static constexpr Duration kConnectLimit = Duration::seconds(30);
  static constexpr size_t kMaxSessions = 4096;
  // Consent checks come every few seconds; half a second more harms nobody.
  static constexpr size_t kSweepTicks = 25;
  // Without media for longer than any repair takes, a tick needs to come less often.
  static constexpr Duration kQuietAfter = Duration::seconds(4);
  static constexpr int64_t kQuietTicks = 5;

 private:
  // Control datagrams (STUN, DTLS) wait here for flush().
  class ControlQueue final : public transport::DatagramSink {
   public:
    void send(const Address& to, ByteSpan datagram) override {
      entries_.push_back({to, bytes_.size(), datagram.size()});
      bytes_.insert(bytes_.end(), datagram.begin(), datagram.end());
    }
    struct Entry {
      Address to;
      size_t offset = 0;
      size_t size = 0;
    };
    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
    [[nodiscard]] ByteSpan bytes_of(const Entry& e) const {
      return ByteSpan(bytes_).subspan(e.offset, e.size);
    }
    void clear() {
      entries_.clear();
      bytes_.clear();
    }

   private:
    std::vector<Entry> entries_;
    std::vector<uint8_t> bytes_;
  };

  struct Room {
    std::unique_ptr<sfu::RoomShard> shard;
    std::unique_ptr<RecordingSink> recording;
  };

  void on(Instant now, AddRoom& c);
  void on(Instant now, RemoveRoom& c);
  void on(Instant now, AddPeer& c);
  void on(Instant now, RemovePeer& c);
  void on(Instant now, RestartIce& c);
  void on(Instant now, OpenTrack& c);
  void on(Instant now, FeedSlot& c);
  void on(Instant now, LimitSlot& c);
  void on(Instant now, ConnectShard& c);
  void on(Instant now, AddNeighbour& c);
  void on(Instant now, AddMirror& c);
  void on(Instant now, RemoveMirror& c);
  void on(Instant now, ExportTrack& c);
  void on(Instant now, ImportTrack& c);
  void on(Instant now, WithdrawTrack& c);
  void on(Instant now, StartRecording& c);
  void on(Instant now, StopRecording& c);

  Session* find_session(Address& from, ByteSpan datagram);
  void after_control(Instant now, Session& session);
  void queue_batch(sfu::RoomShard& room);
  void run_handshakes(Instant now);
  void tick(Instant now);
  void check(Instant now, uint32_t handle);
  [[nodiscard]] bool is_quiet(Instant now) const;
  void stay_awake(Instant now);
  void lose(Instant now, Session& session, LossReason reason);
  void remove(Instant now, Session& session);
  void finish_recording(Room& room);
  void write_records();
  void take_room_events();
  Room* find_room(RoomId room);

  const dtls::Certificate& certificate_;
  Rng& rng_;
  PacketPool pool_;  // outlives everything that holds packets
  sfu::Outbox outbox_;
  ControlQueue control_;
  std::unordered_map<RoomId, Room> rooms_;
  std::vector<sfu::RoomShard*> batch_rooms_;
  std::vector<std::unique_ptr<RecordingSink>> finishing_;
  SessionTable sessions_;
  std::vector<Event> events_;
  std::vector<PeerId> over_limit_;  // to be ended at the next tick
  Instant next_tick_;
  overload::Relief relief_ = overload::Relief::None;
  // Sessions that are coming up, and links: looked at every tick. Those that stand are looked at in
  // turn, each once in kSweepTicks.
  std::vector<uint32_t> urgent_;
  size_t sweep_ = 0;
  Instant last_media_;
  HandshakeQueue handshakes_;
  Instant handshakes_due_;  // when some wait
  RelayPorts ports_;
  EngineStats stats_;
};

template <class Batch>
void Engine::flush(Instant now, Batch& batch) {
  write_records();
  ports_.carry(outbox_, outbox_.drops);
  // A receiver's packets stand together: its session is looked up once for all of them.
  const sfu::Peer* receiver = nullptr;
  transport::Peer* wire = nullptr;
  for (const sfu::RtpOut& out : outbox_.rtp) {
    if (out.peer != receiver) {
      receiver = out.peer;
      Session* session = sessions_.by_handle(out.peer->handle());
      wire = session != nullptr && session->wire->can_send() ? session->wire.get() : nullptr;
    }
    if (wire == nullptr) continue;
    const MutableByteSpan slot = batch.slot();
    const auto written =
        out.peer->write_rtp(now, out, slot.first(slot.size() - transport::kSealOverhead));
    if (written.size == 0) {
      outbox_.drops.add(Drop::SendFailed);
      continue;
    }
    const size_t size =
        wire->seal_rtp(slot, written.header_size, written.size, out.departure.rewritten.sequence);
    const bool is_voice =
        out.departure.packet.template facts<send::SourceFacts>().codec == Codec::Opus;
    batch.commit(wire->remote(), size, is_voice ? Urgency::Voice : Urgency::Picture);
    ++stats_.rtp_forwarded;
    stats_.rtx_out += out.departure.is_rtx ? 1U : 0U;
  }
  for (const sfu::RtcpOut& out : outbox_.rtcp) {
    Session* session = sessions_.by_handle(out.peer->handle());
    if (session == nullptr || !session->wire->can_send()) continue;
    const MutableByteSpan slot = batch.slot();
    const ByteSpan plain = outbox_.bytes_of(out);
    std::memcpy(slot.data(), plain.data(), plain.size());
    batch.commit(session->wire->remote(), session->wire->seal_rtcp(slot, plain.size()));
  }
  for (const auto& entry : control_.entries()) {
    const MutableByteSpan slot = batch.slot();
    const ByteSpan bytes = control_.bytes_of(entry);
    if (bytes.size() > slot.size()) continue;
    std::memcpy(slot.data(), bytes.data(), bytes.size());
    batch.commit(entry.to, bytes.size());
  }
  control_.clear();
  take_room_events();
  outbox_.clear();
}

}  // namespace media::engine

#include "media/engine/engine.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "media/rtp/demux.h"
#include "media/stun/message.h"

namespace media::engine {

Engine::Engine(const dtls::Certificate& certificate, Rng& rng)
    : certificate_(certificate), rng_(rng) {}

Engine::~Engine() = default;

Engine::Room* Engine::find_room(RoomId room) {
  const auto it = rooms_.find(room);
  return it == rooms_.end() ? nullptr : &it->second;
}

// ---- datagrams ----

Session* Engine::find_session(Address& from, ByteSpan datagram) {
  Session* session = sessions_.by_address(from);
  if (session == nullptr && from.local != 0) {
    // A link that we opened knows its one remote address, whichever of ours the kernel chose for
    // it.
    Address plain = from;
    plain.local = 0;
    session = sessions_.by_address(plain);
    if (session != nullptr) from = plain;
  }
  if (rtp::protocol_of(datagram) != rtp::Protocol::Stun) {
    if (session == nullptr) outbox_.drops.add(Drop::UnknownAddress);
    return session;
  }
  // A request names its session; an address may have changed hands. A response is found by address.
  const std::string_view username = stun::peek_username(datagram);
  if (username.empty()) {
    if (session == nullptr) outbox_.drops.add(Drop::UnknownAddress);
    return session;
  }
  session = sessions_.by_username(username);
  if (session == nullptr) outbox_.drops.add(Drop::UnknownUfrag);
  return session;
}

void Engine::handle_datagram(Instant now, Address from, MutableByteSpan datagram) {
  Session* session = find_session(from, datagram);
  if (session == nullptr) return;
  if (!session->was_connected && rtp::protocol_of(datagram) == rtp::Protocol::Dtls) {
    if (handshakes_.empty()) handshakes_due_ = now;
    if (!handshakes_.push(from, datagram)) outbox_.drops.add(Drop::HandshakeQueue);
    return;
  }
  const auto inbound = session->wire->on_datagram(now, from, datagram, control_, outbox_.drops);
  switch (inbound.kind) {
    case transport::Peer::Kind::Rtp:
      ++stats_.rtp_in;
      stay_awake(now);
      session->room->on_rtp(now, *session->media, inbound.plain);
      queue_batch(*session->room);
      return;
    case transport::Peer::Kind::Rtcp:
      session->room->on_rtcp(now, *session->media, inbound.plain);
      return;
    case transport::Peer::Kind::Nothing:
      after_control(now, *session);
      return;
  }
}

void Engine::queue_batch(sfu::RoomShard& room) {
  if (room.has_pending() &&
      std::find(batch_rooms_.begin(), batch_rooms_.end(), &room) == batch_rooms_.end()) {
    batch_rooms_.push_back(&room);
  }
}

bool Engine::handle_relays(Instant now) {
  const bool more = ports_.handle(
      [&](ShardId from, const sfu::RelayOut& message) {
        if (Room* room = find_room(message.room)) room->shard->on_relay(now, from, message.message);
      },
      [&](const mesh::Crossing& c) {
        Room* room = find_room(c.room);
        if (room == nullptr) return outbox_.drops.add(Drop::NotPermitted);
        room->shard->on_relayed_packet(
            now, {c.track, c.ssrc, c.form, c.facts, ByteSpan(c.bytes).first(c.size)});
        queue_batch(*room->shard);
      });
  end_batch(now);
  return more;
}

void Engine::end_batch(Instant now) {
  for (sfu::RoomShard* room : batch_rooms_) room->forward(now);
  batch_rooms_.clear();
}

void Engine::run_handshakes(Instant now) {
  for (size_t i = 0; i < HandshakeQueue::kPerTurn && !handshakes_.empty(); ++i) {
    HandshakeQueue::Entry entry = handshakes_.take();
    // Gone or moved while the datagram waited.
    Session* session = sessions_.by_address(entry.from);
    if (session == nullptr) {
      outbox_.drops.add(Drop::UnknownAddress);
      continue;
    }
    session->wire->on_datagram(now, entry.from, entry.datagram, control_, outbox_.drops);
    after_control(now, *session);
  }
  handshakes_due_ = now;
}

void Engine::after_control(Instant now, Session& session) {
  sessions_.refile(session);
  switch (session.wire->state()) {
    case transport::Peer::State::Failed:
      return lose(now, session,
                  session.was_connected ? LossReason::ConsentExpired : LossReason::HandshakeFailed);
    case transport::Peer::State::Closed:
      return lose(now, session, LossReason::ClosedByPeer);
    default:
      break;
  }
  if (session.was_connected || !session.wire->can_send()) return;
  session.was_connected = true;
  session.media->note_rtt(session.wire->rtt());
  session.room->set_connected(now, session.peer);
  events_.emplace_back(PeerConnected{session.peer});
  if (relief_ != overload::Relief::None)
    events_.emplace_back(ReliefChanged{relief_, {session.peer}});
}

void Engine::lose(Instant now, Session& session, LossReason reason) {
  events_.emplace_back(PeerLost{session.peer, reason});
  remove(now, session);
}

void Engine::remove(Instant now, Session& session) {
  // What was still to be sent to or built by this peer goes with it.
  const sfu::Peer* gone = session.media;
  std::erase_if(outbox_.rtp, [&](const sfu::RtpOut& o) { return o.peer == gone; });
  std::erase_if(outbox_.rtcp, [&](const sfu::RtcpOut& o) { return o.peer == gone; });
  session.room->remove_peer(now, session.peer);
  sessions_.remove(session);
}

// ---- commands ----

void Engine::handle_command(Instant now, Command command) {
  std::visit([&](auto& c) { on(now, c); }, command);
}

void Engine::on(Instant now, AddRoom& c) {
  if (find_room(c.room) != nullptr) return;
  auto& room = rooms_[c.room];
  room.shard = std::make_unique<sfu::RoomShard>(c.room, c.start, pool_, rng_, outbox_);
  room.shard->set_relief(now, relief_);
}

void Engine::on(Instant now, RemoveRoom& c) {
  Room* room = find_room(c.room);
  if (room == nullptr) return;
  for (const auto& session : sessions_.all()) {
    if (!session || session->room != room->shard.get()) continue;
    session->wire->close(control_);
    remove(now, *session);
  }
  finish_recording(*room);
  batch_rooms_.erase(std::remove(batch_rooms_.begin(), batch_rooms_.end(), room->shard.get()),
                     batch_rooms_.end());
  rooms_.erase(c.room);
}

void Engine::on(Instant now, AddPeer& c) {
  Room* room = find_room(c.room);
  if (room == nullptr || sessions_.size() >= kMaxSessions) {
    if (room != nullptr) outbox_.drops.add(Drop::SessionLimit);
    events_.emplace_back(PeerLost{c.peer, LossReason::OverLimit});
    return;
  }
  if (Session* old = sessions_.by_peer(c.peer)) remove(now, *old);
  Session& session = sessions_.add(c.peer);
  session.created = now;
  session.room = room->shard.get();
  transport::Peer::Params wire;
  wire.local = std::move(c.local);
  wire.remote = std::move(c.remote);
  wire.remote_fingerprint = c.remote_fingerprint;
  wire.dtls_reversed = c.starts_dtls;
  if (c.is_link) wire.max_ssrcs = sfu::Peer::kMaxLinkSsrcs;
  if (c.connect_to) {
    wire.role = transport::Peer::Params::Role::Client;
    wire.candidate = *c.connect_to;
  }
  session.wire = std::make_unique<transport::Peer>(std::move(wire), certificate_, rng_);
  session.media = &room->shard->add_peer(
      now,
      {c.peer, c.extensions, std::move(c.published), std::move(c.slots), std::nullopt, c.is_link},
      session.handle);
  if (c.connect_to) {
    session.wire->check_now(now);
    session.wire->on_timeout(now, control_);
  }
  sessions_.refile(session);
  urgent_.push_back(session.handle);
  stay_awake(now);
}

void Engine::on(Instant now, RemovePeer& c) {
  Session* session = sessions_.by_peer(c.peer);
  if (session == nullptr) return;
  session->wire->close(control_);
  remove(now, *session);
}

void Engine::on(Instant /*now*/, RestartIce& c) {
  Session* session = sessions_.by_peer(c.peer);
  if (session == nullptr) return;
  session->wire->restart_ice(std::move(c.local), std::move(c.remote));
  sessions_.refile(*session);
}

void Engine::on(Instant now, OpenTrack& c) {
  if (Room* room = find_room(c.room)) room->shard->open_track(now, c.track, c.open);
}

void Engine::on(Instant now, FeedSlot& c) {
  if (Session* session = sessions_.by_peer(c.peer))
    session->room->feed_slot(now, c.peer, c.slot, c.feed);
}

void Engine::on(Instant now, LimitSlot& c) {
  if (Session* session = sessions_.by_peer(c.peer))
    session->room->limit_slot(now, c.peer, c.slot, c.limit);
}

void Engine::on(Instant now, StartRecording& c) {
  Room* room = find_room(c.room);
  if (room == nullptr) {
    // The room is gone: its recorder must still come to an end.
    finishing_.push_back(std::make_unique<RecordingSink>(std::move(c.ring)));
    finishing_.back()->stop();
    return;
  }
  finish_recording(*room);
  room->recording = std::make_unique<RecordingSink>(std::move(c.ring));
  room->shard->start_recording(now);
}

void Engine::on(Instant /*now*/, StopRecording& c) {
  if (Room* room = find_room(c.room)) finish_recording(*room);
}

// ---- rooms over several workers, links to other servers ----

void Engine::on(Instant /*now*/, ConnectShard& c) {
  ports_.connect(c.shard, std::move(c.out), std::move(c.in));
}

void Engine::on(Instant /*now*/, AddNeighbour& c) {
  if (Room* room = find_room(c.room)) room->shard->add_neighbour(c.shard);
}

void Engine::on(Instant now, AddMirror& c) {
  if (Room* room = find_room(c.room)) room->shard->add_mirror(now, c.home, c.peer, c.section);
}

void Engine::on(Instant now, RemoveMirror& c) {
  if (Room* room = find_room(c.room)) room->shard->remove_mirror(now, c.peer);
}

void Engine::on(Instant now, ExportTrack& c) {
  if (Session* session = sessions_.by_peer(c.link))
    session->room->add_slots(now, c.link, c.track, c.sections);
}

void Engine::on(Instant now, ImportTrack& c) {
  if (Session* session = sessions_.by_peer(c.link))
    session->room->add_section(now, c.link, c.section);
}

void Engine::on(Instant now, WithdrawTrack& c) {
  if (Room* room = find_room(c.room)) room->shard->withdraw_track(now, c.link, c.track);
}

// ---- recording ----

void Engine::finish_recording(Room& room) {
  if (!room.recording) return;
  room.shard->stop_recording();
  write_records();
  room.recording->stop();
  finishing_.push_back(std::move(room.recording));
}

void Engine::write_records() {
  for (const sfu::RecordOut& step : outbox_.records) {
    Room* room = find_room(step.room);
    if (room != nullptr && room->recording) room->recording->write(step, outbox_.drops);
  }
  outbox_.records.clear();
}

// ---- time ----

Instant Engine::next_timeout() const {
  const Instant tick = sessions_.size() == 0 && finishing_.empty() ? Instant::never() : next_tick_;
  return handshakes_.empty() ? tick : std::min(tick, handshakes_due_);
}

void Engine::handle_timeout(Instant now) {
  if (!handshakes_.empty()) run_handshakes(now);
  if (now >= next_tick_) tick(now);
}

void Engine::tick(Instant now) {
  ports_.retry();
  // Ticks that were missed are not made up for.
  const int64_t ticks = is_quiet(now) ? kQuietTicks : 1;
  next_tick_ =
      std::max(next_tick_ + sfu::RoomShard::kTick * ticks, now + sfu::RoomShard::kTick / 2);
  for (const PeerId id : std::exchange(over_limit_, {})) {
    Session* session = sessions_.by_peer(id);
    if (session == nullptr) continue;
    session->wire->close(control_);
    lose(now, *session, LossReason::OverLimit);
  }
  for (size_t i = 0; i < urgent_.size();) {
    check(now, urgent_[i]);
    const Session* session = sessions_.by_handle(urgent_[i]);
    if (session != nullptr && (!session->was_connected || session->media->is_link())) {
      ++i;
      continue;
    }
    urgent_[i] = urgent_.back();
    urgent_.pop_back();
  }
  for (int64_t turn = 0; turn < ticks; ++turn) {
    for (size_t i = sweep_; i < sessions_.all().size(); i += kSweepTicks)
      check(now, static_cast<uint32_t>(i));
    sweep_ = (sweep_ + 1) % kSweepTicks;
  }
  for (auto& [id, room] : rooms_) {
    room.shard->on_tick(now);
    if (room.recording) room.recording->retry();
  }
  std::erase_if(finishing_, [](const auto& sink) { return sink->retry(); });
}

void Engine::check(Instant now, uint32_t handle) {
  Session* session = sessions_.by_handle(handle);
  if (session == nullptr) return;
  if (!session->was_connected && now - session->created > kConnectLimit)
    return lose(now, *session, LossReason::HandshakeFailed);
  if (now < session->wire->next_timeout()) return;
  session->wire->on_timeout(now, control_);
  after_control(now, *session);
}

bool Engine::is_quiet(Instant now) const {
  return urgent_.empty() && finishing_.empty() && ports_.empty() && now - last_media_ > kQuietAfter;
}

// A quiet engine's next tick may be far off.
void Engine::stay_awake(Instant now) {
  last_media_ = now;
  next_tick_ = std::min(next_tick_, now + sfu::RoomShard::kTick);
}

void Engine::set_relief(Instant now, overload::Relief relief) {
  if (relief == relief_) return;
  relief_ = relief;
  ReliefChanged changed{relief, {}};
  for (const auto& session : sessions_.all()) {
    if (session && session->was_connected) changed.peers.push_back(session->peer);
  }
  events_.emplace_back(std::move(changed));
  for (auto& [id, room] : rooms_) room.shard->set_relief(now, relief);
}

void Engine::close_all(Instant now) {
  std::vector<RoomId> ids;
  ids.reserve(rooms_.size());
  for (const auto& [id, room] : rooms_) ids.push_back(id);
  for (const RoomId id : ids) {
    RemoveRoom command{id};
    on(now, command);
  }
  std::erase_if(finishing_, [](const auto& sink) { return sink->retry(); });
}

// ---- out ----

void Engine::take_room_events() {
  for (sfu::Event& event : outbox_.events) {
    std::visit(
        [&](auto& e) {
          if constexpr (std::is_same_v<std::decay_t<decltype(e)>, sfu::PeerOverLimit>) {
            // Ended at the next tick, when nothing refers to it any more.
            if (Session* session = sessions_.by_peer(e.peer)) over_limit_.push_back(session->peer);
          } else {
            events_.emplace_back(std::move(e));
          }
        },
        event);
  }
}

void Engine::take_events(std::vector<Event>& out) {
  std::move(events_.begin(), events_.end(), std::back_inserter(out));
  events_.clear();
}

EngineStats Engine::stats() const {
  EngineStats s = stats_;
  s.sessions = sessions_.size();
  s.rooms = rooms_.size();
  s.relay_out = ports_.packets_out();
  s.relay_in = ports_.packets_in();
  s.packets_held = pool_.in_use();
  return s;
}

}  // namespace media::engine

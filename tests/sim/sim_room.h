// A room of the real forwarding code with simulated peers and lines, in virtual time. Crypto and
// sockets are left out: forwarding never sees them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "media/sfu/room_shard.h"
#include "sim_peer.h"

namespace sim {

class SimRoom {
 public:
  explicit SimRoom(uint64_t seed)
      : seed_(seed), rng_(seed), shard_(media::RoomId(1), kStart, pool_, rng_, outbox_) {}

  [[nodiscard]] std::string seed_note() const { return "seed " + std::to_string(seed_); }

  // A peer that is not in the room yet.
  SimPeer& make_peer(LineParams up = {}, LineParams down = {}) {
    const auto id = static_cast<uint32_t>(peers_.size() + 1);
    peers_.push_back(std::make_unique<Member>(id, seed_ * 1000 + id, up, down));
    return peers_.back()->peer;
  }
  void join(SimPeer& peer) {
    Member& m = member(peer);
    m.inside = &shard_.add_peer(now_, peer.params(), peer.id().value);
    shard_.set_connected(now_, peer.id());
    drain();
  }
  void leave(SimPeer& peer) {
    shard_.remove_peer(now_, peer.id());
    member(peer).inside = nullptr;
    drain();
  }

  media::sfu::RoomShard& shard() { return shard_; }
  media::PacketPool& pool() { return pool_; }
  const media::DropCounters& drops() const { return outbox_.drops; }
  [[nodiscard]] Instant now() const { return now_; }
  std::vector<media::sfu::Event>& events() { return events_; }
  std::vector<media::sfu::RecordOut>& records() { return records_; }
  uint64_t forwarded = 0;

  void open(media::TrackId track, bool is_open = true) {
    shard_.open_track(now_, track, is_open);
    drain();
  }
  void feed(SimPeer& peer, uint32_t slot, media::SlotFeed what) {
    shard_.feed_slot(now_, peer.id(), media::SlotId(slot), what);
    drain();
  }
  void limit(SimPeer& peer, uint32_t slot, uint8_t layer) {
    shard_.limit_slot(now_, peer.id(), media::SlotId(slot), layer);
    drain();
  }
  void drain();

  // Runs in steps of a millisecond; `each` is called before every step.
  void run(Duration span, const std::function<void(Instant)>& each = {});

 private:
  struct Member {
    Member(uint32_t id, uint64_t seed, LineParams up, LineParams down) : peer(id, seed, up, down) {}
    SimPeer peer;
    media::sfu::Peer* inside = nullptr;
  };
  Member& member(SimPeer& peer) { return *peers_[peer.id().value - 1]; }

  static constexpr Instant kStart = Instant::from_micros(5'000'000);

  uint64_t seed_;
  media::SplitMix64 rng_;
  media::PacketPool pool_;
  media::sfu::Outbox outbox_;
  media::sfu::RoomShard shard_;
  Instant now_ = kStart;
  Instant next_tick_ = kStart;
  std::vector<std::unique_ptr<Member>> peers_;
  std::vector<media::sfu::Event> events_;
  std::vector<media::sfu::RecordOut> records_;
};

inline void SimRoom::drain() {
  Bytes buffer(1460);
  for (const media::sfu::RtpOut& out : outbox_.rtp) {
    const auto written = out.peer->write_rtp(now_, out, buffer);
    Member& m = *peers_[out.peer->handle() - 1];
    if (written.size == 0) continue;
    ++forwarded;
    m.peer.down().send(
        now_, Bytes(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(written.size)));
  }
  for (const media::sfu::RtcpOut& out : outbox_.rtcp) {
    const media::ByteSpan bytes = outbox_.bytes_of(out);
    peers_[out.peer->handle() - 1]->peer.down().send(now_, Bytes(bytes.begin(), bytes.end()));
  }
  std::move(outbox_.events.begin(), outbox_.events.end(), std::back_inserter(events_));
  std::move(outbox_.records.begin(), outbox_.records.end(), std::back_inserter(records_));
  outbox_.clear();
}

inline void SimRoom::run(Duration span, const std::function<void(Instant)>& each) {
  const Instant end = now_ + span;
  while (now_ < end) {
    now_ += Duration::millis(1);
    if (each) each(now_);
    for (auto& m : peers_) {
      m->peer.on_time(now_);
      m->peer.down().deliver(now_, [&](Bytes packet) { m->peer.on_downlink(now_, packet); });
    }
    for (auto& m : peers_) {
      m->peer.up().deliver(now_, [&](Bytes packet) {
        if (m->inside == nullptr) return;
        const bool rtcp = packet.size() > 1 && packet[1] >= 192 && packet[1] <= 223;
        if (rtcp) {
          shard_.on_rtcp(now_, *m->inside, packet);
        } else {
          shard_.on_rtp(now_, *m->inside, packet);
        }
      });
    }
    shard_.forward(now_);
    if (now_ >= next_tick_) {
      next_tick_ = now_ + media::sfu::RoomShard::kTick;
      shard_.on_tick(now_);
    }
    drain();
  }
}

}  // namespace sim

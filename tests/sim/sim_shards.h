// One room over several shards, as on several workers, in virtual time: what one shard has for
// another crosses within the next millisecond, bounded as a ring would be.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "media/sfu/room_shard.h"
#include "sim_peer.h"

namespace sim {

class SimShards {
 public:
  SimShards(uint64_t seed, size_t count) : seed_(seed), rng_(seed) {
    for (size_t i = 0; i < count; ++i) shards_.push_back(std::make_unique<Shard>(rng_));
    for (size_t a = 0; a < count; ++a) {
      for (size_t b = 0; b < count; ++b) {
        if (a != b) shards_[a]->room.add_neighbour(id_of(b));
      }
    }
  }

  [[nodiscard]] std::string seed_note() const { return "seed " + std::to_string(seed_); }

  SimPeer& make_peer() {
    const auto id = static_cast<uint32_t>(members_.size() + 1);
    members_.push_back(std::make_unique<Member>(id, seed_ * 1000 + id));
    return members_.back()->peer;
  }
  // Its tracks are mirrored on all other shards, as the server does.
  void join(SimPeer& peer, size_t shard) {
    Member& m = member(peer);
    m.shard = shard;
    m.inside = &shards_[shard]->room.add_peer(now_, peer.params(), peer.id().value);
    shards_[shard]->room.set_connected(now_, peer.id());
    for (size_t i = 0; i < shards_.size(); ++i) {
      if (i == shard) continue;
      for (const auto& section : peer.params().published)
        shards_[i]->room.add_mirror(now_, id_of(shard), peer.id(), section);
    }
    drain_all();
  }
  void leave(SimPeer& peer) {
    Member& m = member(peer);
    for (size_t i = 0; i < shards_.size(); ++i) {
      if (i == m.shard) {
        shards_[i]->room.remove_peer(now_, peer.id());
      } else {
        shards_[i]->room.remove_mirror(now_, peer.id());
      }
    }
    m.inside = nullptr;
    drain_all();
  }
  void open(media::TrackId track, bool is_open = true) {
    for (auto& shard : shards_) shard->room.open_track(now_, track, is_open);
    drain_all();
  }
  void feed(SimPeer& peer, uint32_t slot, media::SlotFeed what) {
    Shard& shard = *shards_[member(peer).shard];
    shard.room.feed_slot(now_, peer.id(), media::SlotId(slot), what);
    drain_all();
  }

  [[nodiscard]] media::sfu::RoomShard& room(size_t shard) { return shards_[shard]->room; }
  [[nodiscard]] media::sfu::Peer& inside(SimPeer& peer) { return *member(peer).inside; }
  [[nodiscard]] Instant now() const { return now_; }
  // Packets that crossed to a shard.
  [[nodiscard]] uint64_t crossed_to(size_t shard) const { return shards_[shard]->crossed; }
  [[nodiscard]] const media::DropCounters& drops(size_t shard) const {
    return shards_[shard]->outbox.drops;
  }
  [[nodiscard]] const std::vector<media::sfu::RecordOut>& records(size_t shard) const {
    return shards_[shard]->records;
  }
  // Nothing crosses to this shard, as when its ring is full.
  void block(size_t shard, bool blocked) { shards_[shard]->blocked = blocked; }
  uint64_t lost_crossing = 0;

  void run(Duration span, const std::function<void(Instant)>& each = {}) {
    const Instant end = now_ + span;
    while (now_ < end) {
      now_ += Duration::millis(1);
      if (each) each(now_);
      deliver_crossings();
      for (auto& m : members_) {
        m->peer.on_time(now_);
        m->peer.down().deliver(now_, [&](Bytes packet) { m->peer.on_downlink(now_, packet); });
      }
      for (auto& m : members_) {
        m->peer.up().deliver(now_, [&](Bytes packet) {
          if (m->inside == nullptr) return;
          auto& room = shards_[m->shard]->room;
          const bool rtcp = packet.size() > 1 && packet[1] >= 192 && packet[1] <= 223;
          if (rtcp) {
            room.on_rtcp(now_, *m->inside, packet);
          } else {
            room.on_rtp(now_, *m->inside, packet);
          }
        });
      }
      for (auto& shard : shards_) {
        shard->room.forward(now_);
        if (now_ >= next_tick_) shard->room.on_tick(now_);
      }
      if (now_ >= next_tick_) next_tick_ = now_ + media::sfu::RoomShard::kTick;
      drain_all();
    }
  }

 private:
  struct Shard {
    explicit Shard(media::Rng& rng) : room(media::RoomId(1), kStart, pool, rng, outbox) {}
    media::PacketPool pool;
    media::sfu::Outbox outbox;
    media::sfu::RoomShard room;
    std::vector<media::sfu::RecordOut> records;
    uint64_t crossed = 0;
    bool blocked = false;
  };
  struct Member {
    Member(uint32_t id, uint64_t seed) : peer(id, seed, {}, {}) {}
    SimPeer peer;
    media::sfu::Peer* inside = nullptr;
    size_t shard = 0;
  };
  // As in a ring: bytes and facts of its own, no reference to the other shard's memory.
  struct Crossing {
    media::ShardId to;
    media::TrackId track;
    media::Ssrc ssrc;
    media::sfu::IngressPacket form;
    media::send::SourceFacts facts;
    Bytes bytes;
  };
  struct Message {
    media::ShardId from;
    media::sfu::RelayOut out;
  };

  static media::ShardId id_of(size_t index) {
    return media::ShardId(static_cast<uint32_t>(index + 1));
  }
  Shard& shard_of(media::ShardId id) { return *shards_[id.value - 1]; }
  Member& member(SimPeer& peer) { return *members_[peer.id().value - 1]; }

  void deliver_crossings() {
    for (const Message& m : std::exchange(messages_, {}))
      shard_of(m.out.to).room.on_relay(now_, m.from, m.out.message);
    for (const Crossing& c : std::exchange(crossings_, {})) {
      Shard& shard = shard_of(c.to);
      if (shard.blocked) {
        ++lost_crossing;
        continue;
      }
      ++shard.crossed;
      shard.room.on_relayed_packet(now_, {c.track, c.ssrc, c.form, c.facts, c.bytes});
    }
  }

  void drain_all() {
    for (size_t i = 0; i < shards_.size(); ++i) drain(i);
  }
  void drain(size_t index) {
    Shard& shard = *shards_[index];
    Bytes buffer(1460);
    for (const media::sfu::RtpOut& out : shard.outbox.rtp) {
      const auto written = out.peer->write_rtp(now_, out, buffer);
      if (written.size == 0) continue;
      members_[out.peer->handle() - 1]->peer.down().send(
          now_, Bytes(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(written.size)));
    }
    for (const media::sfu::RtcpOut& out : shard.outbox.rtcp) {
      const media::ByteSpan bytes = shard.outbox.bytes_of(out);
      members_[out.peer->handle() - 1]->peer.down().send(now_, Bytes(bytes.begin(), bytes.end()));
    }
    for (auto& message : shard.outbox.relays)
      messages_.push_back({id_of(index), std::move(message)});
    for (const auto& out : shard.outbox.relay_packets) {
      const media::ByteSpan bytes = out.packet.packet.bytes();
      Crossing c{out.to,
                 out.track,
                 out.ssrc,
                 out.packet,
                 out.packet.packet.facts<media::send::SourceFacts>(),
                 Bytes(bytes.begin(), bytes.end())};
      c.form.packet = {};
      crossings_.push_back(std::move(c));
    }
    std::move(shard.outbox.records.begin(), shard.outbox.records.end(),
              std::back_inserter(shard.records));
    shard.outbox.clear();
  }

  static constexpr Instant kStart = Instant::from_micros(5'000'000);

  uint64_t seed_;
  media::SplitMix64 rng_;
  std::vector<std::unique_ptr<Shard>> shards_;
  Instant now_ = kStart;
  Instant next_tick_ = kStart;
  std::vector<std::unique_ptr<Member>> members_;
  std::deque<Message> messages_;
  std::deque<Crossing> crossings_;
};

}  // namespace sim

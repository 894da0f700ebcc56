// One room on one worker: who publishes, who is shown what, and the fan-out between them.
//
// Packets are collected per track while a batch of datagrams is read, and forwarded when it ends:
// each receiver's packets then leave one after the other, which is what lets the kernel send them
// in one go (UDP GSO). Results go to the Outbox; its owner drains it before the next command, since
// commands may destroy peers. Owner: engine::Engine, or a simulation. Thread: one worker.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "media/audio/active_speaker.h"
#include "media/base/model.h"
#include "media/base/packet_pool.h"
#include "media/base/rng.h"
#include "media/overload/relief.h"
#include "media/sfu/outbox.h"
#include "media/sfu/peer.h"
#include "media/sfu/recording_feed.h"
#include "media/sfu/relay_desk.h"

namespace media::sfu {

class RoomShard {
 public:
  // The session clock is zero at `start`.
  RoomShard(RoomId room, Instant start, PacketPool& pool, Rng& rng, Outbox& out);
  RoomShard(const RoomShard&) = delete;
  RoomShard& operator=(const RoomShard&) = delete;

  [[nodiscard]] RoomId id() const { return room_; }
  [[nodiscard]] Duration session_time(Instant now) const { return now - start_; }

  // --- people ---
  // Nothing is sent to or asked of the peer before it is connected. A known id is replaced.
  Peer& add_peer(Instant now, Peer::Params params, uint32_t handle);
  void set_connected(Instant now, PeerId peer);
  void remove_peer(Instant now, PeerId peer);
  [[nodiscard]] Peer* find_peer(PeerId peer);
  [[nodiscard]] size_t peer_count() const { return peers_.size(); }

  // --- who gets what; unknown names are ignored ---
  void open_track(Instant now, TrackId track, bool open);
  void feed_slot(Instant now, PeerId peer, SlotId slot, SlotFeed feed);
  void limit_slot(Instant now, PeerId peer, SlotId slot, LayerLimit limit);
  // What is left out of every slot, present and to come, because the worker cannot carry it. What
  // was commanded is remembered and comes back.
  void set_relief(Instant now, overload::Relief relief);

  // --- recording: every open track, present and future ---
  void start_recording(Instant now);
  void stop_recording();
  [[nodiscard]] bool is_recording() const { return recording_; }

  // --- the same room on other workers (sfu/relay.h) ---
  void add_neighbour(ShardId shard) { desk_.add_neighbour(shard); }
  // A track whose publisher is on another shard may be shown here from now on; closed at first.
  void add_mirror(Instant now, ShardId home, PeerId peer, const PublishedSection& section);
  void remove_mirror(Instant now, PeerId peer);
  void on_relay(Instant now, ShardId from, const RelayMessage& message);
  void on_relayed_packet(Instant now, const RelayedPacket& packet);

  // --- tracks of a connected peer that come and go (a link between servers) ---
  void add_section(Instant now, PeerId peer, const PublishedSection& section);
  void add_slots(Instant now, PeerId peer, TrackId track,
                 const std::vector<ReceiveSection>& sections);
  // Ends what add_section, add_slots or add_mirror began for `track`.
  void withdraw_track(Instant now, PeerId peer, TrackId track);

  // --- media ---
  void on_rtp(Instant now, Peer& from, ByteSpan plain);
  void on_rtcp(Instant now, Peer& from, ByteSpan plain);
  // The batch is over: fans out what it brought.
  void forward(Instant now);
  [[nodiscard]] bool has_pending() const { return !batch_.empty(); }
  // What time demands; call every kTick.
  void on_tick(Instant now);

  static constexpr Duration kTick = Duration::millis(20);
  static constexpr Duration kLevelInterval = Duration::millis(250);
  static constexpr Duration kSecond = Duration::seconds(1);
  static constexpr Duration kTrackSilence = Duration::seconds(3);
  // More than a room can follow; peers that carry or are some of them still fill their slots.
  static constexpr size_t kRankedVoices = 12;
  static constexpr Duration kOverLimitPatience = Duration::seconds(10);

 private:
  [[nodiscard]] IngressTrack* find_track(TrackId track);
  void forward_track(Instant now, Duration session_now, IngressTrack& track);
  void note_voice(Instant now, IngressTrack& track);
  void show(Instant now, EgressSlot& slot, IngressTrack* track);
  // Shows what was commanded, as far as it is allowed now.
  void fit(Instant now, EgressSlot& slot);
  [[nodiscard]] overload::Allowance allowance_of(const EgressSlot& slot) const;
  void find_active();
  void detach(Instant now, IngressTrack& track);
  void ask_for_key_frame(Instant now, EgressSlot& slot);
  void record_if_open(Instant now, IngressTrack& track);
  void end_recording_of(const IngressTrack& track);
  void update_tracks(Instant now);
  void update_voices(Instant now);
  void assign_loudest(Instant now, Peer& peer);
  [[nodiscard]] bool may_hear(const Peer& peer, const IngressTrack& track) const;
  void report_levels();
  void report_second(Instant now);
  void report_rate(Instant now, const Peer& peer, IngressTrack& track);
  void update_mirrors(Instant now);
  void tell_voices(Instant now);
  void queue_if_pending(IngressTrack& track);
  void forget_track(Instant now, IngressTrack& track);
  void on_message(Instant now, ShardId from, const WantTrack& want);
  void on_message(Instant now, ShardId from, const WishKeyFrame& wish);
  void on_message(Instant now, ShardId from, const TrackState& state);
  void on_message(Instant now, ShardId from, const Voices& voices);

  RoomId room_;
  Instant start_;
  PacketPool& pool_;
  Rng& rng_;
  Outbox& out_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::unordered_map<TrackId, IngressTrack*> tracks_;
  std::vector<IngressTrack*> batch_;  // tracks with pending packets
  std::vector<std::unique_ptr<RecordingFeed>> recordings_;
  bool recording_ = false;
  overload::Relief relief_ = overload::Relief::None;
  // Peers that send or are shown something: the others cost a tick nothing.
  std::vector<Peer*> active_;
  bool active_changed_ = false;
  // As of the last assignment; whoever was ranked is assigned again only when something changed.
  std::vector<TrackId> ranked_before_;
  bool voices_changed_ = false;
  audio::ActiveSpeaker speaker_;
  RelayDesk desk_;
  Instant next_rank_;
  Instant next_levels_;
  Instant next_second_;
};

}  // namespace media::sfu

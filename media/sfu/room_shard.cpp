#include "media/sfu/room_shard.h"

#include <algorithm>
#include <array>

#include "media/rtcp/reports.h"
#include "media/sfu/feedback_router.h"

namespace media::sfu {

RoomShard::RoomShard(RoomId room, Instant start, PacketPool& pool, Rng& rng, Outbox& out)
    : room_(room), start_(start), pool_(pool), rng_(rng), out_(out), desk_(room, rng, out) {}

// ---- people ----

Peer* RoomShard::find_peer(PeerId peer) {
  const auto it =
      std::find_if(peers_.begin(), peers_.end(), [&](const auto& p) { return p->id() == peer; });
  return it == peers_.end() ? nullptr : it->get();
}

IngressTrack* RoomShard::find_track(TrackId track) {
  const auto it = tracks_.find(track);
  return it == tracks_.end() ? nullptr : it->second;
}

Peer& RoomShard::add_peer(Instant now, Peer::Params params, uint32_t handle) {
  remove_peer(now, params.peer);
  peers_.push_back(std::make_unique<Peer>(std::move(params), handle, rng_));
  Peer& peer = *peers_.back();
  active_changed_ = true;
  for (auto& slot : peer.slots()) fit(now, *slot);
  for (auto& track : peer.tracks()) tracks_.insert_or_assign(track->id(), track.get());
  return peer;
}

void RoomShard::set_connected(Instant now, PeerId id) {
  Peer* peer = find_peer(id);
  if (peer == nullptr || peer->is_connected()) return;
  peer->set_connected(true);
  for (auto& slot : peer->slots()) ask_for_key_frame(now, *slot);
}

void RoomShard::remove_peer(Instant now, PeerId id) {
  const auto it =
      std::find_if(peers_.begin(), peers_.end(), [&](const auto& p) { return p->id() == id; });
  if (it == peers_.end()) return;
  Peer& peer = **it;
  for (auto& slot : peer.slots()) show(now, *slot, nullptr);
  for (auto& track : peer.tracks()) forget_track(now, *track);
  peers_.erase(it);
  find_active();
}

void RoomShard::forget_track(Instant now, IngressTrack& track) {
  detach(now, track);
  if (!track.owner().home()) desk_.forget_export(track.id());
  const auto known = tracks_.find(track.id());
  if (known != tracks_.end() && known->second == &track) tracks_.erase(known);
}

void RoomShard::detach(Instant now, IngressTrack& track) {
  end_recording_of(track);
  speaker_.remove(track.id());
  voices_changed_ = true;
  const std::vector<EgressSlot*> receivers = track.receivers();
  for (EgressSlot* slot : receivers) show(now, *slot, nullptr);
  batch_.erase(std::remove(batch_.begin(), batch_.end(), &track), batch_.end());
}

// ---- who gets what ----

void RoomShard::show(Instant now, EgressSlot& slot, IngressTrack* track) {
  IngressTrack* before = slot.follower().track();
  if (before == track) return;
  active_changed_ = true;
  if (before != nullptr) {
    auto& list = before->receivers();
    list.erase(std::remove(list.begin(), list.end(), &slot), list.end());
    desk_.note_receivers(*before);
  }
  slot.show(now, session_time(now), track);
  if (track == nullptr) return;
  track->receivers().push_back(&slot);
  desk_.note_receivers(*track);
  ask_for_key_frame(now, slot);
}

void RoomShard::ask_for_key_frame(Instant now, EgressSlot& slot) {
  IngressTrack* track = slot.follower().track();
  if (track == nullptr || !slot.owner().is_connected() || track->section().kind != MediaKind::Video)
    return;
  track->update_layers(now);
  slot.wish_key_frame();
  track->owner().request_key_frames(now, *track, out_);
}

void RoomShard::open_track(Instant now, TrackId id, bool open) {
  IngressTrack* track = find_track(id);
  if (track == nullptr || track->is_open() == open) return;
  track->set_open(open);
  voices_changed_ = true;
  if (!open) {
    speaker_.remove(id);
    end_recording_of(*track);
    return;
  }
  for (EgressSlot* slot : track->receivers()) ask_for_key_frame(now, *slot);
  record_if_open(now, *track);
}

void RoomShard::feed_slot(Instant now, PeerId peer_id, SlotId slot_id, SlotFeed feed) {
  Peer* peer = find_peer(peer_id);
  EgressSlot* slot = peer == nullptr ? nullptr : peer->find_slot(slot_id);
  if (slot == nullptr) return;
  slot->feed = feed;
  if (std::holds_alternative<Loudest>(feed)) show(now, *slot, nullptr);
  fit(now, *slot);
  // A track that got a slot of its own leaves the loudest ones, and the other way round.
  assign_loudest(now, *peer);
}

void RoomShard::limit_slot(Instant now, PeerId peer_id, SlotId slot_id, LayerLimit limit) {
  Peer* peer = find_peer(peer_id);
  EgressSlot* slot = peer == nullptr ? nullptr : peer->find_slot(slot_id);
  if (slot == nullptr) return;
  slot->wanted = limit;
  fit(now, *slot);
}

overload::Allowance RoomShard::allowance_of(const EgressSlot& slot) const {
  // What goes to another server is shown to many there.
  if (slot.owner().is_link()) return {};
  return overload::allowance_of(relief_, slot.section().kind, slot.section().use);
}

void RoomShard::fit(Instant now, EgressSlot& slot) {
  const overload::Allowance allowed = allowance_of(slot);
  slot.follower().set_limit({std::min(slot.wanted.spatial, allowed.limit.spatial),
                             std::min(slot.wanted.temporal, allowed.limit.temporal)});
  IngressTrack* const before = slot.follower().track();
  IngressTrack* track = before;  // of the loudest, as long as it is allowed
  if (!std::holds_alternative<Loudest>(slot.feed)) {
    const auto* id = std::get_if<TrackId>(&slot.feed);
    track = id == nullptr ? nullptr : find_track(*id);
    if (track != nullptr && track->section().kind != slot.section().kind) track = nullptr;
  }
  if (!allowed.shown) track = nullptr;
  show(now, slot, track);
  if (track == before) ask_for_key_frame(now, slot);  // another layer, perhaps
}

void RoomShard::set_relief(Instant now, overload::Relief relief) {
  if (relief == relief_) return;
  relief_ = relief;
  voices_changed_ = true;
  for (auto& peer : peers_) {
    for (auto& slot : peer->slots()) fit(now, *slot);
  }
}

// ---- recording ----

void RoomShard::start_recording(Instant now) {
  if (recording_) return;
  recording_ = true;
  for (auto& peer : peers_) {
    for (auto& track : peer->tracks()) record_if_open(now, *track);
  }
}

void RoomShard::stop_recording() {
  for (auto& feed : recordings_) feed->end(out_);
  recordings_.clear();
  recording_ = false;
}

void RoomShard::record_if_open(Instant now, IngressTrack& track) {
  if (!recording_ || !track.is_open() || track.owner().home()) return;
  recordings_.push_back(
      std::make_unique<RecordingFeed>(now, session_time(now), room_, track, rng_));
  if (track.section().kind != MediaKind::Video) return;
  track.update_layers(now);
  recordings_.back()->follower().wish_key_frame();
  track.owner().request_key_frames(now, track, out_);
}

void RoomShard::end_recording_of(const IngressTrack& track) {
  const auto it = std::find_if(recordings_.begin(), recordings_.end(),
                               [&](const auto& r) { return &r->track() == &track; });
  if (it == recordings_.end()) return;
  (*it)->end(out_);
  recordings_.erase(it);
}

// ---- media ----

void RoomShard::on_rtp(Instant now, Peer& from, ByteSpan plain) {
  IngressTrack* track = from.on_rtp(now, session_time(now), plain, pool_, out_.drops);
  if (track == nullptr) return;
  if (track->section().kind == MediaKind::Audio) note_voice(now, *track);
  queue_if_pending(*track);
}

void RoomShard::queue_if_pending(IngressTrack& track) {
  // A batch brings packets of few tracks.
  if (!track.pending().empty() && std::find(batch_.begin(), batch_.end(), &track) == batch_.end()) {
    batch_.push_back(&track);
  }
}

void RoomShard::on_rtcp(Instant now, Peer& from, ByteSpan plain) {
  route_feedback(now, session_time(now), from, plain, out_);
  if (!desk_.has_exports() || plain.size() < 2 || plain[1] != rtcp::kSenderReport) return;
  for (auto& track : from.tracks()) desk_.tell_state(*track);
}

void RoomShard::forward(Instant now) {
  const Duration session_now = session_time(now);
  for (IngressTrack* track : batch_) forward_track(now, session_now, *track);
  batch_.clear();
}

void RoomShard::forward_track(Instant now, Duration session_now, IngressTrack& track) {
  const std::vector<IngressPacket>& pending = track.pending();
  track.prepare_pending();
  // A layer that has just begun must be known before its key frame is judged.
  if (track.section().kind == MediaKind::Video && track.update_layers(now) && desk_.has_exports())
    desk_.tell_state(track);
  if (desk_.has_exports()) desk_.forward(track);
  for (EgressSlot* slot : track.receivers()) {
    if (!slot->owner().is_connected()) continue;
    for (const IngressPacket& packet : pending) slot->offer(now, session_now, packet, out_);
    // Without a key frame of the publisher's this would stay dark. Only now: the batch may have
    // brought it behind packets of other layers.
    if (slot->follower().is_waiting()) slot->wish_key_frame();
  }
  for (auto& feed : recordings_) {
    if (&feed->track() != &track) continue;
    for (const IngressPacket& packet : pending) feed->offer(now, session_now, packet, out_);
  }
  track.settle_pending();
}

void RoomShard::note_voice(Instant now, IngressTrack& track) {
  const auto level = track.take_new_level();
  if (!level) return;
  if (track.is_open()) speaker_.on_level(now, track.id(), *level);
  if (const auto change = track.voice().on_level(now, *level)) {
    out_.events.emplace_back(
        VoiceActivity{room_, track.id(), change->speaking, session_time(change->at)});
  }
}

// ---- tracks that come and go ----

void RoomShard::add_section(Instant /*now*/, PeerId peer_id, const PublishedSection& section) {
  Peer* peer = find_peer(peer_id);
  if (peer == nullptr) return;
  IngressTrack& track = peer->add_section(section);
  tracks_.insert_or_assign(track.id(), &track);
  active_changed_ = voices_changed_ = true;
}

void RoomShard::add_slots(Instant now, PeerId peer_id, TrackId track,
                          const std::vector<ReceiveSection>& sections) {
  Peer* peer = find_peer(peer_id);
  if (peer == nullptr) return;
  for (const ReceiveSection& section : sections) {
    if (peer->find_slot(section.slot) == nullptr) peer->add_slot(section, rng_);
    feed_slot(now, peer_id, section.slot, track);
  }
}

void RoomShard::withdraw_track(Instant now, PeerId peer_id, TrackId id) {
  Peer* peer = find_peer(peer_id);
  if (peer == nullptr) peer = desk_.find_mirror(peer_id);
  if (peer == nullptr) return;
  std::vector<SlotId> slots;
  for (auto& slot : peer->slots()) {
    const auto* fed = std::get_if<TrackId>(&slot->feed);
    if (fed == nullptr || *fed != id) continue;
    show(now, *slot, nullptr);
    slots.push_back(slot->id());
  }
  for (const SlotId slot : slots) peer->remove_slot(slot);
  IngressTrack* track = find_track(id);
  if (track == nullptr || &track->owner() != peer) return;
  forget_track(now, *track);
  peer->remove_section(id);
}

// ---- the same room on other workers ----

void RoomShard::add_mirror(Instant /*now*/, ShardId home, PeerId peer,
                           const PublishedSection& section) {
  IngressTrack& track = desk_.add_mirror(home, peer, section);
  tracks_.insert_or_assign(track.id(), &track);
  voices_changed_ = true;
}

void RoomShard::remove_mirror(Instant now, PeerId id) {
  Peer* mirror = desk_.find_mirror(id);
  if (mirror == nullptr) return;
  for (auto& track : mirror->tracks()) forget_track(now, *track);
  desk_.remove_mirror(id);
}

void RoomShard::on_relay(Instant now, ShardId from, const RelayMessage& message) {
  std::visit([&](const auto& m) { on_message(now, from, m); }, message);
}

void RoomShard::on_message(Instant now, ShardId from, const WantTrack& want) {
  IngressTrack* track = find_track(want.track);
  if (track == nullptr || track->owner().home()) return;  // gone, or not yet here: it is repeated
  if (!desk_.on_want(from, want)) return;
  if (track->section().kind == MediaKind::Video) track->update_layers(now);
  desk_.tell_state(*track);
}

void RoomShard::on_message(Instant now, ShardId /*from*/, const WishKeyFrame& wish) {
  IngressTrack* track = find_track(wish.track);
  if (track == nullptr || !track->is_open() || wish.layer >= track->layers().size()) return;
  track->layers()[wish.layer].key_frames.wish();
  track->owner().request_key_frames(now, *track, out_);
}

void RoomShard::on_message(Instant now, ShardId /*from*/, const TrackState& state) {
  IngressTrack* track = find_track(state.track);
  if (track == nullptr || !track->owner().home()) return;
  track->owner().clock() = state.clock;
  for (const IngressLayer& layer : track->layers()) {
    const TrackState::Layer& there = state.layers[layer.index];
    if (there.ssrc.is_valid())
      track->on_relayed_layer(now, layer.index, there.ssrc, there.epoch, there.is_sent);
  }
  for (EgressSlot* slot : track->receivers()) ask_for_key_frame(now, *slot);
}

void RoomShard::on_message(Instant /*now*/, ShardId /*from*/, const Voices& voices) {
  for (const auto& standing : voices.standings) {
    const IngressTrack* track = find_track(standing.track);
    if (track != nullptr && track->is_open() && track->owner().home())
      speaker_.on_standing(standing);
  }
}

void RoomShard::on_relayed_packet(Instant now, const RelayedPacket& packet) {
  IngressTrack* track = find_track(packet.track);
  if (track == nullptr || !track->owner().home()) return out_.drops.add(Drop::NotPermitted);
  PacketRef own = pool_.copy(packet.bytes);
  if (!own) return out_.drops.add(Drop::SessionLimit);
  own.set_facts(packet.facts);
  track->on_relayed(now, packet.ssrc, packet.form, std::move(own), pool_, out_.drops);
  queue_if_pending(*track);
}

void RoomShard::tell_voices(Instant now) {
  auto standings = speaker_.standings(now);
  std::erase_if(standings, [&](const auto& s) {
    const IngressTrack* track = find_track(s.track);
    return track == nullptr || track->owner().home();
  });
  desk_.tell_voices(standings);
}

void RoomShard::update_mirrors(Instant now) {
  for (const auto& mirror : desk_.mirrors()) {
    for (auto& track : mirror->tracks()) {
      if (track->section().kind != MediaKind::Video || track->receivers().empty()) continue;
      track->update_layers(now);
      for (EgressSlot* slot : track->receivers()) {
        if (slot->owner().is_connected()) slot->wish_key_frame();
      }
      mirror->request_key_frames(now, *track, out_);
    }
  }
}

// ---- time ----

void RoomShard::on_tick(Instant now) {
  update_tracks(now);
  update_mirrors(now);
  if (active_changed_) find_active();
  const Duration session_now = session_time(now);
  for (Peer* peer : active_) {
    peer->report_reception(now, out_);
    peer->report_sending(now, session_now, out_);
  }
  if (now >= next_rank_) {
    next_rank_ = now + audio::ActiveSpeaker::kInterval;
    update_voices(now);
  }
  if (now >= next_levels_) {
    next_levels_ = now + kLevelInterval;
    report_levels();
  }
  if (now >= next_second_) {
    next_second_ = now + kSecond;
    report_second(now);
    desk_.repeat_wants();
  }
}

void RoomShard::find_active() {
  active_changed_ = false;
  active_.clear();
  for (auto& peer : peers_) {
    const auto& slots = peer->slots();
    if (!peer->tracks().empty() || std::any_of(slots.begin(), slots.end(), [](const auto& slot) {
          return slot->follower().track() != nullptr;
        })) {
      active_.push_back(peer.get());
    }
  }
}

void RoomShard::update_tracks(Instant now) {
  for (Peer* peer : active_) {
    for (auto& track : peer->tracks()) {
      if (track->section().kind != MediaKind::Video || !track->has_packets()) continue;
      if (track->update_layers(now) && desk_.has_exports()) desk_.tell_state(*track);
      for (EgressSlot* slot : track->receivers()) {
        if (slot->owner().is_connected()) slot->wish_key_frame();
      }
    }
  }
  for (auto& feed : recordings_) feed->follower().wish_key_frame();
}

void RoomShard::update_voices(Instant now) {
  if (desk_.has_neighbours()) tell_voices(now);
  speaker_.rank(now, kRankedVoices);
  const auto& ranked = speaker_.ranked();
  if (voices_changed_ || !std::ranges::equal(ranked, ranked_before_)) {
    voices_changed_ = false;
    ranked_before_.assign(ranked.begin(), ranked.end());
    for (auto& peer : peers_) assign_loudest(now, *peer);
  }
  if (active_changed_) find_active();
  for (Peer* peer : active_) {
    for (auto& track : peer->tracks()) {
      if (track->section().kind != MediaKind::Audio) continue;
      if (const auto change = track->voice().poll(now)) {
        out_.events.emplace_back(
            VoiceActivity{room_, track->id(), change->speaking, session_time(change->at)});
      }
    }
  }
}

bool RoomShard::may_hear(const Peer& peer, const IngressTrack& track) const {
  if (&track.owner() == &peer || !track.is_open()) return false;
  const auto& receivers = track.receivers();
  return std::none_of(receivers.begin(), receivers.end(), [&](const EgressSlot* slot) {
    return &slot->owner() == &peer && !std::holds_alternative<Loudest>(slot->feed);
  });
}

void RoomShard::assign_loudest(Instant now, Peer& peer) {
  const auto takes_loudest = [&](const EgressSlot& slot) {
    return std::holds_alternative<Loudest>(slot.feed) && slot.section().kind == MediaKind::Audio &&
           allowance_of(slot).shown;
  };
  std::array<EgressSlot*, kRankedVoices> free{};
  size_t free_count = 0;
  size_t slot_count = 0;
  std::array<IngressTrack*, kRankedVoices> wanted{};
  size_t wanted_count = 0;
  for (auto& slot : peer.slots()) {
    if (takes_loudest(*slot)) ++slot_count;
  }
  slot_count = std::min(slot_count, kRankedVoices);
  if (slot_count == 0) return;
  for (const TrackId id : speaker_.ranked()) {
    IngressTrack* track = find_track(id);
    if (track != nullptr && wanted_count < slot_count && may_hear(peer, *track))
      wanted[wanted_count++] = track;
  }
  const auto wanted_end = [&] {
    return wanted.begin() + static_cast<std::ptrdiff_t>(wanted_count);
  };
  for (auto& slot : peer.slots()) {
    if (!takes_loudest(*slot)) continue;
    IngressTrack* shown = slot->follower().track();
    // Who is heard keeps the slot; who may no longer be heard leaves it.
    const auto kept = std::find(wanted.begin(), wanted_end(), shown);
    if (shown != nullptr && kept != wanted_end()) {
      std::copy(kept + 1, wanted_end(), kept);
      --wanted_count;
      continue;
    }
    if (shown != nullptr && !may_hear(peer, *shown)) show(now, *slot, nullptr);
    // Empty slots first, so that a quiet voice keeps its own until the place is needed.
    if (free_count == free.size()) continue;
    free[free_count++] = slot.get();
  }
  std::stable_partition(free.begin(), free.begin() + static_cast<std::ptrdiff_t>(free_count),
                        [](const EgressSlot* s) { return s->follower().track() == nullptr; });
  for (size_t i = 0; i < std::min(free_count, wanted_count); ++i) show(now, *free[i], wanted[i]);
}

void RoomShard::report_levels() {
  AudioLevels levels;
  levels.room = room_;
  for (Peer* peer : active_) {
    for (auto& track : peer->tracks()) {
      if (const auto level = track->take_loudest_level())
        levels.levels.push_back({track->id(), *level});
    }
  }
  if (!levels.levels.empty()) out_.events.emplace_back(std::move(levels));
}

void RoomShard::report_rate(Instant now, const Peer& peer, IngressTrack& track) {
  const Policer& policer = track.policer();
  const bool over = policer.is_refusing(now);
  if (over != track.announced_over_rate) {
    track.announced_over_rate = over;
    out_.events.emplace_back(TrackOverRate{peer.id(), track.id(), policer.agreed_bps(), over});
  }
  if (over && now - policer.refusing_since() >= kOverLimitPatience)
    out_.events.emplace_back(PeerOverLimit{peer.id()});
}

void RoomShard::report_second(Instant now) {
  for (auto& peer : peers_) {
    if (!peer->is_connected()) continue;
    out_.events.emplace_back(peer->take_quality(now));
    for (auto& track : peer->tracks()) {
      const bool active = track->has_packets() && now - track->last_packet() < kTrackSilence;
      if (active != track->announced_active) {
        track->announced_active = active;
        out_.events.emplace_back(TrackActive{track->id(), active});
      }
      report_rate(now, *peer, *track);
    }
    for (auto& slot : peer->slots()) slot->report_sight(out_);
  }
}

}  // namespace media::sfu

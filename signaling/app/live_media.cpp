// Offers become answers and peers; what the media plane reports reaches classrooms and the database.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "media/base/log.h"
#include "signaling/app/live_state.h"
#include "signaling/auth/secrets.h"
#include "signaling/sdp/parser.h"
#include "storage/sql/ids.h"
#include "storage/sql/storage_thread.h"

namespace signaling::app {
namespace {

TrackSource wire_source(media::Source source) { return static_cast<TrackSource>(source); }
static_assert(static_cast<int>(media::Source::ScreenAudio) == static_cast<int>(TrackSource::ScreenAudio));

const char* codec_name(media::Codec codec) {
  switch (codec) {
    case media::Codec::Opus: return "opus";
    case media::Codec::Vp8: return "vp8";
    case media::Codec::Vp9: return "vp9";
    case media::Codec::H264: return "h264";
  }
  return "";
}

sdp::Permits permits_of(const std::array<bool, classroom::kSources>& may) {
  return {.microphone = may[0], .camera = may[1], .screen = may[2], .screen_audio = may[3], .slots = true};
}

HttpError http_error(const media::Error& error) {
  switch (error.code) {
    case media::Errc::Unsupported: return {422, "unsupported", error.what};
    case media::Errc::Conflict: return {409, "conflict", error.what};
    case media::Errc::TooLarge: return {413, "too-large", error.what};
    default: return {400, "bad-sdp", error.what};
  }
}

ErrorCode protocol_error(media::Errc code) {
  return code == media::Errc::Conflict ? ErrorCode::Conflict
         : code == media::Errc::TooLarge ? ErrorCode::TooLarge
                                         : ErrorCode::BadMessage;
}

template <class T>
void reject(const HttpReply<T>& reply, HttpError error) {
  reply(tl::unexpected<HttpError>(std::move(error)));
}

// [[rtp, media clock], …] onto the session clock.
std::string shift_mapping(const std::string& text, Duration offset) {
  nlohmann::json anchors = nlohmann::json::parse(text, nullptr, false);
  if (!anchors.is_array()) return "[]";
  for (auto& anchor : anchors) {
    if (anchor.is_array() && anchor.size() == 2 && anchor[1].is_number()) {
      anchor[1] = anchor[1].get<int64_t>() - offset.as_micros();
    }
  }
  return anchors.dump();
}

}  // namespace

std::optional<TrackId> LiveLessons::State::track_for(const std::string& lesson, const std::string& p,
                                                     TrackSource source) const {
  std::optional<TrackId> found;
  for (const auto& [id, track] : tracks) {
    if (track.gone || track.lesson != lesson || track.p != p || track.source != source) continue;
    const auto peer = peers.find(track.peer);
    if (peer == peers.end()) continue;
    if (peer->second.use == PeerUse::Encoder) return id;
    found = id;
  }
  return found;
}

std::array<bool, classroom::kSources> LiveLessons::State::sources_of(const Peer& peer) const {
  std::array<bool, classroom::kSources> has{};
  for (const auto& section : peer.negotiated.published) has[static_cast<size_t>(section.source)] = true;
  return has;
}

Peer* LiveLessons::State::page_peer(const std::string& lesson, const std::string& p) {
  for (auto& [id, peer] : peers) {
    if (peer.lesson == lesson && peer.p == p && peer.use == PeerUse::Page) return &peer;
  }
  return nullptr;
}

media::Result<Peer*> LiveLessons::State::add_peer(Hosted& lesson, Peer peer, const sdp::Session& offer,
                                                  const std::vector<sdp::SectionUse>& uses,
                                                  const sdp::Permits& permits) {
  const auto candidate = media.candidate(lesson.media_room);
  if (!candidate) return media::fail(media::Errc::NotFound, "the media plane has no room for this lesson");
  sdp::ServerFacts facts;
  facts.ice = fresh_ice();
  facts.fingerprint = media.fingerprint();
  facts.candidate = *candidate;
  facts.session_id = next_answer++;
  facts.next_track = [this] { return TrackId(next_track++); };
  facts.next_slot = [this] { return media::SlotId(next_slot++); };
  facts.next_ssrc = [] { return media::Ssrc(random_u32()); };
  auto negotiated = sdp::negotiate(offer, uses, permits, facts);
  if (!negotiated) return tl::unexpected<media::Error>(negotiated.error());

  peer.id = PeerId(next_peer++);
  peer.lesson = lesson.row.id;
  peer.local = facts.ice;
  peer.negotiated = std::move(*negotiated);
  const sdp::Negotiated& n = peer.negotiated;
  for (size_t i = 0; i < n.slots.size(); ++i) {
    peer.viewer.slots.push_back(n.slot_names[i]);
    peer.slots[n.slot_names[i]] = n.slots[i].slot;
    peer.slot_kinds[n.slot_names[i]] = n.slots[i].kind;
  }
  for (const auto& section : n.published) {
    tracks[section.track] = {lesson.row.id, peer.p, peer.id, wire_source(section.source), false, false};
  }
  media.add_peer({lesson.media_room, peer.id, peer.local, n.remote_ice, n.remote_fingerprint, n.extensions,
                  n.published, n.slots});
  const PeerId id = peer.id;
  return &peers.emplace(id, std::move(peer)).first->second;
}

void LiveLessons::State::remove_peer(PeerId id) {
  const auto it = peers.find(id);
  if (it == peers.end()) return;
  for (auto& [track_id, track] : tracks) {
    if (track.peer == id) track.gone = true;
  }
  sessions.erase(it->second.session);
  peers.erase(it);
  media.remove_peer(id);
}

void LiveLessons::State::offer(Socket& socket, const protocol::Offer& offer, Hosted& lesson) {
  const auto session = sdp::parse(offer.sdp);
  if (!session) return refuse(socket, offer.id, ErrorCode::BadMessage, std::string("\"sdp\" ") + session.error().what);
  Peer* old = page_peer(lesson.row.id, socket.p);
  if (offer.restart) {
    if (old == nullptr) return refuse(socket, offer.id, ErrorCode::NotFound, "there is no connection to restart");
    const media::IceCredentials local = fresh_ice();
    const auto restarted = sdp::restart(old->negotiated, *session, local);
    if (!restarted) return refuse(socket, offer.id, protocol_error(restarted.error().code), restarted.error().what);
    old->local = local;
    old->negotiated.remote_ice = restarted->remote_ice;
    media.restart_ice(old->id, local, restarted->remote_ice);
    return send(socket, protocol::Answer{offer.id, restarted->answer});
  }
  std::vector<sdp::SectionUse> uses;
  for (const auto& section : offer.sections) {
    uses.push_back({section.mid, static_cast<sdp::Use>(section.use), section.slot});
  }
  const classroom::Participant* who = lesson.room.find(socket.p);
  Peer peer;
  peer.p = socket.p;
  peer.viewer.p = socket.p;
  peer.viewer.role = who->seen.role;
  const PeerId old_id = old != nullptr ? old->id : PeerId();
  auto added = add_peer(lesson, std::move(peer), *session, uses, permits_of(lesson.room.may_publish(who->seen.role)));
  if (!added) return refuse(socket, offer.id, protocol_error(added.error().code), added.error().what);
  const PeerId id = (*added)->id;
  if (old_id.is_valid()) remove_peer(old_id);
  send(socket, protocol::Answer{offer.id, (*added)->negotiated.answer});
  classroom::Output out;
  lesson.room.on_page_tracks(now(), socket.p, sources_of(**added), out);
  apply(lesson, out);
  sync_gates(lesson, socket.p);
  // Others' slots name this participant's new tracks even when what they show has not changed.
  replan(lesson);
  if (const auto it = peers.find(id); it != peers.end()) replan(lesson, it->second, true);
}

void LiveLessons::State::publish(const auth::Actor& actor, Hosted& lesson, const std::string& text,
                                 const HttpReply<MediaAnswer>& reply) {
  if (!auth::authorize(actor, auth::Verb::PublishWhip, lesson.object)) {
    return reject(reply, {403, "forbidden", "this credential may not publish here"});
  }
  const auto who = newcomer(actor, lesson);
  if (!who || who->role == protocol::Role::Observer) return reject(reply, {403, "forbidden", "an observer only watches"});
  const auto session = sdp::parse(text);
  if (!session) return reject(reply, http_error(session.error()));
  if (const auto* known = lesson.room.find_identity(who->identity)) {
    if (known->has_encoder()) return reject(reply, {409, "conflict", "this key publishes already"});
  }
  classroom::Output out;
  const auto p = lesson.room.on_join(now(), *who, Origin::Encoder, out);
  if (!p) return reject(reply, {p.error().code == ErrorCode::Forbidden ? 403 : 409, "conflict", p.error().message});
  Peer peer;
  peer.p = *p;
  peer.use = PeerUse::Encoder;
  peer.viewer.p = *p;
  peer.viewer.role = who->role;
  peer.session = storage::sql::new_id();
  peer.etag = "\"" + storage::sql::new_id() + "\"";
  peer.owner = owner_of(actor);
  auto added = add_peer(lesson, std::move(peer), *session, sdp::derive_uses(*session, "teacher"),
                        permits_of(lesson.room.may_publish(who->role)));
  const bool sends = added && !(*added)->negotiated.published.empty();
  if (!sends) {
    if (added) remove_peer((*added)->id);
    // Nobody saw the participant come that this offer would have made.
    const auto* joined = lesson.room.find(*p);
    if (!joined->page && !joined->page_gone) lesson.room.on_leave(now(), *p, out);
    apply(lesson, out);
    return reject(reply, added ? HttpError{422, "unsupported", "the offer publishes nothing that is taken here"}
                               : http_error(added.error()));
  }
  const PeerId id = (*added)->id;
  sessions[(*added)->session] = id;
  const MediaAnswer answer{(*added)->negotiated.answer, (*added)->session, (*added)->etag};
  lesson.room.on_encoder_tracks(now(), *p, sources_of(**added), out);
  apply(lesson, out);
  sync_gates(lesson, *p);
  replan(lesson);
  reply(answer);
}

void LiveLessons::State::play(const auth::Actor& actor, Hosted& lesson, const std::string& text, PlaySource source,
                              const HttpReply<MediaAnswer>& reply) {
  if (!auth::authorize(actor, auth::Verb::PlayWhep, lesson.object)) {
    return reject(reply, {403, "forbidden", "this credential may not watch this lesson"});
  }
  const auto who = newcomer(actor, lesson);
  const auto* known = who ? lesson.room.find_identity(who->identity) : nullptr;
  if (known != nullptr && known->presence == classroom::Presence::Removed) {
    return reject(reply, {403, "forbidden", "removed from this lesson by the teacher"});
  }
  const auto session = sdp::parse(text);
  if (!session) return reject(reply, http_error(session.error()));
  Peer peer;
  peer.use = PeerUse::Player;
  peer.viewer.role = protocol::Role::Observer;
  peer.session = storage::sql::new_id();
  peer.etag = "\"" + storage::sql::new_id() + "\"";
  peer.owner = owner_of(actor);
  const sdp::Permits nothing{.microphone = false, .camera = false, .screen = false, .screen_audio = false, .slots = true};
  auto added = add_peer(lesson, std::move(peer), *session,
                        sdp::derive_uses(*session, source == PlaySource::Screen ? "screen" : "teacher"), nothing);
  if (!added) return reject(reply, http_error(added.error()));
  sessions[(*added)->session] = (*added)->id;
  replan(lesson, **added, false);
  reply(MediaAnswer{(*added)->negotiated.answer, (*added)->session, (*added)->etag});
}

void LiveLessons::patch(const auth::Actor& actor, const std::string& session, const std::string& if_match,
                        std::string fragment, HttpReply<PatchAnswer> reply) {
  State& s = *state_;
  const auto it = s.sessions.find(session);
  if (it == s.sessions.end()) return reject(reply, {404, "not-found", "no such session"});
  Peer& peer = s.peers.at(it->second);
  if (peer.owner != owner_of(actor)) return reject(reply, {403, "forbidden", "not your session"});
  const auto parsed = sdp::parse_fragment(fragment);
  if (!parsed) return reject(reply, http_error(parsed.error()));
  const bool restarts = parsed->ice && parsed->ice->ufrag != peer.negotiated.remote_ice.ufrag;
  // RFC 9725 section 4.3.1: trickle names the ICE session it belongs to; a restart replaces whichever there is.
  const bool any = if_match == "*" || if_match.empty();
  if (!any && if_match != peer.etag) return reject(reply, {412, "conflict", "another ICE session is in use"});
  if (!restarts) return reply(PatchAnswer{});  // ICE-lite: we answer checks and need no candidates
  const Hosted* lesson = s.find(peer.lesson);
  const auto candidate = lesson != nullptr ? s.media.candidate(lesson->media_room) : std::nullopt;
  if (!candidate) return reject(reply, {404, "not-found", "the lesson is over"});
  peer.local = fresh_ice();
  peer.negotiated.remote_ice = *parsed->ice;
  peer.etag = "\"" + storage::sql::new_id() + "\"";
  s.media.restart_ice(peer.id, peer.local, *parsed->ice);
  const std::string mid = !parsed->mid.empty() ? parsed->mid : peer.negotiated.mids.front();
  reply(PatchAnswer{sdp::build_fragment(peer.local, *candidate, mid), peer.etag});
}

void LiveLessons::end_session(const auth::Actor& actor, const std::string& session, HttpReply<void> reply) {
  State& s = *state_;
  const auto it = s.sessions.find(session);
  if (it == s.sessions.end()) return reject(reply, {404, "not-found", "no such session"});
  const PeerId id = it->second;
  if (s.peers.at(id).owner != owner_of(actor)) return reject(reply, {403, "forbidden", "not your session"});
  s.on_peer_lost(id);
  reply({});
}

// ---------------------------------------------------------------- reports

void LiveLessons::State::on_peer_lost(PeerId id) {
  const auto it = peers.find(id);
  if (it == peers.end()) return;
  const Peer peer = it->second;
  remove_peer(id);
  Hosted* lesson = find(peer.lesson);
  if (lesson == nullptr) return;
  lesson->links.erase(peer.p);
  classroom::Output out;
  if (peer.use == PeerUse::Page) {
    lesson->room.on_page_tracks(now(), peer.p, {}, out);
    lesson->room.on_media_lost(now(), peer.p, out);
  } else if (peer.use == PeerUse::Encoder) {
    lesson->room.on_encoder_tracks(now(), peer.p, {}, out);
  }
  apply(*lesson, out);
  // A page's own track may now stand in for the encoder's.
  sync_gates(*lesson, peer.p);
  replan(*lesson);
}

void LiveLessons::State::on_quality(const media::api::PeerQuality& q) {
  const auto it = peers.find(q.peer);
  if (it == peers.end() || it->second.p.empty()) return;
  Hosted* lesson = find(it->second.lesson);
  if (lesson == nullptr) return;
  const std::string& p = it->second.p;
  if (const auto* who = lesson->room.find(p); who != nullptr && who->seen.role != protocol::Role::Observer) {
    lesson->links[p] = {q.rtt.as_millis(), std::clamp(q.uplink_loss, 0.0, 1.0), std::clamp(q.downlink_loss, 0.0, 1.0),
                        q.uplink_bps / 1000, q.downlink_bps / 1000};
  }
  classroom::Output out;
  lesson->room.on_link(now(), p,
                       {static_cast<double>(q.rtt.as_millis()), q.uplink_loss, q.downlink_loss, 0}, out);
  apply(*lesson, out);
}

void LiveLessons::State::on_levels(const media::api::AudioLevels& event) {
  Hosted* lesson = find(event.room);
  if (lesson == nullptr) return;
  protocol::Levels all;
  protocol::Levels audible;
  for (const auto& level : event.levels) {
    const auto track = tracks.find(level.track);
    if (track == tracks.end() || track->second.source != TrackSource::Microphone) continue;
    if (track_for(lesson->row.id, track->second.p, TrackSource::Microphone) != level.track) continue;
    all.levels[track->second.p] = std::min<int64_t>(level.dbov, 127);
    if (track->second.open) audible.levels[track->second.p] = std::min<int64_t>(level.dbov, 127);
  }
  const std::string to_guides = protocol::encode(protocol::ServerMessage(all));
  const std::string to_classes = protocol::encode(protocol::ServerMessage(audible));
  for (const auto& [p, seat] : lesson->seats) {
    Socket* socket = socket_of(*lesson, p);
    const auto* who = lesson->room.find(p);
    if (socket == nullptr || who == nullptr) continue;
    const bool is_class = who->seen.role == protocol::Role::Class;
    if ((is_class ? audible : all).levels.empty()) continue;
    socket->connection->send(is_class ? to_classes : to_guides);
  }
}

void LiveLessons::State::on_segment_started(const media::api::SegmentStarted& event) {
  Hosted* lesson = find(event.room);
  const auto track = tracks.find(event.track);
  if (lesson == nullptr || track == tracks.end()) return;
  const classroom::Participant* who = lesson->room.find(track->second.p);
  if (who == nullptr) return;
  storage::RecordingSegment row;
  row.id = storage::sql::new_id();
  row.lesson_id = lesson->row.id;
  row.participant = track->second.p;
  row.name = who->seen.name;
  row.role = protocol::name_of(who->seen.role);
  row.source = protocol::name_of(track->second.source);
  row.codec = codec_name(event.codec);
  row.file = event.file;
  row.start_us = std::max<int64_t>(0, (event.start - lesson->clock_offset).as_micros());
  row.clock_mapping = "[]";
  lesson->segments[event.file] = row.id;
  storage.tell("begin a recording segment", [row](storage::Store& s) { return s.add_segment(row); });
}

void LiveLessons::State::on_segment_ended(const media::api::SegmentEnded& event) {
  Hosted* lesson = find(event.room);
  if (lesson == nullptr) return;
  const auto segment = lesson->segments.extract(event.file);
  if (segment.empty()) return;
  if (!event.failure.empty()) {
    media::logger("app")->error("recording of {} stopped early: {}", event.file, event.failure);
    if (const auto track = tracks.find(event.track); track != tracks.end() && !track->second.gone) {
      classroom::Output out;
      lesson->room.on_recording(now(), false, "failed", out);
      apply(*lesson, out);
    }
  }
  const int64_t end_us = std::max<int64_t>(0, (event.end - lesson->clock_offset).as_micros());
  storage.tell("finish a recording segment",
               [id = segment.mapped(), end_us, mapping = shift_mapping(event.clock_mapping, lesson->clock_offset)](
                   storage::Store& s) { return s.finish_segment(id, end_us, mapping, storage::SegmentState::Complete); });
}

void LiveLessons::State::on_event(const media::api::Event& event) {
  if (const auto* quality = std::get_if<media::api::PeerQuality>(&event)) return on_quality(*quality);
  if (const auto* levels = std::get_if<media::api::AudioLevels>(&event)) return on_levels(*levels);
  if (const auto* lost = std::get_if<media::api::PeerLost>(&event)) return on_peer_lost(lost->peer);
  if (const auto* started = std::get_if<media::api::SegmentStarted>(&event)) return on_segment_started(*started);
  if (const auto* ended = std::get_if<media::api::SegmentEnded>(&event)) return on_segment_ended(*ended);
  if (const auto* finished = std::get_if<media::api::RecordingFinished>(&event)) {
    if (Hosted* lesson = find(finished->room)) lesson->recording = false;
    return;
  }
  classroom::Output out;
  if (const auto* connected = std::get_if<media::api::PeerConnected>(&event)) {
    const auto peer = peers.find(connected->peer);
    Hosted* lesson = peer != peers.end() ? find(peer->second.lesson) : nullptr;
    if (lesson == nullptr) return;
    lesson->room.on_media_connected(now(), peer->second.p, out);
    return apply(*lesson, out);
  }
  const auto* active = std::get_if<media::api::TrackActive>(&event);
  const auto* voice = std::get_if<media::api::VoiceActivity>(&event);
  const auto track = tracks.find(active != nullptr ? active->track : voice->track);
  if (track == tracks.end() || track->second.gone) return;
  Hosted* lesson = find(track->second.lesson);
  const auto peer = peers.find(track->second.peer);
  if (lesson == nullptr || peer == peers.end()) return;
  const std::string p = track->second.p;
  if (active != nullptr && peer->second.use == PeerUse::Page) {
    lesson->room.on_track_flow(now(), p, track->second.source, active->active, out);
  }
  if (voice != nullptr && track_for(lesson->row.id, p, TrackSource::Microphone) == voice->track) {
    lesson->room.on_voice(now(), p, voice->speaking, out);
  }
  apply(*lesson, out);
}

}  // namespace signaling::app

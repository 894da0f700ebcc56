// Offers become answers and peers; what the media plane reports reaches classrooms and the
// database.
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

TrackSource wire_source(media::Source source) {
  return static_cast<TrackSource>(source);
}
static_assert(static_cast<int>(media::Source::Board) == static_cast<int>(TrackSource::Board));

const char* codec_name(media::Codec codec) {
  switch (codec) {
    case media::Codec::Opus:
      return "opus";
    case media::Codec::Vp8:
      return "vp8";
    case media::Codec::Vp9:
      return "vp9";
    case media::Codec::H264:
      return "h264";
    case media::Codec::Av1:
      return "av1";
  }
  return "";
}

sdp::Permits permits_of(const std::array<bool, classroom::kSources>& may) {
  return {.microphone = may[0],
          .camera = may[1],
          .screen = may[2],
          .screen_audio = may[3],
          .board = may[4],
          .slots = true};
}

HttpError http_error(const media::Error& error) {
  switch (error.code) {
    case media::Errc::Unsupported:
      return {422, "unsupported", error.what};
    case media::Errc::Conflict:
      return {409, "conflict", error.what};
    case media::Errc::TooLarge:
      return {413, "too-large", error.what};
    default:
      return {400, "bad-sdp", error.what};
  }
}

ErrorCode protocol_error(media::Errc code) {
  return code == media::Errc::Conflict   ? ErrorCode::Conflict
         : code == media::Errc::TooLarge ? ErrorCode::TooLarge
                                         : ErrorCode::BadMessage;
}

// What the overloaded media plane leaves out last, and first.
media::SlotUse use_of(const std::string& slot) {
  if (slot == "teacher" || slot == "voice-teacher") return media::SlotUse::Main;
  if (slot == "stage" || slot == "voice-stage") return media::SlotUse::Stage;
  if (slot == "screen" || slot == "sound-screen" || slot == "board") return media::SlotUse::Screen;
  if (slot.starts_with("wall-")) return media::SlotUse::Thumbnail;
  return slot.starts_with("voice-") ? media::SlotUse::OtherVoice : media::SlotUse::Main;
}

sdp::PublishAs publish_as(storage::SourceRole role) {
  switch (role) {
    case storage::SourceRole::Board:
    case storage::SourceRole::Other:
      return sdp::PublishAs::Board;
    case storage::SourceRole::Courseware:
      return sdp::PublishAs::Courseware;
    case storage::SourceRole::TeacherCamera:
      break;
  }
  return sdp::PublishAs::Teacher;
}

HttpError overloaded() {
  return {503, "overloaded", "the server carries all it can just now; try again in a few seconds"};
}

template <class T>
void reject(const HttpReply<T>& reply, HttpError error) {
  reply(tl::unexpected<HttpError>(std::move(error)));
}

// What PATCH and DELETE ask for.
void open_session(Peer& peer, const auth::Actor& actor) {
  peer.session = storage::sql::new_id();
  peer.etag = '"' + storage::sql::new_id() + '"';
  peer.actor = actor;
}

// RFC 9110 section 13.1.1: "*", or a list of tags.
bool names_etag(std::string_view if_match, const std::string& etag) {
  while (!if_match.empty()) {
    const size_t comma = std::min(if_match.find(','), if_match.size());
    std::string_view one = if_match.substr(0, comma);
    if_match.remove_prefix(std::min(comma + 1, if_match.size()));
    while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
    while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
    if (one == "*" || one == etag) return true;
  }
  return false;
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

// An encoder's before a page's, and of a page's the newest. What a source of no special role sends
// is shown in the board's place as long as no board camera sends.
std::optional<TrackId> LiveLessons::State::track_for(const Hosted& lesson, const std::string& p,
                                                     TrackSource source) const {
  const auto found = lesson.tracks.find({p, source});
  if (found == lesson.tracks.end()) return std::nullopt;
  std::optional<TrackId> newest;
  std::optional<TrackId> other;
  for (const TrackId id : found->second) {
    const Peer& peer = peers.at(tracks.at(id).peer);
    const bool is_encoder = peer.use == PeerUse::Encoder;
    if (is_encoder && peer.role != storage::SourceRole::Other) return id;
    if (is_encoder) other = id;
    newest = id;
  }
  return other ? other : newest;
}

std::array<bool, classroom::kSources> LiveLessons::State::sources_of(const Peer& peer) const {
  std::array<bool, classroom::kSources> has{};
  for (const auto& section : peer.negotiated.published)
    has[static_cast<size_t>(section.source)] = true;
  return has;
}

Peer* LiveLessons::State::page_peer(Hosted& lesson, const std::string& p) {
  const auto page = lesson.pages.find(p);
  return page != lesson.pages.end() ? &peers.at(page->second) : nullptr;
}

media::Result<void> LiveLessons::State::negotiate(const Hosted& lesson, Peer& peer,
                                                  const sdp::Session& offer,
                                                  const std::vector<sdp::SectionUse>& uses,
                                                  const sdp::Permits& permits) {
  const auto place = media.place_peer(lesson.media_room);
  if (!place)
    return media::fail(media::Errc::NotFound, "the media plane has no room for this lesson");
  sdp::ServerFacts facts;
  facts.ice = fresh_ice();
  facts.fingerprint = media.fingerprint();
  facts.candidate = place->candidate;
  facts.tcp = media.accepts_tcp();
  facts.codecs = params.codecs;
  facts.rates = params.rates;
  facts.session_id = next_answer++;
  if (peer.use == PeerUse::Player) facts.stream = "lesson";
  facts.next_track = [this] { return TrackId(next_track++); };
  facts.next_slot = [this] { return media::SlotId(next_slot++); };
  facts.next_ssrc = [] { return media::Ssrc(random_u32()); };
  auto negotiated = sdp::negotiate(offer, uses, permits, facts);
  if (!negotiated) return tl::unexpected<media::Error>(negotiated.error());
  peer.local = facts.ice;
  peer.worker = place->worker;
  peer.negotiated = std::move(*negotiated);
  return {};
}

bool LiveLessons::State::admits(Arrival who) {
  if (app::admits(media.load(), who)) return true;
  ++counters.arrivals_refused;
  return false;
}

Peer& LiveLessons::State::add_peer(Hosted& lesson, Peer fresh) {
  for (size_t i = 0; i < fresh.negotiated.slots.size(); ++i)
    fresh.negotiated.slots[i].use = use_of(fresh.negotiated.slot_names[i]);
  if (!fresh.p.empty()) lesson.had_media.insert(fresh.p);
  fresh.id = PeerId(next_peer++);
  fresh.lesson = lesson.row.id;
  const PeerId id = fresh.id;
  Peer& peer = peers.emplace(id, std::move(fresh)).first->second;
  lesson.peers.insert(id);
  if (peer.use == PeerUse::Page) lesson.pages[peer.p] = id;
  const sdp::Negotiated& n = peer.negotiated;
  for (size_t i = 0; i < n.slots.size(); ++i) {
    peer.viewer.slots.push_back(n.slot_names[i]);
    peer.slots[n.slot_names[i]] = n.slots[i].slot;
    peer.slot_kinds[n.slot_names[i]] = n.slots[i].kind;
  }
  for (const auto& section : n.published) {
    const TrackSource source = wire_source(section.source);
    tracks[section.track] = {lesson.row.id, peer.p, id, source};
    lesson.tracks[{peer.p, source}].push_back(section.track);
  }
  media.add_peer({lesson.media_room, id, peer.local, n.remote_ice, n.remote_fingerprint,
                  n.extensions, n.published, n.slots, peer.worker, n.starts_dtls});
  return peer;
}

void LiveLessons::State::remove_peer(PeerId id) {
  const auto it = peers.find(id);
  if (it == peers.end()) return;
  const Peer& peer = it->second;
  if (Hosted* lesson = find(peer.lesson)) {
    lesson->peers.erase(id);
    if (const auto page = lesson->pages.find(peer.p);
        page != lesson->pages.end() && page->second == id) {
      lesson->pages.erase(page);
    }
    for (const auto& section : peer.negotiated.published) {
      tracks.at(section.track).gone = true;
      const auto shown = lesson->tracks.find({peer.p, wire_source(section.source)});
      std::erase(shown->second, section.track);
      if (shown->second.empty()) lesson->tracks.erase(shown);
    }
  }
  sessions.erase(peer.session);
  peers.erase(it);
  media.remove_peer(id);
}

void LiveLessons::State::offer(Socket& socket, const protocol::Offer& offer, Hosted& lesson) {
  const auto session = sdp::parse(offer.sdp);
  if (!session)
    return refuse(socket, offer.id, ErrorCode::BadMessage,
                  std::string("\"sdp\" ") + session.error().what);
  Peer* old = page_peer(lesson, socket.p);
  if (offer.restart) {
    if (old == nullptr)
      return refuse(socket, offer.id, ErrorCode::NotFound, "there is no connection to restart");
    const media::IceCredentials local = fresh_ice();
    const auto restarted = sdp::restart(old->negotiated, *session, local);
    if (!restarted)
      return refuse(socket, offer.id, protocol_error(restarted.error().code),
                    restarted.error().what);
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
  const bool is_teacher = who->seen.role == protocol::Role::Teacher;
  const bool returns = old != nullptr || lesson.had_media.contains(socket.p);
  if (!admits(is_teacher ? Arrival::Teacher : returns ? Arrival::Return : Arrival::Page)) {
    return refuse(socket, offer.id, ErrorCode::Overloaded,
                  "the server carries all it can just now; try again in a few seconds");
  }
  Peer peer;
  peer.p = socket.p;
  peer.viewer.p = socket.p;
  peer.viewer.role = who->seen.role;
  peer.actor = socket.actor;
  const auto agreed =
      negotiate(lesson, peer, *session, uses, permits_of(lesson.room.may_publish(who->seen.role)));
  if (!agreed)
    return refuse(socket, offer.id, protocol_error(agreed.error().code), agreed.error().what);
  if (old != nullptr) remove_peer(old->id);
  const Peer& added = add_peer(lesson, std::move(peer));
  const PeerId id = added.id;
  send(socket, protocol::Answer{offer.id, added.negotiated.answer});
  classroom::Output out;
  lesson.room.on_page_tracks(now(), socket.p, sources_of(added), out);
  apply(lesson, out);
  sync_gates(lesson, socket.p);
  // Others' slots name this participant's new tracks even when what they show has not changed.
  replan(lesson);
  if (const auto it = peers.find(id); it != peers.end()) replan(lesson, it->second, true);
}

void LiveLessons::State::publish(const auth::Actor& actor, Hosted& lesson, const std::string& text,
                                 std::optional<storage::SourceRole> as,
                                 const HttpReply<MediaAnswer>& reply) {
  if (!auth::authorize(actor, auth::Verb::PublishWhip, lesson.object)) {
    return reject(reply, {403, "forbidden", "this credential may not publish here"});
  }
  const auto who = newcomer(actor, lesson);
  if (!who || who->role == protocol::Role::Observer)
    return reject(reply, {403, "forbidden", "an observer only watches"});
  const auto session = sdp::parse(text);
  if (!session) return reject(reply, http_error(session.error()));
  const storage::LessonSource* source = source_of_key(lesson, actor.credential_hash);
  if (source != nullptr && !source->enabled)
    return reject(reply, {403, "forbidden", "this source is switched off"});
  const storage::SourceRole role =
      source != nullptr ? source->role : as.value_or(storage::SourceRole::TeacherCamera);
  // An encoder that crashed cannot say so; the one that replaces it need not wait until consent
  // expires.
  std::optional<PeerId> dead;
  if (const auto* known = lesson.room.find_identity(who->identity)) {
    const Peer* before = encoder_of(lesson, known->seen.p, role);
    if (before != nullptr && !is_silent(*before))
      return reject(reply, {409, "conflict", "this key publishes already"});
    if (before != nullptr) dead = before->id;
  }
  const auto* here = lesson.room.find_identity(who->identity);
  const bool returns = here != nullptr && lesson.had_media.contains(here->seen.p);
  if (!admits(returns ? Arrival::Return : Arrival::Encoder)) return reject(reply, overloaded());
  Peer peer;
  peer.use = PeerUse::Encoder;
  peer.role = role;
  if (source != nullptr) peer.source = source->id;
  // Before anybody sees the participant come: an offer that cannot be answered makes no events.
  const auto agreed =
      negotiate(lesson, peer, *session, sdp::derive_uses(*session, "teacher", publish_as(role)),
                permits_of(lesson.room.may_publish(who->role)));
  if (!agreed) return reject(reply, http_error(agreed.error()));
  if (peer.negotiated.published.empty()) {
    return reject(reply, {422, "unsupported", "the offer publishes nothing that is taken here"});
  }
  if (dead) on_peer_lost(*dead);
  classroom::Output out;
  const auto p = lesson.room.on_join(now(), *who, Origin::Encoder, out);
  if (!p) {
    const bool removed = p.error().code == ErrorCode::Forbidden;
    return reject(reply,
                  {removed ? 403 : 409, removed ? "forbidden" : "conflict", p.error().message});
  }
  peer.p = *p;
  peer.viewer.p = *p;
  peer.viewer.role = who->role;
  open_session(peer, actor);
  const Peer& added = add_peer(lesson, std::move(peer));
  sessions[added.session] = added.id;
  const MediaAnswer answer{added.negotiated.answer, added.session, added.etag};
  lesson.room.on_encoder_tracks(now(), *p, encoded(lesson, *p), out);
  apply(lesson, out);
  sync_gates(lesson, *p);
  replan(lesson);
  reply(answer);
}

void LiveLessons::State::play(const auth::Actor& actor, Hosted& lesson, const std::string& text,
                              PlaySource source, const HttpReply<MediaAnswer>& reply) {
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
  if (!admits(Arrival::Player)) return reject(reply, overloaded());
  Peer peer;
  peer.use = PeerUse::Player;
  peer.viewer.role = protocol::Role::Observer;
  if (who && who->role != protocol::Role::Observer) peer.identity = who->identity;
  const sdp::Permits nothing{.microphone = false,
                             .camera = false,
                             .screen = false,
                             .screen_audio = false,
                             .board = false,
                             .slots = true};
  const char* picture = source == PlaySource::Screen  ? "screen"
                        : source == PlaySource::Board ? "board"
                                                      : "teacher";
  const auto agreed =
      negotiate(lesson, peer, *session, sdp::derive_uses(*session, picture), nothing);
  if (!agreed) return reject(reply, http_error(agreed.error()));
  if (peer.negotiated.slots.empty()) {
    return reject(reply, {422, "unsupported", "the offer receives nothing that is sent here"});
  }
  open_session(peer, actor);
  Peer& added = add_peer(lesson, std::move(peer));
  sessions[added.session] = added.id;
  replan(lesson, added, false);
  reply(MediaAnswer{added.negotiated.answer, added.session, added.etag});
}

void LiveLessons::patch(const auth::Actor& actor, const std::string& lesson,
                        const std::string& session, const std::string& if_match,
                        std::string fragment, HttpReply<PatchAnswer> reply) {
  State& s = *state_;
  Peer* own = s.session_of(actor, lesson, session);
  if (own == nullptr) return reject(reply, {404, "not-found", "no such session"});
  Peer& peer = *own;
  const auto parsed = sdp::parse_fragment(fragment);
  if (!parsed) return reject(reply, http_error(parsed.error()));
  if (!parsed->ice && parsed->candidates.empty() && !parsed->end_of_candidates)
    return reject(reply, {400, "bad-sdp", "the fragment holds nothing about ICE"});
  const bool restarts = parsed->ice && parsed->ice->ufrag != peer.negotiated.remote_ice.ufrag;
  // RFC 9725 section 4.3.1: trickle names the ICE session it belongs to; a restart replaces
  // whichever there is.
  if (if_match.empty()) return reject(reply, {428, "precondition-required", "send If-Match"});
  if (!names_etag(if_match, peer.etag))
    return reject(reply, {412, "conflict", "another ICE session is in use"});
  if (!restarts) return reply(PatchAnswer{});  // ICE-lite: we answer checks and need no candidates
  const auto candidate = s.media.candidate(peer.id);
  if (!candidate) return reject(reply, {404, "not-found", "the lesson is over"});
  peer.local = fresh_ice();
  peer.negotiated.remote_ice = *parsed->ice;
  peer.etag = "\"" + storage::sql::new_id() + "\"";
  s.media.restart_ice(peer.id, peer.local, *parsed->ice);
  const std::string mid = !parsed->mid.empty() ? parsed->mid : peer.negotiated.mids.front();
  const bool tcp = s.media.accepts_tcp();
  reply(PatchAnswer{sdp::build_fragment(peer.local, *candidate, mid, tcp), peer.etag});
}

void LiveLessons::end_session(const auth::Actor& actor, const std::string& lesson,
                              const std::string& session, HttpReply<void> reply) {
  const Peer* peer = state_->session_of(actor, lesson, session);
  if (peer == nullptr) return reject(reply, {404, "not-found", "no such session"});
  state_->on_peer_lost(peer->id);
  reply({});
}

bool LiveLessons::has_session(const auth::Actor& actor, const std::string& lesson,
                              const std::string& session) const {
  return state_->session_of(actor, lesson, session) != nullptr;
}

// Somebody else's, another lesson's and none look alike: nobody learns which session ids are in
// use.
Peer* LiveLessons::State::session_of(const auth::Actor& actor, const std::string& lesson,
                                     const std::string& session) {
  const auto it = sessions.find(session);
  if (it == sessions.end()) return nullptr;
  Peer& peer = peers.at(it->second);
  return peer.lesson == lesson && same_owner(peer.actor, actor) ? &peer : nullptr;
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
    lesson->room.on_encoder_tracks(now(), peer.p, encoded(*lesson, peer.p), out);
  }
  apply(*lesson, out);
  // A page's own track may now stand in for the encoder's.
  sync_gates(*lesson, peer.p);
  replan(*lesson);
}

void LiveLessons::State::on_relief(const media::api::ReliefChanged& event) {
  for (const PeerId id : event.peers) {
    const auto peer = peers.find(id);
    if (peer == peers.end() || peer->second.relief == event.relief) continue;
    peer->second.relief = event.relief;
    Hosted* lesson = find(peer->second.lesson);
    if (lesson == nullptr || peer->second.use != PeerUse::Page) continue;
    if (Socket* socket = socket_of(*lesson, peer->second.p))
      send(*socket, protocol::Relief{media::overload::relief_name(event.relief)});
  }
}

void LiveLessons::State::tell_undecodable(Hosted& lesson, const Peer& peer) {
  if (peer.use != PeerUse::Page) return;
  if (Socket* socket = socket_of(lesson, peer.p))
    send(*socket, protocol::Undecodable{peer.undecodable});
}

void LiveLessons::State::on_undecodable(const media::api::SlotUndecodable& event) {
  const auto it = peers.find(event.peer);
  Hosted* lesson = it != peers.end() ? find(it->second.lesson) : nullptr;
  if (lesson == nullptr) return;
  Peer& peer = it->second;
  const auto slot = std::find_if(peer.slots.begin(), peer.slots.end(),
                                 [&](const auto& s) { return s.second == event.slot; });
  if (slot == peer.slots.end()) return;
  // Said of what was shown before; what is shown now is another matter.
  const auto* fed = std::get_if<TrackId>(&peer.fed[slot->first]);
  if (fed == nullptr || *fed != event.track) return;
  if (event.over) {
    peer.undecodable.erase(slot->first);
  } else {
    ++counters.slots_undecodable;
    peer.undecodable[slot->first] = {codec_name(event.codec)};
    media::logger("live")->warn(
        "peer {} cannot decode {}: track {} is not shown there. Put a codec that every class "
        "decodes first in media.video_codecs.",
        event.peer.value, codec_name(event.codec), event.track.value);
  }
  tell_undecodable(*lesson, peer);
}

void LiveLessons::State::tell_over_rate(Hosted& lesson, const std::string& p, bool always) {
  protocol::OverRate all;
  for (const PeerId id : lesson.peers) {
    const Peer& peer = peers.at(id);
    if (!p.empty() && peer.p == p) all.sources.insert(peer.over_rate.begin(), peer.over_rate.end());
  }
  if (all.sources.empty() && !always) return;
  // An encoder has no page of its own: its participant's is told.
  if (Socket* socket = socket_of(lesson, p)) send(*socket, all);
}

void LiveLessons::State::on_over_rate(const media::api::TrackOverRate& event) {
  const auto track = tracks.find(event.track);
  const auto peer = peers.find(event.peer);
  if (track == tracks.end() || track->second.gone || peer == peers.end()) return;
  Hosted* lesson = find(peer->second.lesson);
  if (lesson == nullptr) return;
  const std::string source(protocol::name_of(track->second.source));
  if (event.over) {
    ++counters.tracks_over_rate;
    peer->second.over_rate[source] = event.limit_bps / 1000;
    media::logger("live")->warn(
        "track {} of peer {} brings more than the agreed {} kbit/s; the surplus is dropped.",
        event.track.value, event.peer.value, event.limit_bps / 1000);
  } else {
    peer->second.over_rate.erase(source);
  }
  tell_over_rate(*lesson, peer->second.p, true);
}

void LiveLessons::State::on_quality(const media::api::PeerQuality& q) {
  const auto it = peers.find(q.peer);
  if (it == peers.end() || it->second.p.empty()) return;
  Hosted* lesson = find(it->second.lesson);
  if (lesson == nullptr) return;
  const std::string& p = it->second.p;
  if (const auto* who = lesson->room.find(p);
      who != nullptr && who->seen.role != protocol::Role::Observer) {
    lesson->links[p] = {q.rtt.as_millis(), std::clamp(q.uplink_loss, 0.0, 1.0),
                        std::clamp(q.downlink_loss, 0.0, 1.0), q.uplink_bps / 1000,
                        q.downlink_bps / 1000};
  }
  classroom::Output out;
  lesson->room.on_link(
      now(), p, {static_cast<double>(q.rtt.as_millis()), q.uplink_loss, q.downlink_loss, 0}, out);
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
    if (track_for(*lesson, track->second.p, TrackSource::Microphone) != level.track) continue;
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
  lesson->segments[event.file] = row;
  storage.tell("begin a recording segment",
               [row](storage::Store& s) { return s.add_segment(row); });
  if (lesson->room.is_live() &&
      !lesson->room.is_recording()) {  // all had failed; this one is written
    classroom::Output out;
    lesson->room.on_recording(now(), true, "restart", out);
    apply(*lesson, out);
  }
}

void LiveLessons::State::on_segment_ended(const media::api::SegmentEnded& event) {
  Hosted* lesson = find(event.room);
  if (lesson == nullptr) return;
  auto taken = lesson->segments.extract(event.file);
  if (taken.empty()) return;
  storage::RecordingSegment& segment = taken.mapped();
  segment.clock_mapping = shift_mapping(event.clock_mapping, lesson->clock_offset);
  if (event.failure.empty()) {
    segment.end_us = std::max<int64_t>(0, (event.end - lesson->clock_offset).as_micros());
    storage.tell("finish a recording segment", [segment](storage::Store& s) {
      return s.finish_segment(segment.id, segment.end_us, segment.clock_mapping,
                              storage::SegmentState::Complete);
    });
    return;
  }
  media::logger("app")->error("recording of {} stopped early: {}", event.file, event.failure);
  repair.add({segment});  // what had been written plays
  const auto track = tracks.find(event.track);
  if (track == tracks.end() || track->second.gone || !lesson->room.is_live()) return;
  classroom::Output out;
  lesson->room.on_track_not_recorded(now(), track->second.p, track->second.source,
                                     !lesson->segments.empty(), out);
  apply(*lesson, out);
}

void LiveLessons::State::on_event(const media::api::Event& event) {
  if (const auto* quality = std::get_if<media::api::PeerQuality>(&event))
    return on_quality(*quality);
  if (const auto* levels = std::get_if<media::api::AudioLevels>(&event)) return on_levels(*levels);
  if (const auto* blind = std::get_if<media::api::SlotUndecodable>(&event))
    return on_undecodable(*blind);
  if (const auto* rate = std::get_if<media::api::TrackOverRate>(&event)) return on_over_rate(*rate);
  if (const auto* relief = std::get_if<media::api::ReliefChanged>(&event))
    return on_relief(*relief);
  if (const auto* lost = std::get_if<media::api::PeerLost>(&event)) return on_peer_lost(lost->peer);
  if (const auto* started = std::get_if<media::api::SegmentStarted>(&event))
    return on_segment_started(*started);
  if (const auto* ended = std::get_if<media::api::SegmentEnded>(&event))
    return on_segment_ended(*ended);
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
  on_track_event(event);
}

// It began or ceased to flow, or its voice did.
void LiveLessons::State::on_track_event(const media::api::Event& event) {
  classroom::Output out;
  const auto* active = std::get_if<media::api::TrackActive>(&event);
  const auto* voice = std::get_if<media::api::VoiceActivity>(&event);
  const auto track = tracks.find(active != nullptr ? active->track : voice->track);
  if (track == tracks.end() || track->second.gone) return;
  Hosted* lesson = find(track->second.lesson);
  const auto peer = peers.find(track->second.peer);
  if (lesson == nullptr || peer == peers.end()) return;
  const std::string p = track->second.p;
  if (active != nullptr) {
    track->second.flows = active->active;
    track->second.silent = !active->active;
    if (peer->second.use == PeerUse::Page)
      lesson->room.on_track_flow(now(), p, track->second.source, active->active, out);
  }
  if (voice != nullptr && track_for(*lesson, p, TrackSource::Microphone) == voice->track) {
    lesson->room.on_voice(now(), p, voice->speaking, out);
  }
  apply(*lesson, out);
}

}  // namespace signaling::app

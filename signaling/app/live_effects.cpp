// Carries out what a classroom asks for: events to everyone and to the database, gates and slots to
// the media plane.
#include "media/base/log.h"
#include "signaling/app/live_state.h"
#include "storage/sql/storage_thread.h"

namespace signaling::app {
namespace {

constexpr Duration kSaveAgainAfter = Duration::seconds(1);

}  // namespace

void LiveLessons::State::store(Hosted& lesson, const std::vector<protocol::Event>& events) {
  for (const protocol::Event& event : events) {
    const std::string text = protocol::encode(protocol::ServerMessage(event));
    lesson.unsaved.push_back({lesson.row.id, event.n, event.at, params.clocks.wall_us(),
                              std::string(protocol::kind_of(event)), text});
    for (auto& [p, seat] : lesson.seats) {
      if (Socket* socket = socket_of(lesson, p)) socket->connection->send(text);
    }
  }
  save(lesson);
}

// One append is under way at a time and what failed is tried again first: the timeline may have no
// gap.
void LiveLessons::State::save(Hosted& lesson) {
  if (lesson.saving || lesson.unsaved.empty() || now() < lesson.save_again) return;
  lesson.saving = true;
  const size_t count = lesson.unsaved.size();
  storage.append_events(
      lesson.unsaved, [this, count, id = lesson.row.id,
                       guard = std::weak_ptr<bool>(alive)](const media::Outcome<void>& done) {
        if (stops(guard)) return;
        Hosted* stored = find(id);
        if (stored == nullptr) return;
        stored->saving = false;
        if (done) {
          counters.events_stored += count;
          stored->unsaved.erase(stored->unsaved.begin(),
                                stored->unsaved.begin() + static_cast<std::ptrdiff_t>(count));
          save(*stored);
        } else {
          ++counters.storage_failures;
          stored->save_again = now() + kSaveAgainAfter;
        }
      });
}

struct LiveLessons::State::Carry {
  State& s;
  Hosted& lesson;

  void operator()(const classroom::GateChanged& gate) const { s.sync_gates(lesson, gate.p); }
  void operator()(const classroom::SlotsChanged&) const { s.replan(lesson); }
  void operator()(const classroom::CloseSocket& closing) const {
    if (Socket* socket = s.socket_of(lesson, closing.p))
      s.close(*socket, closing.code, closing.reason);
    lesson.seats.erase(closing.p);
  }
  void operator()(const classroom::DropMedia& drop) const { s.drop_media(lesson, drop.p); }
  void operator()(const classroom::LessonStarted&) const {
    // Zero of the session clock is now; the media plane's room may be older.
    lesson.clock_offset = s.media.session_time(lesson.media_room);
    const int64_t wall = lesson.room.lesson().started_at;
    s.storage.tell("start the lesson", [id = lesson.row.id, wall](storage::Store& store) {
      const auto done = store.set_lesson_live(id, wall);
      return done ? media::Outcome<void>() : tl::unexpected<media::EnvError>(done.error());
    });
  }
  void operator()(const classroom::LessonEnded&) const {
    lesson.ended = true;
    s.storage.tell("end the lesson", [id = lesson.row.id,
                                      wall = s.params.clocks.wall_us()](storage::Store& store) {
      const auto done = store.set_lesson_ended(id, wall);
      return done ? media::Outcome<void>() : tl::unexpected<media::EnvError>(done.error());
    });
    // Also when the classroom calls it off already: after a failure the media plane still waits for
    // new tracks.
    s.stop_recording(lesson);
    // WHEP players are nobody in the lesson; they end with the room.
    for (const PeerId id : std::set<PeerId>(lesson.peers)) {
      if (s.peers.at(id).use == PeerUse::Player) s.remove_peer(id);
    }
  }
  void operator()(const classroom::StartRecording&) const { s.start_recording(lesson); }
  void operator()(const classroom::StopRecording&) const { s.stop_recording(lesson); }
  void operator()(const classroom::AttendanceOpen& open) const { s.open_attendance(lesson, open); }
  void operator()(const classroom::AttendanceClose& left) const {
    const auto span = lesson.attendance.extract(left.p);
    if (span.empty()) return;
    s.storage.tell("close attendance", [id = span.mapped(), at = left.at](storage::Store& store) {
      return store.close_attendance(*id, at);
    });
  }
  void operator()(const classroom::AttendanceHeadcount& count) const {
    const auto span = lesson.attendance.find(count.p);
    if (span == lesson.attendance.end()) return;
    const auto n = static_cast<int>(lesson.room.find(count.p)->seen.headcount);
    s.storage.tell("set the headcount", [id = span->second, n](storage::Store& store) {
      return store.set_attendance_headcount(*id, n);
    });
  }
  void operator()(const classroom::ObserversChanged& observers) const {
    s.tell_teachers(lesson, protocol::Observers{observers.count});
  }
};

void LiveLessons::State::apply(Hosted& lesson, classroom::Output& out) {
  store(lesson, out.events);
  for (const classroom::Effect& effect : out.effects) std::visit(Carry{*this, lesson}, effect);
  out = {};
}

// Of somebody who was removed also the players that its credential opened: they are not listed
// anywhere, and the teacher's word holds for them too.
void LiveLessons::State::drop_media(Hosted& lesson, const std::string& p) {
  const classroom::Participant* who = lesson.room.find(p);
  const bool removed = who != nullptr && who->presence == classroom::Presence::Removed;
  for (const PeerId id : std::set<PeerId>(lesson.peers)) {
    const Peer& peer = peers.at(id);
    const bool is_players =
        removed && peer.use == PeerUse::Player && peer.identity == who->identity;
    if (is_players || (!peer.p.empty() && peer.p == p)) remove_peer(id);
  }
  if (removed && params.on_removed) params.on_removed(lesson.row.id);
  lesson.links.erase(p);
  lesson.walls.erase(p);
  lesson.views.erase(p);
}

void LiveLessons::State::stop_recording(Hosted& lesson) {
  if (lesson.recording) media.stop_recording(lesson.media_room);
}

void LiveLessons::State::open_attendance(Hosted& lesson, const classroom::AttendanceOpen& effect) {
  const protocol::Participant& seen = lesson.room.find(effect.p)->seen;
  storage::AttendanceSpan row;
  row.lesson_id = lesson.row.id;
  row.participant = effect.p;
  if (!seen.class_id.empty()) row.class_id = seen.class_id;
  row.name = seen.name;
  row.headcount = static_cast<int>(seen.headcount);
  row.joined_us = row.last_seen_us = effect.at;
  auto id = std::make_shared<int64_t>(0);
  lesson.attendance[effect.p] = id;
  storage.tell("open attendance", [id, row](storage::Store& s) -> media::Outcome<void> {
    const auto opened = s.open_attendance(row);
    if (!opened) return tl::unexpected<media::EnvError>(opened.error());
    *id = *opened;
    return {};
  });
}

void LiveLessons::State::start_recording(Hosted& lesson) {
  const std::filesystem::path directory = params.recordings / lesson.row.id;
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    media::logger("app")->error("cannot record: {} cannot be made: {}", directory.string(),
                                error.message());
    classroom::Output out;
    lesson.room.on_recording(now(), false, "failed", out);
    return store(lesson, out.events);
  }
  lesson.recording = true;
  media.start_recording(lesson.media_room, {directory});
}

// Of a page's and an encoder's track of the same source only the one that is shown may be
// forwarded: two copies of one voice would be heard as an echo.
void LiveLessons::State::sync_gates(Hosted& lesson, const std::string& p) {
  for (size_t i = 0; i < classroom::kSources; ++i) {
    const auto source = static_cast<TrackSource>(i);
    const auto found = lesson.tracks.find({p, source});
    if (found == lesson.tracks.end()) continue;
    const auto shown =
        lesson.room.may_forward(p, source) ? track_for(lesson, p, source) : std::nullopt;
    for (const TrackId id : found->second) {
      Track& track = tracks.at(id);
      const bool open = shown == id;
      if (open == track.open) continue;
      track.open = open;
      media.open_track(id, open);
    }
  }
}

void LiveLessons::State::replan(Hosted& lesson) {
  for (const PeerId id : lesson.peers) replan(lesson, peers.at(id), false);
}

void LiveLessons::State::replan(Hosted& lesson, Peer& peer, bool always_tell) {
  const auto wall = lesson.walls.find(peer.p);
  peer.viewer.wall = wall != lesson.walls.end() ? wall->second : std::vector<std::string>();
  const auto view = lesson.views.find(peer.p);
  peer.viewer.hidden = view != lesson.views.end() ? view->second : std::set<std::string>();
  const classroom::SlotPlan before =
      std::exchange(peer.plan, classroom::plan_slots(lesson.room, peer.viewer, peer.plan));
  for (const auto& [name, target] : peer.plan) {
    const media::SlotId slot = peer.slots.at(name);
    media::SlotFeed feed;
    if (target.loudest) {
      feed = media::Loudest{};
    } else if (target.shown && !target.hidden) {
      if (const auto track = track_for(lesson, target.shown->p, target.shown->source))
        feed = *track;
    }
    const auto old = before.find(name);
    const classroom::SlotTarget fresh;
    const classroom::SlotTarget& was = old != before.end() ? old->second : fresh;
    if (peer.slot_kinds.at(name) == media::MediaKind::Video &&
        (target.layer != was.layer || target.rate != was.rate)) {
      media.limit_slot(peer.id, slot, {target.layer, target.rate});
    }
    if (peer.fed[name] != feed) {
      peer.fed[name] = feed;
      media.feed_slot(peer.id, slot, feed);
      // Told anew when it holds for what is shown now.
      if (peer.undecodable.erase(name) > 0) tell_undecodable(lesson, peer);
    }
  }
  const protocol::SlotMap map = classroom::as_map(peer.plan);
  if (peer.use != PeerUse::Page || (!always_tell && map == classroom::as_map(before))) return;
  if (Socket* socket = socket_of(lesson, peer.p)) send(*socket, protocol::Slots{map});
}

void LiveLessons::State::tell_teachers(Hosted& lesson, const protocol::ServerMessage& message) {
  for (const classroom::Participant* who : lesson.room.roster()) {
    if (who->seen.role != protocol::Role::Teacher) continue;
    if (Socket* socket = socket_of(lesson, who->seen.p)) send(*socket, message);
  }
}

}  // namespace signaling::app

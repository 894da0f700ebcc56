// Carries out what a classroom asks for: events to everyone and to the database, gates and slots to the media plane.
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

// One append is under way at a time and what failed is tried again first: the timeline may have no gap.
void LiveLessons::State::save(Hosted& lesson) {
  if (lesson.saving || lesson.unsaved.empty() || now() < lesson.save_again) return;
  lesson.saving = true;
  const size_t count = lesson.unsaved.size();
  storage.append_events(lesson.unsaved, [this, count, id = lesson.row.id, guard = std::weak_ptr<bool>(alive)](
                                            const media::Outcome<void>& done) {
    if (stops(guard)) return;
    Hosted* stored = find(id);
    if (stored == nullptr) return;
    stored->saving = false;
    if (done) {
      counters.events_stored += count;
      stored->unsaved.erase(stored->unsaved.begin(), stored->unsaved.begin() + static_cast<std::ptrdiff_t>(count));
      save(*stored);
    } else {
      ++counters.storage_failures;
      stored->save_again = now() + kSaveAgainAfter;
    }
  });
}

void LiveLessons::State::apply(Hosted& lesson, classroom::Output& out) {
  store(lesson, out.events);
  for (const classroom::Effect& effect : out.effects) {
    if (const auto* gate = std::get_if<classroom::GateChanged>(&effect)) {
      sync_gates(lesson, gate->p);
    } else if (std::holds_alternative<classroom::SlotsChanged>(effect)) {
      replan(lesson);
    } else if (const auto* closing = std::get_if<classroom::CloseSocket>(&effect)) {
      if (Socket* socket = socket_of(lesson, closing->p)) close(*socket, closing->code, closing->reason);
      lesson.seats.erase(closing->p);
    } else if (const auto* drop = std::get_if<classroom::DropMedia>(&effect)) {
      std::vector<PeerId> gone;
      for (const auto& [id, peer] : peers) {
        if (peer.lesson == lesson.row.id && peer.p == drop->p) gone.push_back(id);
      }
      for (const PeerId id : gone) remove_peer(id);
    } else if (std::holds_alternative<classroom::LessonStarted>(effect)) {
      // Zero of the session clock is now; the media plane's room may be older.
      lesson.clock_offset = media.session_time(lesson.media_room);
      storage.tell("start the lesson", [id = lesson.row.id, wall = lesson.room.lesson().started_at](storage::Store& s) {
        const auto done = s.set_lesson_live(id, wall);
        return done ? media::Outcome<void>() : tl::unexpected<media::EnvError>(done.error());
      });
    } else if (std::holds_alternative<classroom::LessonEnded>(effect)) {
      lesson.ended = true;
      storage.tell("end the lesson", [id = lesson.row.id, wall = params.clocks.wall_us()](storage::Store& s) {
        const auto done = s.set_lesson_ended(id, wall);
        return done ? media::Outcome<void>() : tl::unexpected<media::EnvError>(done.error());
      });
      // WHEP players are nobody in the lesson; they end with the room.
      std::vector<PeerId> players;
      for (const auto& [id, peer] : peers) {
        if (peer.lesson == lesson.row.id && peer.use == PeerUse::Player) players.push_back(id);
      }
      for (const PeerId id : players) remove_peer(id);
    } else if (std::holds_alternative<classroom::StartRecording>(effect)) {
      start_recording(lesson);
    } else if (std::holds_alternative<classroom::StopRecording>(effect)) {
      media.stop_recording(lesson.media_room);
    } else if (const auto* open = std::get_if<classroom::AttendanceOpen>(&effect)) {
      open_attendance(lesson, *open);
    } else if (const auto* left = std::get_if<classroom::AttendanceClose>(&effect)) {
      const auto span = lesson.attendance.extract(left->p);
      if (span.empty()) continue;
      storage.tell("close attendance", [id = span.mapped(), at = left->at](storage::Store& s) {
        return s.close_attendance(*id, at);
      });
    } else if (const auto* count = std::get_if<classroom::AttendanceHeadcount>(&effect)) {
      const auto span = lesson.attendance.find(count->p);
      if (span == lesson.attendance.end()) continue;
      const auto n = static_cast<int>(lesson.room.find(count->p)->seen.headcount);
      storage.tell("set the headcount", [id = span->second, n](storage::Store& s) {
        return s.set_attendance_headcount(*id, n);
      });
    } else if (const auto* observers = std::get_if<classroom::ObserversChanged>(&effect)) {
      tell_teachers(lesson, protocol::Observers{observers->count});
    }
  }
  out = {};
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
    media::logger("app")->error("cannot record: {} cannot be made: {}", directory.string(), error.message());
    classroom::Output out;
    lesson.room.on_recording(now(), false, "failed", out);
    return store(lesson, out.events);
  }
  lesson.recording = true;
  media.start_recording(lesson.media_room, {directory});
}

// Of a page's and an encoder's track of the same source only the one that is shown may be forwarded: two copies of
// one voice would be heard as an echo.
void LiveLessons::State::sync_gates(Hosted& lesson, const std::string& p) {
  for (auto& [id, track] : tracks) {
    if (track.gone || track.lesson != lesson.row.id || track.p != p) continue;
    const bool open = lesson.room.may_forward(p, track.source) && track_for(lesson.row.id, p, track.source) == id;
    if (open == track.open) continue;
    track.open = open;
    media.open_track(id, open);
  }
}

void LiveLessons::State::replan(Hosted& lesson) {
  for (auto& [id, peer] : peers) {
    if (peer.lesson == lesson.row.id) replan(lesson, peer, false);
  }
}

void LiveLessons::State::replan(Hosted& lesson, Peer& peer, bool always_tell) {
  const auto wall = lesson.walls.find(peer.p);
  peer.viewer.wall = wall != lesson.walls.end() ? wall->second : std::vector<std::string>();
  const classroom::SlotPlan before = std::exchange(peer.plan, classroom::plan_slots(lesson.room, peer.viewer, peer.plan));
  for (const auto& [name, target] : peer.plan) {
    const media::SlotId slot = peer.slots.at(name);
    media::SlotFeed feed;
    if (target.loudest) {
      feed = media::Loudest{};
    } else if (target.shown) {
      if (const auto track = track_for(lesson.row.id, target.shown->p, target.shown->source)) feed = *track;
    }
    const auto old = before.find(name);
    const uint8_t old_layer = old != before.end() ? old->second.layer : classroom::kBest;
    if (peer.slot_kinds.at(name) == media::MediaKind::Video && target.layer != old_layer) {
      media.limit_slot(peer.id, slot, target.layer);
    }
    if (peer.fed[name] != feed) {
      peer.fed[name] = feed;
      media.feed_slot(peer.id, slot, feed);
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

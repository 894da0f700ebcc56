// Who may be in a lesson and as what: when it comes, and again while its connection stands.
#include <algorithm>

#include "signaling/app/authenticator.h"
#include "signaling/app/live_state.h"
#include "signaling/auth/secrets.h"
#include "signaling/protocol/version.h"
#include "storage/sql/storage_thread.h"

namespace signaling::app {
namespace {

// A revoked credential works for at most this long plus the time of a tick: below the two seconds
// that PROTOCOL.md promises.
constexpr Duration kCheckAgain = Duration::millis(1'500);

// The same right in the lesson as when the connection was made.
bool still_covers(const auth::Actor& fresh, const auth::Actor& old, const Hosted& lesson) {
  const auto is = newcomer(fresh, lesson);
  const auto was = newcomer(old, lesson);
  if (!is || !was || is->role != was->role) return false;
  return is->role == protocol::Role::Observer || is->identity == was->identity;
}

}  // namespace

bool same_owner(const auth::Actor& a, const auth::Actor& b) {
  if (!a.credential_hash.empty() || !b.credential_hash.empty())
    return a.credential_hash == b.credential_hash;
  return a.kind == b.kind && a.person_id == b.person_id && a.lesson_id == b.lesson_id &&
         a.role == b.role && a.class_id == b.class_id;
}

std::optional<classroom::Newcomer> newcomer(const auth::Actor& actor, const Hosted& lesson) {
  const auto role = auth::entry_role(actor, lesson.object);
  if (!role) return std::nullopt;
  classroom::Newcomer who;
  who.role = static_cast<protocol::Role>(*role);
  switch (*role) {
    case storage::LessonRole::Teacher: {
      const std::string person = actor.person_id.value_or(lesson.row.teacher_id);
      who.identity = "person:" + person;
      who.lead = person == lesson.row.teacher_id;
      const bool own_name = !who.lead && !actor.name.empty();
      who.name = own_name ? actor.name : lesson.roster.teacher;
      who.school = own_name ? actor.school : lesson.roster.host_school;
      return who;
    }
    case storage::LessonRole::Class: {
      const auto id = auth::entry_class(actor, lesson.object);
      if (!id) return std::nullopt;
      who.identity = "class:" + *id;
      who.class_id = *id;
      for (const storage::RosterClass& row : lesson.roster.classes) {
        if (row.class_id != *id) continue;
        who.name = row.school + " " + row.name;
        who.school = row.school;
        who.headcount = row.headcount;
      }
      return who;
    }
    case storage::LessonRole::Observer:
      who.identity = "observer:" + auth::new_secret();
      return who;
  }
  return std::nullopt;
}

bool LiveLessons::is_removed(const std::string& lesson, const auth::Actor& actor) const {
  const Hosted* hosted = state_->find(lesson);
  const auto who = hosted == nullptr ? std::nullopt : newcomer(actor, *hosted);
  const auto* known = who ? hosted->room.find_identity(who->identity) : nullptr;
  return known != nullptr && known->presence == classroom::Presence::Removed;
}

// One look at the database for all that are due; the next one waits for its answer. While the
// database does not answer everyone keeps the right they had: a stalled disk must not empty the
// classrooms.
void LiveLessons::State::recheck(Instant t) {
  if (rechecking) return;
  std::map<std::string, bool> due;  // credential hash -> is a session
  const auto collect = [&](const auth::Actor& actor, Instant& checked) {
    if (actor.credential_hash.empty() || t - checked < kCheckAgain) return;
    checked = t;
    due[actor.credential_hash] = actor.credential_is_session;
  };
  for (auto& [id, socket] : sockets) {
    if (!socket.closing) collect(socket.actor, socket.checked);
  }
  for (auto& [id, peer] : peers) collect(peer.actor, peer.checked);
  if (due.empty()) return;
  rechecking = true;
  using Found = std::map<std::string, auth::Actor>;
  storage.ask(
      [due, wall = params.clocks.wall_us()](storage::Store& store) -> media::Outcome<Found> {
        Found found;
        for (const auto& [hash, is_session] : due) {
          auto actor = look_up(store, hash, is_session, wall);
          if (!actor) return tl::unexpected<media::EnvError>(actor.error());
          found[hash] = std::move(*actor);
        }
        return found;
      },
      [this, guard = std::weak_ptr<bool>(alive)](const media::Outcome<Found>& found) {
        if (stops(guard)) return;
        rechecking = false;
        if (found)
          on_rechecked(*found);
        else
          ++counters.storage_failures;
      });
}

void LiveLessons::State::on_rechecked(const std::map<std::string, auth::Actor>& found) {
  const auto is_lost = [&](auth::Actor& actor, const std::string& lesson_id) {
    const auto fresh = found.find(actor.credential_hash);
    if (fresh == found.end()) return false;
    const Hosted* lesson = find(lesson_id);
    const bool lost = lesson != nullptr ? !still_covers(fresh->second, actor, *lesson)
                                        : fresh->second.kind == auth::ActorKind::None;
    if (!lost) actor = fresh->second;
    return lost;
  };
  std::vector<ConnectionId> lost_sockets;
  for (auto& [id, socket] : sockets) {
    if (!socket.closing && is_lost(socket.actor, socket.lesson)) lost_sockets.push_back(id);
  }
  for (const ConnectionId id : lost_sockets) revoke(id);
  std::vector<PeerId> lost_peers;
  for (auto& [id, peer] : peers) {
    if (is_lost(peer.actor, peer.lesson)) lost_peers.push_back(id);
  }
  for (const PeerId id : lost_peers) on_peer_lost(id);
}

// The seat goes with the socket: nobody may come back to it by its secret alone, and nobody waits
// for it.
void LiveLessons::State::revoke(ConnectionId id) {
  Socket& socket = sockets.at(id);
  const std::string p = socket.p;
  Hosted* lesson = p.empty() ? nullptr : find(socket.lesson);
  refuse(socket, std::nullopt, ErrorCode::Forbidden, "this credential is no longer valid");
  close(socket, protocol::kCloseForbidden, "forbidden");
  if (lesson == nullptr) return;
  const auto seat = lesson->seats.find(p);
  if (seat == lesson->seats.end() || seat->second.connection != id) return;
  lesson->seats.erase(seat);
  if (const Peer* page = page_peer(*lesson, p)) on_peer_lost(page->id);
  classroom::Output out;
  lesson->room.on_away(now(), p, out);
  const classroom::Participant* who = lesson->room.find(p);
  if (who != nullptr && !who->has_encoder()) lesson->room.on_leave(now(), p, out);
  apply(*lesson, out);
}

}  // namespace signaling::app

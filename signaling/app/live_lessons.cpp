#include "signaling/app/live_lessons.h"

#include <sodium.h>

#include <algorithm>

#include "media/base/log.h"
#include "signaling/app/live_state.h"
#include "signaling/auth/secrets.h"
#include "signaling/classroom/policy.h"
#include "signaling/protocol/version.h"
#include "storage/sql/storage_thread.h"

namespace signaling::app {
namespace {

constexpr double kMessagesPerSecond = 50;  // PROTOCOL.md, "Errors"
constexpr double kMessageBurst = 100;
constexpr int kTooFastBeforeClose = 100;
constexpr int kMalformedBeforeClose = 10;
constexpr Duration kHelloWithin = Duration::seconds(10);
constexpr Duration kSlowTick = Duration::seconds(2);
constexpr int kEventsPerRead = 5000;

protocol::Lesson shown(const storage::Lesson& row, const storage::LessonRoster& roster,
                       const classroom::Policy& policy) {
  protocol::Lesson lesson;
  lesson.id = row.id;
  lesson.topic = row.topic;
  lesson.subject = row.subject;
  lesson.grade = row.grade;
  lesson.kind = policy.name;
  lesson.school = roster.host_school;
  lesson.teacher = roster.teacher;
  lesson.state = static_cast<protocol::LessonPhase>(row.state);
  lesson.started_at = row.started_at;
  return lesson;
}

struct LessonRows {
  std::optional<storage::Lesson> lesson;
  storage::LessonRoster roster;
  std::vector<storage::LessonEvent> events;
  std::vector<storage::LessonSource> sources;
};

media::Outcome<LessonRows> read_lesson(storage::Store& store, const std::string& id) {
  LessonRows rows;
  auto lesson = store.lesson(id);
  if (!lesson) return tl::unexpected<media::EnvError>(lesson.error());
  if (!*lesson) return rows;
  rows.lesson = std::move(**lesson);
  auto roster = store.lesson_roster(id);
  if (!roster) return tl::unexpected<media::EnvError>(roster.error());
  if (*roster) rows.roster = std::move(**roster);
  auto sources = store.sources_of_lesson(id);
  if (!sources) return tl::unexpected<media::EnvError>(sources.error());
  rows.sources = std::move(*sources);
  for (;;) {
    auto page = store.events(id, static_cast<int64_t>(rows.events.size()), kEventsPerRead);
    if (!page) return tl::unexpected<media::EnvError>(page.error());
    rows.events.insert(rows.events.end(), page->begin(), page->end());
    if (page->size() < static_cast<size_t>(kEventsPerRead)) return rows;
  }
}

}  // namespace

uint32_t random_u32() {
  uint32_t value = 0;
  while (value == 0) value = randombytes_random();
  return value;
}

media::IceCredentials fresh_ice() {
  // RFC 8445 section 5.3: at least 24 and 128 random bits. ice-char has no '-' or '_'
  // (section 15.4).
  const auto letters = [](size_t n) {
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::string text;
    for (size_t i = 0; i < n; ++i)
      text += kAlphabet[randombytes_uniform(static_cast<uint32_t>(kAlphabet.size()))];
    return text;
  };
  return {letters(8), letters(24)};
}

// ---------------------------------------------------------------- lessons

LiveLessons::State::~State() {
  alive.reset();
}

Hosted* LiveLessons::State::find(const std::string& lesson) {
  const auto it = lessons.find(lesson);
  return it != lessons.end() ? it->second.get() : nullptr;
}

Hosted* LiveLessons::State::find(RoomId room) {
  const auto it = rooms.find(room);
  return it != rooms.end() ? it->second : nullptr;
}

void LiveLessons::State::with_lesson(const std::string& id, Loaded then) {
  if (Hosted* lesson = find(id)) return then(lesson->ended ? nullptr : lesson);
  auto& waiting = loading[id];
  waiting.push_back(std::move(then));
  if (waiting.size() > 1) return;
  storage.ask([id](storage::Store& store) { return read_lesson(store, id); },
              [this, id, guard = std::weak_ptr<bool>(alive)](media::Outcome<LessonRows> rows) {
                if (stops(guard)) return;
                media::Outcome<Hosted*> lesson = nullptr;
                if (!rows) {
                  ++counters.storage_failures;
                  media::logger("app")->error("lesson {} cannot be read: {}", id,
                                              rows.error().message);
                  lesson = tl::unexpected<media::EnvError>(rows.error());
                } else if (draining) {
                  lesson = media::env_fail("the server stops");
                } else if (rows->lesson && rows->lesson->state != storage::LessonState::Ended) {
                  lesson = host(std::move(*rows->lesson), std::move(rows->roster), rows->events);
                  (*lesson)->sources = std::move(rows->sources);
                  if ((*lesson)->ended) lesson = nullptr;
                }
                for (const Loaded& next : std::exchange(loading[id], {})) next(lesson);
                loading.erase(id);
              });
}

Hosted* LiveLessons::State::host(storage::Lesson row, storage::LessonRoster roster,
                                 const std::vector<storage::LessonEvent>& stored) {
  const std::string id = row.id;
  std::vector<protocol::Event> events;
  for (const storage::LessonEvent& one : stored) {
    const auto parsed = protocol::parse_server(one.payload);
    const auto* event = parsed ? std::get_if<protocol::Event>(&*parsed) : nullptr;
    if (event != nullptr)
      events.push_back(*event);
    else
      media::logger("app")->error("event {} of lesson {} cannot be read and is passed over",
                                  one.sequence, id);
  }
  // Killed between the event and its row: what everyone was told holds.
  const auto live = std::find_if(events.begin(), events.end(), [](const protocol::Event& event) {
    return std::holds_alternative<protocol::LessonLiveEvent>(event.body);
  });
  const bool owed = row.state == storage::LessonState::Scheduled && live != events.end();
  if (owed) {
    row.state = storage::LessonState::Live;
    row.started_at = std::get<protocol::LessonLiveEvent>(live->body).started_at;
    storage.tell("start the lesson", [id, wall = row.started_at](storage::Store& s) {
      const auto done = s.set_lesson_live(id, wall);
      return done ? media::Outcome<void>() : tl::unexpected<media::EnvError>(done.error());
    });
  }

  const classroom::Policy& policy = classroom::policy_of(row.kind);
  protocol::Lesson lesson_shown = shown(row, roster, policy);
  auto& slot = lessons[id];
  slot =
      std::make_unique<Hosted>(std::move(row), std::move(roster), std::move(lesson_shown), policy);
  Hosted& lesson = *slot;
  lesson.media_room = RoomId(next_room++);
  rooms[lesson.media_room] = &lesson;
  media.add_room(lesson.media_room);
  // The wall clock bridges a restart: the lesson went on while the server did not. A clock that was
  // set back cannot take events with it (Classroom::at never falls below the last event).
  const Duration elapsed =
      Duration::micros(std::max<int64_t>(0, params.clocks.wall_us() - lesson.row.started_at));
  classroom::Output out;
  lesson.room.restore(now(), elapsed, events, out);
  if (lesson.room.is_live()) {
    lesson.clock_offset =
        media.session_time(lesson.media_room) - Duration::micros(lesson.room.at(now()));
  }
  apply(lesson, out);
  return &lesson;
}

void LiveLessons::State::reap() {
  std::vector<std::string> over;
  for (auto& [id, lesson] : lessons) {
    if (lesson->ended && lesson->media_room.is_valid() && !lesson->recording &&
        lesson->segments.empty() && lesson->unsaved.empty()) {
      over.push_back(id);
    }
    const bool idle = !lesson->room.is_live() && !lesson->ended && lesson->room.is_empty() &&
                      lesson->unsaved.empty() && lesson->peers.empty();
    if (idle) over.push_back(id);
  }
  for (const std::string& id : over) {
    const RoomId room = lessons.at(id)->media_room;
    media.remove_room(room);
    rooms.erase(room);
    std::erase_if(tracks, [&](const auto& entry) { return entry.second.lesson == id; });
    lessons.erase(id);
  }
}

// ---------------------------------------------------------------- sockets

void LiveLessons::State::send(Socket& socket, const protocol::ServerMessage& message) {
  if (!socket.closing) socket.connection->send(protocol::encode(message));
}

void LiveLessons::State::refuse(Socket& socket, std::optional<protocol::RequestId> id,
                                ErrorCode code, std::string message) {
  send(socket, protocol::ErrorMessage{id, code, std::move(message)});
}

void LiveLessons::State::close(Socket& socket, uint16_t code, const std::string& reason) {
  if (std::exchange(socket.closing, true)) return;
  socket.connection->close(code, reason);
}

Socket* LiveLessons::State::socket_of(Hosted& lesson, const std::string& p) {
  const auto seat = lesson.seats.find(p);
  if (seat == lesson.seats.end()) return nullptr;
  const auto socket = sockets.find(seat->second.connection);
  return socket != sockets.end() && !socket->second.closing ? &socket->second : nullptr;
}

bool LiveLessons::State::too_fast(Socket& socket) {
  const Instant t = now();
  socket.tokens = std::min(kMessageBurst,
                           socket.tokens + (t - socket.refilled).as_seconds() * kMessagesPerSecond);
  socket.refilled = t;
  if (socket.tokens >= 1) {
    socket.tokens -= 1;
    socket.too_fast = 0;
    return false;
  }
  ++counters.messages_too_fast;
  if (++socket.too_fast == 1)
    refuse(socket, std::nullopt, ErrorCode::TooFast, "at most 50 messages a second");
  if (socket.too_fast >= kTooFastBeforeClose) close(socket, protocol::kCloseTooFast, "too fast");
  return true;
}

void LiveLessons::State::malformed(Socket& socket, const protocol::Malformed& error) {
  ++counters.messages_malformed;
  refuse(socket, error.id, error.code, error.message);
  if (++socket.malformed >= kMalformedBeforeClose)
    close(socket, protocol::kCloseProtocol, "malformed messages");
}

void LiveLessons::State::hello(ConnectionId id, const protocol::Hello& message) {
  Socket& socket = sockets.at(id);
  if (message.v != protocol::kVersion) {
    refuse(socket, message.id, ErrorCode::Version, "this server speaks version 1");
    return close(socket, protocol::kCloseProtocol, "version");
  }
  if (socket.hello_pending || !socket.p.empty()) {
    // A client that saw a gap says hello again on the same socket.
    if (socket.hello_pending || message.lesson != socket.lesson) {
      return refuse(socket, message.id, ErrorCode::Conflict,
                    "this connection is in a lesson already");
    }
  }
  socket.hello_pending = true;
  with_lesson(message.lesson, [this, id, message](const media::Outcome<Hosted*>& lesson) {
    const auto it = sockets.find(id);
    if (it == sockets.end() || it->second.closing) return;
    it->second.hello_pending = false;
    if (!lesson) {
      refuse(it->second, message.id, ErrorCode::Internal,
             "the lesson cannot be read just now; try again");
      return close(it->second, draining ? protocol::kCloseGoingAway : protocol::kCloseInternal,
                   "internal error");
    }
    if (*lesson != nullptr) return enter(id, message, **lesson);
    // Whether a lesson that is not open exists is nobody's business who may not see it.
    refuse(it->second, message.id, ErrorCode::NotLive, "there is no such lesson, or it has ended");
    close(it->second, protocol::kCloseLessonEnded, "no such lesson, or it has ended");
  });
}

void LiveLessons::State::enter(ConnectionId id, const protocol::Hello& message, Hosted& lesson) {
  Socket& socket = sockets.at(id);
  auto who = newcomer(socket.actor, lesson);
  if (!who) {
    refuse(socket, message.id, ErrorCode::Forbidden, "this credential does not cover the lesson");
    return close(socket, protocol::kCloseForbidden, "forbidden");
  }
  classroom::Output out;
  if (message.resume) {
    for (const auto& [p, seat] : lesson.seats) {
      const classroom::Participant* known = lesson.room.find(p);
      const bool same = known != nullptr && known->seen.role == who->role &&
                        (who->role == protocol::Role::Observer || known->identity == who->identity);
      if (!same || !auth::equal_secrets(seat.secret, message.resume->seat)) continue;
      if (!lesson.room.events_after(message.resume->last)) break;
      const std::string seat_of = p;
      if (!lesson.room.on_return(now(), seat_of, out)) break;
      // Whoever still sits there goes before the events of this return are sent, so that nobody
      // gets them twice.
      if (Socket* older = socket_of(lesson, seat_of); older != nullptr && older != &socket) {
        close(*older, protocol::kCloseSeatTaken, "the seat was taken over");
      }
      leave_seat(socket, id, lesson, seat_of);
      lesson.seats[seat_of].connection = {};
      apply(lesson, out);
      return welcome(socket, id, message, lesson, seat_of, true);
    }
  }
  if (!socket.p.empty()) return welcome(socket, id, message, lesson, std::string(socket.p), false);
  const auto p = lesson.room.on_join(now(), *who, Origin::Page, out);
  if (!p) {
    refuse(socket, message.id, p.error().code, p.error().message);
    const bool removed =
        p.error().code == ErrorCode::Forbidden && who->role != protocol::Role::Observer;
    return close(socket, removed ? protocol::kCloseRemoved : protocol::kCloseForbidden,
                 p.error().message);
  }
  // The newcomer's own arrival is in its state; the others hear of it.
  apply(lesson, out);
  welcome(socket, id, message, lesson, *p, false);
}

// An observer that shows another seat's secret leaves the one it has: one socket sits in one seat.
void LiveLessons::State::leave_seat(const Socket& socket, ConnectionId id, Hosted& lesson,
                                    const std::string& next) {
  const auto seat = lesson.seats.find(socket.p);
  if (socket.p == next || seat == lesson.seats.end() || seat->second.connection != id) return;
  lesson.seats.erase(seat);
  classroom::Output out;
  lesson.room.on_leave(now(), std::string(socket.p), out);
  apply(lesson, out);
}

void LiveLessons::State::welcome(Socket& socket, ConnectionId id, const protocol::Hello& message,
                                 Hosted& lesson, const std::string& p, bool resumed) {
  std::vector<protocol::Event> missed;
  if (resumed) missed = lesson.room.events_after(message.resume->last).value_or(missed);
  Seat& seat = lesson.seats[p];
  if (Socket* older = socket_of(lesson, p); older != nullptr && older != &socket) {
    close(*older, protocol::kCloseSeatTaken, "the seat was taken over");
  }
  if (!resumed) {
    seat.secret = auth::new_secret();
    // A page that begins anew says itself what it shows.
    lesson.walls.erase(p);
    lesson.views.erase(p);
  }
  seat.connection = id;
  socket.p = p;
  socket.lesson = lesson.row.id;
  const protocol::Role role = lesson.room.find(p)->seen.role;
  protocol::Welcome out;
  out.id = message.id;
  out.v = protocol::kVersion;
  out.you = p;
  out.role = role;
  out.seat = seat.secret;
  out.resumed = resumed;
  out.at = lesson.room.at(now());
  out.lesson = lesson.room.lesson();
  if (resumed)
    out.last = message.resume->last;
  else
    out.state = lesson.room.state();
  if (!resumed) out.last = lesson.room.last_event();
  if (params.ice_servers) out.ice_servers = params.ice_servers(socket.actor);
  send(socket, out);
  if (resumed) {
    for (const protocol::Event& event : missed) send(socket, event);
  }
  if (role == protocol::Role::Teacher) {
    send(socket, protocol::Observers{lesson.room.observers_here()});
    if (!lesson.told_sources.sources.empty()) send(socket, lesson.told_sources);
  }
  if (Peer* peer = page_peer(lesson, p)) {
    replan(lesson, *peer, true);
    if (peer->relief != media::overload::Relief::None)
      send(socket, protocol::Relief{media::overload::relief_name(peer->relief)});
    if (!peer->undecodable.empty()) tell_undecodable(lesson, *peer);
  }
  tell_over_rate(lesson, p, false);
}

void LiveLessons::State::handle(ConnectionId id, Socket& socket,
                                const protocol::ClientMessage& message) {
  if (const auto* m = std::get_if<protocol::Hello>(&message)) return hello(id, *m);
  const protocol::RequestId request_id = std::visit([](const auto& m) { return m.id; }, message);
  Hosted* lesson = socket.p.empty() ? nullptr : find(socket.lesson);
  if (lesson == nullptr) return refuse(socket, request_id, ErrorCode::Forbidden, "say hello first");
  if (const auto* m = std::get_if<protocol::Ping>(&message)) {
    return send(socket, protocol::Pong{m->id, lesson->room.at(now())});
  }
  if (const auto* m = std::get_if<protocol::Offer>(&message)) return offer(socket, *m, *lesson);
  if (const auto* m = std::get_if<protocol::Limit>(&message)) {
    Peer* peer = page_peer(*lesson, socket.p);
    if (peer == nullptr || !peer->slots.contains(m->slot)) {
      return refuse(socket, request_id, ErrorCode::NotFound, "this connection has no such slot");
    }
    peer->viewer.limits[m->slot] = static_cast<uint8_t>(m->layer);
    replan(*lesson, *peer, false);
    return send(socket, protocol::Ok{request_id});
  }
  if (const auto* m = std::get_if<protocol::Wall>(&message)) {
    lesson->walls[socket.p] = m->show;
    if (Peer* peer = page_peer(*lesson, socket.p)) replan(*lesson, *peer, false);
    return send(socket, protocol::Ok{request_id});
  }
  if (const auto* m = std::get_if<protocol::View>(&message)) {
    lesson->views[socket.p] = {m->hidden.begin(), m->hidden.end()};
    if (Peer* peer = page_peer(*lesson, socket.p)) replan(*lesson, *peer, false);
    return send(socket, protocol::Ok{request_id});
  }
  classroom::Output out;
  std::optional<classroom::Refusal> refusal;
  if (std::holds_alternative<protocol::Start>(message)) {
    refusal = lesson->room.on_start(now(), params.clocks.wall_us(), socket.p, out);
  } else {
    refusal = lesson->room.on_request(now(), socket.p, *classroom::request_of(message), out);
  }
  // The answer goes first: `end` and `remove` close sockets.
  if (refusal)
    refuse(socket, request_id, refusal->code, refusal->message);
  else
    send(socket, protocol::Ok{request_id});
  apply(*lesson, out);
}

// ---------------------------------------------------------------- the interface

namespace {

// Null: answered with an error.
Hosted* open_lesson(const media::Outcome<Hosted*>& found, const HttpReply<MediaAnswer>& reply) {
  if (found && *found != nullptr) return *found;
  if (found)
    reply(tl::unexpected<HttpError>({404, "not-found", "no such lesson"}));
  else
    reply(tl::unexpected<HttpError>(
        {503, "internal", "the lesson cannot be read just now; try again"}));
  return nullptr;
}

}  // namespace

LiveLessons::LiveLessons(LiveParams params, media::api::MediaServer& media,
                         storage::sql::StorageThread& storage)
    : state_(std::make_unique<State>(std::move(params), media, storage)) {}

LiveLessons::~LiveLessons() = default;

void LiveLessons::recover(std::function<void(media::Outcome<void>)> ready) {
  struct Found {
    std::vector<std::string> live;
    std::vector<storage::RecordingSegment> cut;
  };
  State& s = *state_;
  s.storage.ask(
      [](storage::Store& store) -> media::Outcome<Found> {
        Found found;
        const auto closed = store.close_stale_attendance();
        if (!closed) return tl::unexpected<media::EnvError>(closed.error());
        const auto live = store.lessons_in_state(storage::LessonState::Live);
        if (!live) return tl::unexpected<media::EnvError>(live.error());
        for (const storage::Lesson& lesson : *live) found.live.push_back(lesson.id);
        auto cut = store.segments_in_state(storage::SegmentState::Writing);
        if (!cut) return tl::unexpected<media::EnvError>(cut.error());
        found.cut = std::move(*cut);
        return found;
      },
      [&s, ready, guard = std::weak_ptr<bool>(s.alive)](media::Outcome<Found> found) {
        if (stops(guard)) return;
        if (!found) return ready(tl::unexpected<media::EnvError>(found.error()));
        s.repair.add(std::move(found->cut));
        if (found->live.empty()) return ready({});
        const auto left = std::make_shared<size_t>(found->live.size());
        // A live lesson that cannot be continued would be taught unrecorded, under numbers that are
        // taken.
        const auto failed = std::make_shared<media::Outcome<void>>();
        for (const std::string& id : found->live) {
          s.with_lesson(id, [left, failed, ready](const media::Outcome<Hosted*>& lesson) {
            if (!lesson && *failed) *failed = tl::unexpected<media::EnvError>(lesson.error());
            if (--*left == 0) ready(*failed);
          });
        }
      });
}

void LiveLessons::drain() {
  State& s = *state_;
  if (std::exchange(s.draining, true)) return;
  for (auto& [id, socket] : s.sockets)
    s.close(socket, protocol::kCloseGoingAway, "the server stops");
  std::vector<PeerId> all;
  for (const auto& [id, peer] : s.peers) all.push_back(id);
  for (const PeerId id : all) s.remove_peer(id);
  for (auto& [id, lesson] : s.lessons) {
    s.stop_recording(*lesson);
    if (lesson->room.is_live()) {
      s.storage.tell("refresh attendance",
                     [lesson_id = id, at = lesson->room.at(s.now())](storage::Store& store) {
                       return store.touch_attendance(lesson_id, at);
                     });
    }
  }
}

bool LiveLessons::is_drained() const {
  if (!state_->draining) return false;
  return std::all_of(state_->lessons.begin(), state_->lessons.end(), [](const auto& entry) {
    const Hosted& lesson = *entry.second;
    return !lesson.recording && lesson.segments.empty() && lesson.unsaved.empty();
  });
}

void LiveLessons::on_open(ConnectionId id, Connection& connection, const auth::Actor& actor) {
  Socket socket;
  socket.connection = &connection;
  socket.actor = actor;
  socket.opened = socket.refilled = state_->now();
  socket.tokens = kMessageBurst;
  Socket& kept = state_->sockets[id] = std::move(socket);
  if (state_->draining) state_->close(kept, protocol::kCloseGoingAway, "the server stops");
}

void LiveLessons::on_message(ConnectionId id, std::string_view text) {
  const auto it = state_->sockets.find(id);
  if (it == state_->sockets.end() || it->second.closing) return;
  ++state_->counters.messages_in;
  if (state_->too_fast(it->second)) return;
  const auto message = protocol::parse_client(text);
  if (!message) return state_->malformed(it->second, message.error());
  state_->handle(id, it->second, *message);
}

void LiveLessons::on_close(ConnectionId id) {
  State& s = *state_;
  const auto it = s.sockets.find(id);
  if (it == s.sockets.end()) return;
  const Socket socket = std::move(it->second);
  s.sockets.erase(it);
  Hosted* lesson = socket.p.empty() ? nullptr : s.find(socket.lesson);
  // After a stop everyone is away; the restarted server says so, once.
  if (lesson == nullptr || lesson->ended || s.draining) return;
  const auto seat = lesson->seats.find(socket.p);
  if (seat == lesson->seats.end() || seat->second.connection != id) return;
  seat->second.connection = {};
  classroom::Output out;
  lesson->room.on_away(s.now(), socket.p, out);
  s.apply(*lesson, out);
}

void LiveLessons::publish(const auth::Actor& actor, const std::string& lesson, std::string offer,
                          std::optional<storage::SourceRole> as, HttpReply<MediaAnswer> reply) {
  if (state_->draining)
    return reply(tl::unexpected<HttpError>({503, "internal", "the server stops"}));
  state_->with_lesson(lesson, [s = state_.get(), actor, offer = std::move(offer), as,
                               reply](const media::Outcome<Hosted*>& found) {
    Hosted* hosted = open_lesson(found, reply);
    if (hosted == nullptr) return;
    s->publish(actor, *hosted, offer, as, reply);
  });
}

void LiveLessons::play(const auth::Actor& actor, const std::string& lesson, std::string offer,
                       PlaySource source, HttpReply<MediaAnswer> reply) {
  if (state_->draining)
    return reply(tl::unexpected<HttpError>({503, "internal", "the server stops"}));
  state_->with_lesson(lesson, [s = state_.get(), actor, offer = std::move(offer), source,
                               reply](const media::Outcome<Hosted*>& found) {
    Hosted* hosted = open_lesson(found, reply);
    if (hosted == nullptr) return;
    s->play(actor, *hosted, offer, source, reply);
  });
}

void LiveLessons::on_media_events() {
  std::vector<media::api::Event> events;
  state_->media.poll_events(events);
  for (const media::api::Event& event : events) state_->on_event(event);
}

void LiveLessons::on_tick(Instant now) {
  State& s = *state_;
  for (auto& [id, socket] : s.sockets) {
    if (!socket.closing && socket.p.empty() && !socket.hello_pending &&
        now - socket.opened >= kHelloWithin) {
      s.close(socket, protocol::kCloseNoHello, "no hello within 10 s");
    }
  }
  const bool slow = now - s.slow_tick >= kSlowTick;
  if (slow) s.slow_tick = now;
  for (auto& [id, lesson] : s.lessons) {
    s.save(*lesson);
    if (lesson->ended || s.draining) continue;
    classroom::Output out;
    lesson->room.on_tick(now, out);
    s.apply(*lesson, out);
    std::erase_if(lesson->seats, [&, &lesson = lesson](const auto& seat) {
      const auto* who = lesson->room.find(seat.first);
      return who == nullptr || !who->is_in_room();
    });
    if (!slow) continue;
    if (!lesson->links.empty()) s.tell_teachers(*lesson, protocol::Links{lesson->links});
    if (!lesson->attendance.empty()) {
      s.storage.tell("refresh attendance",
                     [lesson_id = id, at = lesson->room.at(now)](storage::Store& store) {
                       return store.touch_attendance(lesson_id, at);
                     });
    }
  }
  if (s.draining) return;
  s.recheck(now);
  s.reap();
}

LiveStats LiveLessons::stats() const {
  LiveStats out = state_->counters;
  for (const auto& [id, lesson] : state_->lessons) {
    out.recording += lesson->recording ? 1U : 0U;  // also of one that has ended: files are finished
    if (lesson->ended) continue;
    ++(lesson->room.is_live() ? out.lessons_live : out.lessons_waiting);
    out.participants += lesson->room.roster().size();
    out.observers += static_cast<uint64_t>(lesson->room.observers_here());
  }
  out.sockets = state_->sockets.size();
  out.media_sessions = state_->peers.size();
  return out;
}

}  // namespace signaling::app

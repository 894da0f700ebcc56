// What LiveLessons holds. Private to signaling/app/live_*.cpp; signaling thread only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "signaling/app/admission.h"
#include "signaling/app/live_lessons.h"
#include "signaling/app/live_repair.h"
#include "signaling/auth/actor.h"
#include "signaling/auth/authorize.h"
#include "signaling/classroom/classroom.h"
#include "signaling/classroom/slot_plan.h"
#include "signaling/protocol/codec.h"
#include "signaling/sdp/negotiate.h"
#include "storage/api/records.h"

namespace signaling::app {

using classroom::Origin;
using media::Duration;
using media::Instant;
using media::PeerId;
using media::RoomId;
using media::TrackId;
using protocol::ErrorCode;
using protocol::TrackSource;

struct Socket {
  Connection* connection = nullptr;
  auth::Actor actor;
  Instant opened;
  Instant checked;     // when the credential was last looked up
  std::string lesson;  // empty before hello was answered
  std::string p;
  bool hello_pending = false;
  bool closing = false;
  double tokens = 0;
  Instant refilled;
  int malformed = 0;
  int too_fast = 0;
};

struct Seat {
  std::string secret;
  ConnectionId connection;  // invalid: away
};

enum class PeerUse : uint8_t { Page, Encoder, Player };

struct Peer {
  PeerId id;
  std::string lesson;
  std::string p;  // empty: a player
  PeerUse use = PeerUse::Page;
  sdp::Negotiated negotiated;
  media::IceCredentials local;
  unsigned worker = 0;  // of the media plane
  classroom::Viewer viewer;
  std::map<std::string, media::SlotId> slots;
  std::map<std::string, media::MediaKind> slot_kinds;
  classroom::SlotPlan plan;
  media::overload::Relief relief = media::overload::Relief::None;  // as last told
  std::map<std::string, media::SlotFeed> fed;
  std::map<std::string, protocol::UndecodableSlot> undecodable;  // by slot, as last told
  std::map<std::string, int64_t> over_rate;                      // by source, agreed kbit/s
  std::string session;                                           // WHIP and WHEP
  std::string etag;
  storage::SourceRole role = storage::SourceRole::TeacherCamera;  // of an encoder
  std::string source;    // of an encoder that is one of the lesson's sources: its id
  auth::Actor actor;     // who made it
  std::string identity;  // the class or person behind it; empty for an observer
  Instant checked;       // when the credential was last looked up
};

struct Track {
  std::string lesson;
  std::string p;
  PeerId peer;
  TrackSource source = TrackSource::Microphone;
  bool open = false;
  bool flows = false;   // packets arrive
  bool silent = false;  // it sent, and then nothing came for some seconds
  bool gone = false;    // its connection ended; kept for the segment that is still being finished
};

struct Hosted {
  Hosted(storage::Lesson stored, storage::LessonRoster belonging, protocol::Lesson shown,
         const classroom::Policy& policy)
      : row(std::move(stored)),
        roster(std::move(belonging)),
        object(auth::Object::lesson(row, roster)),
        room(std::move(shown), policy) {}

  storage::Lesson row;
  storage::LessonRoster roster;
  auth::Object object;
  classroom::Classroom room;
  RoomId media_room;
  Duration clock_offset;   // media clock of the room minus session clock
  bool recording = false;  // files are being written or finished
  std::set<PeerId> peers;
  std::set<std::string> had_media;      // participants that were connected once: they may come back
  std::map<std::string, PeerId> pages;  // by participant
  // Tracks whose connection still stands, by participant and source; oldest first.
  std::map<std::pair<std::string, TrackSource>, std::vector<TrackId>> tracks;
  bool ended = false;
  std::map<std::string, Seat> seats;
  std::map<std::string, std::vector<std::string>> walls;  // by participant: chosen pictures
  std::map<std::string, std::set<std::string>> views;     // by participant: slots not looked at
  std::map<std::string, std::shared_ptr<int64_t>> attendance;  // row ids, set on the storage thread
  std::map<std::string, storage::RecordingSegment> segments;   // by file, while writing
  std::map<std::string, protocol::LinkFacts> links;
  std::vector<storage::LessonSource> sources;      // recorders and encoders
  std::map<std::string, std::string> source_keys;  // credential's hash -> source that we call
  protocol::Sources told_sources;
  std::vector<storage::LessonEvent> unsaved;  // not known to be on disk, in order
  bool saving = false;
  Instant save_again;
};

struct LiveLessons::State {
  State(LiveParams settings, media::api::MediaServer& server, storage::sql::StorageThread& database)
      : params(std::move(settings)),
        media(server),
        storage(database),
        repair(params.recordings, database) {}
  ~State();

  // Null: no such lesson, or it has ended. An error: nobody can tell.
  using Loaded = std::function<void(const media::Outcome<Hosted*>&)>;

  // --- live_lessons.cpp: lessons, sockets ---
  void with_lesson(const std::string& id, Loaded then);
  Hosted* host(storage::Lesson row, storage::LessonRoster roster,
               const std::vector<storage::LessonEvent>& events);
  void hello(ConnectionId id, const protocol::Hello& hello);
  void enter(ConnectionId id, const protocol::Hello& hello, Hosted& lesson);
  void welcome(Socket& socket, ConnectionId id, const protocol::Hello& hello, Hosted& lesson,
               const std::string& p, bool resumed);
  void leave_seat(const Socket& socket, ConnectionId id, Hosted& lesson, const std::string& next);
  void handle(ConnectionId id, Socket& socket, const protocol::ClientMessage& message);
  void malformed(Socket& socket, const protocol::Malformed& error);
  bool too_fast(Socket& socket);
  void refuse(Socket& socket, std::optional<protocol::RequestId> id, ErrorCode code,
              std::string message);
  void send(Socket& socket, const protocol::ServerMessage& message);
  void close(Socket& socket, uint16_t code, const std::string& reason);
  Socket* socket_of(Hosted& lesson, const std::string& p);
  void reap();

  // --- live_access.cpp: credentials that are revoked while their connection stands ---
  void recheck(Instant now);
  void on_rechecked(const std::map<std::string, auth::Actor>& found);
  void revoke(ConnectionId id);

  // --- live_effects.cpp: what a classroom asks for ---
  void apply(Hosted& lesson, classroom::Output& out);
  struct Carry;  // one overload for each effect
  void drop_media(Hosted& lesson, const std::string& p);
  void stop_recording(Hosted& lesson);
  void store(Hosted& lesson, const std::vector<protocol::Event>& events);
  void save(Hosted& lesson);
  void sync_gates(Hosted& lesson, const std::string& p);
  void replan(Hosted& lesson);
  void replan(Hosted& lesson, Peer& peer, bool always_tell);
  void start_recording(Hosted& lesson);
  void open_attendance(Hosted& lesson, const classroom::AttendanceOpen& effect);
  void tell_teachers(Hosted& lesson, const protocol::ServerMessage& message);

  // --- live_media.cpp: connections and what happens to them ---
  std::optional<TrackId> track_for(const Hosted& lesson, const std::string& p,
                                   TrackSource source) const;
  std::array<bool, classroom::kSources> sources_of(const Peer& peer) const;
  // What all encoders of `p` together send.
  std::array<bool, classroom::kSources> encoded(const Hosted& lesson, const std::string& p) const;
  // The lesson's source whose key the credential is; null: none's.
  const storage::LessonSource* source_of_key(const Hosted& lesson,
                                             const std::string& credential_hash) const;
  Peer* page_peer(Hosted& lesson, const std::string& p);
  // The answer, and what was agreed, in `peer`; nobody else notices before add_peer().
  media::Result<void> negotiate(const Hosted& lesson, Peer& peer, const sdp::Session& offer,
                                const std::vector<sdp::SectionUse>& uses,
                                const sdp::Permits& permits);
  // Counts a refusal.
  bool admits(Arrival who);
  Peer& add_peer(Hosted& lesson, Peer peer);
  void remove_peer(PeerId id);
  void offer(Socket& socket, const protocol::Offer& offer, Hosted& lesson);
  void on_event(const media::api::Event& event);
  void on_track_event(const media::api::Event& event);
  void on_peer_lost(PeerId id);
  void on_relief(const media::api::ReliefChanged& event);
  void on_undecodable(const media::api::SlotUndecodable& event);
  void on_over_rate(const media::api::TrackOverRate& event);
  // Says it to the page behind `peer`, if it has one.
  void tell_undecodable(Hosted& lesson, const Peer& peer);
  // `always`: also that there is nothing any more.
  void tell_over_rate(Hosted& lesson, const std::string& p, bool always);
  void on_quality(const media::api::PeerQuality& quality);
  void on_levels(const media::api::AudioLevels& levels);
  void on_segment_started(const media::api::SegmentStarted& event);
  void on_segment_ended(const media::api::SegmentEnded& event);
  // The encoder of `p` in this role, if there is one.
  [[nodiscard]] const Peer* encoder_of(const Hosted& lesson, const std::string& p,
                                       storage::SourceRole role) const;
  [[nodiscard]] bool is_silent(const Peer& peer) const;
  // A WHIP or WHEP session of `actor`; nullptr: unknown, or somebody else's.
  Peer* session_of(const auth::Actor& actor, const std::string& lesson, const std::string& session);
  void publish(const auth::Actor& actor, Hosted& lesson, const std::string& offer,
               std::optional<storage::SourceRole> as, const HttpReply<MediaAnswer>& reply);
  void play(const auth::Actor& actor, Hosted& lesson, const std::string& offer, PlaySource source,
            const HttpReply<MediaAnswer>& reply);

  [[nodiscard]] Instant now() const { return params.clocks.monotonic(); }
  Hosted* find(const std::string& lesson);
  Hosted* find(RoomId room);

  LiveParams params;
  media::api::MediaServer& media;
  storage::sql::StorageThread& storage;
  std::shared_ptr<bool> alive =
      std::make_shared<bool>(true);  // replies that come after our end find it gone
  std::map<std::string, std::unique_ptr<Hosted>> lessons;
  std::map<RoomId, Hosted*> rooms;
  std::map<std::string, std::vector<Loaded>> loading;
  std::unordered_map<ConnectionId, Socket> sockets;
  std::map<PeerId, Peer> peers;
  std::map<TrackId, Track> tracks;
  std::map<std::string, PeerId> sessions;
  uint32_t next_room = 1;
  uint32_t next_peer = 1;
  uint32_t next_track = 1;
  uint32_t next_slot = 1;
  uint64_t next_answer = 1;
  Instant slow_tick;
  bool rechecking = false;
  bool draining = false;
  LiveStats counters;
  SegmentRepair repair;
};

// What may enter and as what. Unset: forbidden.
std::optional<classroom::Newcomer> newcomer(const auth::Actor& actor, const Hosted& lesson);
// Whether both are the same credential; for actors without one, the same person or class.
bool same_owner(const auth::Actor& a, const auth::Actor& b);
media::IceCredentials fresh_ice();
uint32_t random_u32();
inline bool stops(const std::weak_ptr<bool>& alive) {
  return alive.expired();
}

}  // namespace signaling::app

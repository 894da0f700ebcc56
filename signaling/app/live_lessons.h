// All lessons that are open on this server: the waiting ones, the running ones, and everyone
// connected to them. The place where the WebSocket, WHIP and WHEP meet the classroom, the media
// plane and the database.
//
// Owner: the server. Thread: signaling; every method is called there and every reply comes there.
// Nothing here blocks: what needs the database or a slow file pass is answered later.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "media/api/media_server.h"
#include "media/base/ids.h"
#include "media/base/result.h"
#include "media/base/time.h"
#include "signaling/app/source_host.h"
#include "signaling/protocol/messages.h"
#include "signaling/sdp/negotiate.h"
#include "storage/api/records.h"

namespace signaling::auth {
struct Actor;
}
namespace storage::sql {
class StorageThread;
}

namespace signaling::app {

// One WebSocket. Zero is never handed out; never used twice in the life of the process.
using ConnectionId = media::StrongId<struct ConnectionTag, uint64_t>;

// A WebSocket as LiveLessons sees it. Both calls return at once and never call back into
// LiveLessons; after close() the transport still reports on_close() once.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void send(std::string json) = 0;
  // `code` and `reason` as in PROTOCOL.md; what was sent before is delivered first.
  virtual void close(uint16_t code, std::string reason) = 0;
};

// A refused HTTP request: the status, and the body's {"error":{"code","message"}}.
struct HttpError {
  int status = 500;
  std::string code;
  std::string message;
};
template <class T>
using HttpResult = tl::expected<T, HttpError>;
template <class T>
using HttpReply = std::function<void(HttpResult<T>)>;

// What a 201 to WHIP or WHEP carries (RFC 9725 section 4.2).
struct MediaAnswer {
  std::string sdp;
  std::string session;  // 128-bit random, base64url: the last part of Location
  std::string etag;     // strong, with its quotes, as in the header; names the ICE session
};
// What a PATCH answers: 200 with an SDP fragment and a new ETag after an ICE restart, 204 (empty)
// after trickle.
struct PatchAnswer {
  std::string fragment;
  std::string etag;
};
enum class PlaySource : uint8_t { Teacher, Screen, Board };  // WHEP ?source=

struct LiveClocks {
  std::function<media::Instant()> monotonic;
  std::function<int64_t()> wall_us;  // microseconds since the Unix epoch
};

// TURN with fresh credentials for one client (ice_servers.h).
using IceServersFor = std::function<std::vector<protocol::IceServer>(const auth::Actor&)>;

struct LiveParams {
  std::filesystem::path recordings;  // <data>/recordings; each lesson gets a folder of its id
  LiveClocks clocks;
  IceServersFor ice_servers = {};  // empty: there are none
  sdp::CodecPolicy codecs = {};
  sdp::RateLimits rates = {};
  // A teacher removed somebody from this lesson.
  std::function<void(const std::string& lesson)> on_removed = {};
};

// For /metrics.
struct LiveStats {
  uint64_t lessons_waiting = 0;
  uint64_t lessons_live = 0;
  uint64_t participants = 0;  // teachers and classes present
  uint64_t observers = 0;
  uint64_t sockets = 0;
  uint64_t media_sessions = 0;  // RTCPeerConnections, WHIP and WHEP together
  uint64_t recording = 0;       // lessons being recorded
  uint64_t messages_in = 0;     // counters from here on
  uint64_t slots_undecodable = 0;
  uint64_t tracks_over_rate = 0;
  uint64_t messages_malformed = 0;
  uint64_t messages_too_fast = 0;
  uint64_t events_stored = 0;
  uint64_t storage_failures = 0;
  uint64_t arrivals_refused = 0;  // offers refused because the media plane is short of room
};

class LiveLessons final : public SourceHost {
 public:
  // `media` and `storage` outlive it.
  LiveLessons(LiveParams params, media::api::MediaServer& media,
              storage::sql::StorageThread& storage);
  ~LiveLessons() override;
  LiveLessons(const LiveLessons&) = delete;
  LiveLessons& operator=(const LiveLessons&) = delete;

  // ---- start and stop ----
  // Once, before the first connection: closes what a crash left open, makes live lessons live rooms
  // again, repairs cut recordings on a thread of its own. `ready` is called when connections may
  // come (repair may go on).
  void recover(std::function<void(media::Outcome<void>)> ready);
  // Tells every socket 1001, finishes recordings and writes what is owed to the database. Lessons
  // stay live: a restart continues them. Keep calling on_media_events() and on_tick() until
  // is_drained().
  void drain();
  [[nodiscard]] bool is_drained() const;

  // ---- WebSocket; the actor has been authenticated, not yet authorised for any lesson ----
  void on_open(ConnectionId id, Connection& connection, const auth::Actor& actor);
  void on_message(ConnectionId id, std::string_view text);
  void on_close(ConnectionId id);  // `connection` is not used any more

  // ---- WHIP and WHEP. Errors: 400 unusable SDP, 403, 404 unknown lesson, or a session that is
  // unknown or somebody else's, 409 second publisher, 412 wrong ETag, 422 valid SDP that cannot be
  // answered, 428 no If-Match, 503 stopping ----
  // `as` is what a publisher says that it shows (WHIP ?source=); a stream key of one of the
  // lesson's sources knows it better. One of each at a time.
  void publish(const auth::Actor& actor, const std::string& lesson, std::string offer,
               std::optional<storage::SourceRole> as, HttpReply<MediaAnswer> reply);
  void play(const auth::Actor& actor, const std::string& lesson, std::string offer,
            PlaySource source, HttpReply<MediaAnswer> reply);
  // `if_match` as in the header; "" when absent.
  void patch(const auth::Actor& actor, const std::string& lesson, const std::string& session,
             const std::string& if_match, std::string fragment, HttpReply<PatchAnswer> reply);
  void end_session(const auth::Actor& actor, const std::string& lesson, const std::string& session,
                   HttpReply<void> reply);
  // Whether `session` stands and is the actor's.
  [[nodiscard]] bool has_session(const auth::Actor& actor, const std::string& lesson,
                                 const std::string& session) const;

  // Whether the lesson's teacher has removed whom this credential lets in. For doors that
  // LiveLessons does not keep itself.
  [[nodiscard]] bool is_removed(const std::string& lesson, const auth::Actor& actor) const;

  // ---- the lessons' recorders and encoders ----
  [[nodiscard]] std::vector<HostedSources> hosted_sources() const override;
  void set_sources(const std::string& lesson, std::vector<storage::LessonSource> rows) override;
  void add_source_key(const std::string& lesson, const std::string& source,
                      const std::string& key_hash) override;
  [[nodiscard]] bool source_flows(const std::string& lesson,
                                  const std::string& source) const override;
  void tell_sources(const std::string& lesson, protocol::Sources all) override;

  // ---- the loop ----
  void on_media_events();            // after MediaServer's wake
  void on_tick(media::Instant now);  // at least every 100 ms

  [[nodiscard]] LiveStats stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace signaling::app

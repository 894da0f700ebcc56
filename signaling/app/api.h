// What HTTP handlers share: the services behind them and the one call they answer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/base/time.h"
#include "signaling/app/authenticator.h"
#include "signaling/app/live_lessons.h"
#include "signaling/app/view_log.h"
#include "signaling/auth/actor.h"
#include "signaling/auth/authorize.h"
#include "signaling/auth/password_worker.h"
#include "signaling/auth/rate_limit.h"
#include "signaling/web/files.h"
#include "signaling/web/http.h"
#include "storage/sql/storage_thread.h"

namespace signaling::app {

struct Route;

// LiveLessons as HTTP and the WebSocket use it; a seam, so that the edge is tested without a media
// plane.
class LiveDoor {
 public:
  virtual ~LiveDoor() = default;
  virtual void on_open(ConnectionId id, Connection& connection, const auth::Actor& actor) = 0;
  virtual void on_message(ConnectionId id, std::string_view text) = 0;
  virtual void on_close(ConnectionId id) = 0;
  virtual void publish(const auth::Actor& actor, const std::string& lesson, std::string offer,
                       std::optional<storage::SourceRole> as, HttpReply<MediaAnswer> reply) = 0;
  virtual void play(const auth::Actor& actor, const std::string& lesson, std::string offer,
                    PlaySource source, HttpReply<MediaAnswer> reply) = 0;
  // A session is found in its own lesson alone.
  virtual void patch(const auth::Actor& actor, const std::string& lesson,
                     const std::string& session, const std::string& if_match, std::string fragment,
                     HttpReply<PatchAnswer> reply) = 0;
  virtual void end_session(const auth::Actor& actor, const std::string& lesson,
                           const std::string& session, HttpReply<void> reply) = 0;
  // Whether `session` stands and is the actor's.
  [[nodiscard]] virtual bool has_session(const auth::Actor& actor, const std::string& lesson,
                                         const std::string& session) const = 0;
};

class HlsHouse;
class SourceHouse;

// Where encoders push to; 0: nowhere.
struct PushPorts {
  uint16_t rtmp = 0;
  uint16_t rtmps = 0;
};

struct ApiParams {
  std::filesystem::path recordings;
  std::filesystem::path web_root;  // empty or missing: no pages
  media::Duration session_lifetime = media::Duration::seconds(12 * 3600);
  IceServersFor ice_servers;  // empty: there are none
  std::function<media::Instant()> monotonic;
  std::function<int64_t()> wall_us;
  std::function<std::string()> metrics;  // Prometheus text
  HlsHouse* streams = nullptr;           // null: this server makes no HLS streams
  SourceHouse* sources = nullptr;        // null: this server takes no recorders
  std::function<PushPorts()> push_ports;
};

// Offers to WHIP and WHEP. A school behind one address, or an audience that was given one link,
// comes at the bell at 20 a second, and at once when its router comes back. An offer costs a few
// milliseconds of a processor.
inline constexpr double kOffersPerSecond = 100;
inline constexpr double kOffersAtOnce = 1000;
// One key has one publisher: an encoder that tries again every second is still heard.
inline constexpr double kPublishesPerSecond = 1;
inline constexpr double kPublishesAtOnce = 10;

struct OfferLimits {
  auth::KeyedBuckets by_address{kOffersPerSecond, kOffersAtOnce};
  auth::KeyedBuckets plays_by_key{kOffersPerSecond, kOffersAtOnce};
  auth::KeyedBuckets publishes_by_key{kPublishesPerSecond, kPublishesAtOnce};
};

struct Call {
  const Route* route = nullptr;
  web::Request request;
  web::Responder responder;
  auth::Actor actor;
  std::vector<std::string> params;  // path parameters in order
  // For routes about a lesson: it exists, and the actor may do the route's verb on it.
  storage::Lesson lesson;
  storage::LessonRoster roster;
};

struct Api {
  ApiParams params;
  storage::sql::StorageThread& storage;
  auth::PasswordWorker& passwords;
  LiveDoor& live;
  Authenticator authenticator;
  auth::WrongPasswordLimiter wrong_passwords;
  OfferLimits offers;
  ViewLog views;
  std::optional<web::FileTree> recordings;  // opened when first used
  std::string_view status = "starting";     // "starting", "ok" or "stopping"; as /healthz shows it
  std::map<std::string, uint64_t, std::less<>>
      refusals;  // "<route> <status>" of every answer from 400 on
};

// ---- answers. They add the route's CORS headers and count refusals. ----
void reply(Api& api, const Call& call, web::Response response);
void reply_json(Api& api, const Call& call, int status, const nlohmann::json& body);
void reply_error(Api& api, const Call& call, int status, std::string_view code,
                 std::string_view message);
// 429, to be tried again after `wait`.
void reply_too_fast(Api& api, const Call& call, media::Duration wait, std::string_view message);
// 503: the database did not answer.
void reply_unavailable(Api& api, const Call& call);

// The body as a JSON object; answers 400 and returns unset when it is not one.
std::optional<nlohmann::json> json_body(Api& api, const Call& call);

}  // namespace signaling::app

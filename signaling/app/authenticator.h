// From a request's credential to the actor: a bearer token or the session cookie, checked against
// the database and remembered for kActorLasts, which bounds how long a revoked credential still
// works. Owner: Api. Thread: signaling.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "media/base/time.h"
#include "signaling/auth/actor.h"
#include "signaling/web/http.h"
#include "storage/sql/storage_thread.h"

namespace signaling::app {

inline constexpr media::Duration kActorLasts = media::Duration::millis(1'500);
inline constexpr size_t kMaxRememberedActors = 4096;
// A WebSocket handshake must be decided at once. When its credential is not remembered, the loop
// waits for the database this long, and in each second not longer than kWaitPerSecond in all: a
// stalled disk must not stop the lessons.
inline constexpr media::Duration kUpgradeWait = media::Duration::millis(250);
inline constexpr media::Duration kWaitPerSecond = media::Duration::millis(400);
inline constexpr const char* kSessionCookie = "tongke_session";

struct Credential {
  std::string secret;  // empty: none, or not one of ours
  bool from_cookie = false;
  bool present = false;  // the client sent something
};
// A bearer counts before the cookie.
Credential credential_of(const web::Request& request);

// Whose credential it is now; an actor of kind None when it is wrong, expired or revoked. On the
// storage thread.
media::Outcome<auth::Actor> look_up(storage::Store& store, const std::string& secret_hash,
                                    bool is_session, int64_t wall_us);

enum class AuthFailure : uint8_t { None, Unavailable };

class Authenticator {
 public:
  using Clock = std::function<media::Instant()>;
  using Wall = std::function<int64_t()>;
  using Reply = std::function<void(auth::Actor, AuthFailure)>;

  Authenticator(storage::sql::StorageThread& storage, Clock monotonic, Wall wall_us)
      : storage_(storage), monotonic_(std::move(monotonic)), wall_us_(std::move(wall_us)) {}

  // An actor of kind None when there is no credential or it is wrong, expired or revoked. Calls
  // back at once when it is remembered, otherwise later on this thread.
  void authenticate(const web::Request& request, Reply reply);
  // The same, now; unset: the database did not answer in time.
  std::optional<auth::Actor> authenticate_now(const web::Request& request);
  // After signing out.
  void forget(const std::string& secret);

 private:
  struct Remembered {
    auth::Actor actor;
    media::Instant until;
  };
  const Remembered* remembered(const std::string& hash);
  void remember(const std::string& hash, const auth::Actor& actor);

  storage::sql::StorageThread& storage_;
  Clock monotonic_;
  Wall wall_us_;
  std::unordered_map<std::string, Remembered> actors_;  // by credential hash
  media::Instant wait_window_;
  media::Duration waited_;
};

}  // namespace signaling::app

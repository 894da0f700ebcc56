// TURN servers for clients whose network lets none of our UDP through, with credentials that run
// out: what coturn calls use-auth-secret (draft-uberti-behave-turn-rest). The server and the TURN
// server share a secret; nothing is told to the TURN server when a credential is made.
//
// Owner: ServingApp. Thread: signaling. The secret and the credentials are never logged.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "media/base/result.h"
#include "media/base/time.h"
#include "signaling/protocol/messages.h"

namespace signaling::auth {
struct Actor;
}

namespace signaling::app {

// The user name is "<expiry, seconds since the Unix epoch>:<id>", the password the base64 of its
// HMAC-SHA1 under `secret`.
struct TurnCredential {
  std::string username;
  std::string password;
};
TurnCredential make_turn_credential(std::string_view secret, std::string_view id, int64_t expiry_s);

// A Link header for each URL of `servers` (RFC 9725 section 4.6).
std::vector<std::string> ice_links(const std::vector<protocol::IceServer>& servers);

class IceServers {
 public:
  struct Params {
    std::vector<std::string> turn;  // URLs, checked by config; empty: no servers at all
    std::filesystem::path secret_file;
    media::Duration lifetime = media::Duration::seconds(12 * 3600);
  };
  // Errors: the file cannot be read, others than its owner and group may read it, or it holds no
  // secret of kMinSecret characters.
  static media::Outcome<IceServers> open(Params params);
  IceServers() = default;  // none

  // Made for `actor` at `wall_us`; whoever asks again gets the same id, so that a TURN server's
  // quota for one user holds, but nobody learns from it who it is. Reads the secret again when its
  // file has changed; keeps the last good one when that cannot be read.
  std::vector<protocol::IceServer> for_actor(const auth::Actor& actor, int64_t wall_us);

  // A shorter secret could be found from one credential on a desk computer.
  static constexpr size_t kMinSecret = 16;

 private:
  struct Version {
    std::filesystem::file_time_type written;
    uintmax_t size = 0;
    bool operator==(const Version&) const = default;
  };
  void reload();

  Params params_;
  std::string secret_;
  Version version_;
};

}  // namespace signaling::app

// Who was given the address of a lesson's HLS stream, and whether they may still watch. Players
// show no credential with what they fetch, so the credentials of all that hold an address are
// looked at again and again, as those of standing connections are.
//
// Owner: HlsHouse. Thread: signaling.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "media/base/time.h"

namespace signaling::auth {
struct Actor;
}
namespace storage::sql {
class StorageThread;
}

namespace signaling::app {

class HlsAudience {
 public:
  struct Params {
    std::function<int64_t()> wall_us;
    // Somebody who holds an address of this lesson may not watch any more.
    std::function<void(const std::string& lesson)> on_lost;
    media::Duration holds;  // how long an address lasts at most
  };
  // As for standing connections: what PROTOCOL.md promises of a revoked credential is two seconds.
  static constexpr media::Duration kCheckAgain = media::Duration::millis(1'500);

  // `storage` outlives it.
  HlsAudience(Params params, storage::sql::StorageThread& storage);

  void add(const std::string& lesson, const auth::Actor& actor, media::Instant now);
  // Its addresses are void.
  void forget(const std::string& lesson);
  // While the database does not answer everyone keeps the right they had.
  void on_tick(media::Instant now);
  // Somebody holds an address of it.
  [[nodiscard]] bool knows(const std::string& lesson) const { return lessons_.contains(lesson); }

 private:
  struct Holder {
    bool is_session = false;  // the credential is a cookie's
    media::Instant until;
  };
  using Holders = std::map<std::string, Holder>;  // by credential hash
  void check();

  Params params_;
  storage::sql::StorageThread& storage_;
  std::map<std::string, Holders> lessons_;
  media::Instant next_check_;
  bool checking_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace signaling::app

// One receiving thread of the audience: its sockets and the watchers on them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "media/base/result.h"
#include "media/base/time.h"
#include "media/client/client_loop.h"
#include "media/net/os_rng.h"
#include "signaling/load/audience.h"
#include "signaling/load/reception.h"
#include "signaling/wish/media_session.h"

namespace signaling::load {

// How far a join has come; shared by the joining and the receiving thread.
enum class JoinState : uint8_t { UnderWay, Joined, Failed };

struct JoinTicket {
  Group group = Group::Steady;
  media::Instant posted;
  std::atomic<JoinState> state{JoinState::UnderWay};
};

class WatchThread {
 public:
  static media::Outcome<std::unique_ptr<WatchThread>> start(const Manners& manners, bool paused);
  ~WatchThread();
  WatchThread(const WatchThread&) = delete;
  WatchThread& operator=(const WatchThread&) = delete;

  [[nodiscard]] const media::Fingerprint& fingerprint() const;

  // Any thread. Takes over a session whose POST was answered.
  void adopt(wish::OpenedSession session, std::shared_ptr<JoinTicket> ticket);
  // Any thread. The group's watchers hang up within one round.
  void leave(Group group);
  // Any thread. Adds what came since the last call.
  void collect(Group group, Audience::Reading& into);
  [[nodiscard]] unsigned joined(Group group) const { return counters_[index(group)].joined; }
  [[nodiscard]] unsigned lost(Group group) const { return counters_[index(group)].lost; }
  // Joins that were adopted and have neither media nor failed.
  [[nodiscard]] unsigned pending(Group group) const { return counters_[index(group)].pending; }
  std::vector<uint32_t> take_join_times(Group group);

  // Ends the thread; afterwards resources() are those to DELETE.
  void stop();
  [[nodiscard]] std::vector<std::string> resources() const;

 private:
  class Watcher;
  static constexpr size_t kGroups = 2;
  static constexpr size_t index(Group group) { return static_cast<size_t>(group); }

  struct Counters {
    std::atomic<unsigned> joined{0};
    std::atomic<unsigned> lost{0};
    std::atomic<unsigned> pending{0};
  };
  // What is handed to other threads.
  struct Shared {
    Histogram delays;
    StreamCheck::Counts line;
    RepairCounts repair;
    std::vector<uint32_t> join_times;
  };

  WatchThread(const Manners& manners, bool paused, std::unique_ptr<media::client::ClientLoop> loop);
  void run();
  void take_new();
  void hang_up(Group group);
  void poll_watchers(media::Instant now);
  void hand_over();

  Manners manners_;
  bool paused_;
  std::unique_ptr<media::client::ClientLoop> loop_;
  media::net::OsRng rng_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::array<std::vector<uint32_t>, kGroups> fresh_delays_;
  // Counts of watchers that have gone.
  std::array<StreamCheck::Counts, kGroups> gone_line_;
  std::array<RepairCounts, kGroups> gone_repair_;
  std::array<Counters, kGroups> counters_;
  std::atomic<bool> stop_{false};
  std::array<std::atomic<bool>, kGroups> leave_{};
  mutable std::mutex mutex_;
  std::array<Shared, kGroups> shared_;  // guarded by mutex_
  std::array<Shared, kGroups> read_;    // guarded by mutex_: what collect() has given out
  std::vector<std::pair<wish::OpenedSession, std::shared_ptr<JoinTicket>>>
      waiting_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace signaling::load

// Many WHEP watchers on a few threads: joins them at a rate or a few at a time, judges everything
// they receive, lets groups of them leave and come back.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "media/base/result.h"
#include "media/base/time.h"
#include "signaling/load/histogram.h"
#include "signaling/load/reception.h"
#include "signaling/load/rooms.h"
#include "signaling/load/stream_check.h"

namespace signaling::load {

// Watchers that are counted together. The steady ones stay; the storm's leave and come back.
enum class Group : uint8_t { Steady, Storm };

class Audience {
 public:
  struct Params {
    std::vector<Room> rooms;  // watcher i watches room i modulo their number
    bool insecure = false;
    unsigned threads = 1;        // that receive
    unsigned joins_at_once = 4;  // POSTs under way together
    // Connect, but watch nothing: no sound, and a picture that nobody sends.
    bool paused = false;
    // A new TLS connection for every join, as separate watchers have; otherwise connections are
    // kept, and a join is what WHEP itself costs.
    bool fresh_tls = false;
    Manners manners;
  };
  struct Joining {
    Group group = Group::Steady;
    unsigned count = 0;
    // Joins begin this often; zero: each of `joins_at_once` joins when its previous one has media.
    double per_second = 0;
  };
  // Since the previous reading of the same group.
  struct Reading {
    media::Duration span;
    StreamCheck::Counts line;
    RepairCounts repair;
    Histogram delays;  // from sending to here, one per opened packet with a stamp
  };

  explicit Audience(Params params);
  // Leaves: every session is deleted.
  ~Audience();
  Audience(const Audience&) = delete;
  Audience& operator=(const Audience&) = delete;

  // Queues joins; returns at once.
  void join(const Joining& joining);
  // All watchers of the group hang up together (close_notify), without a DELETE, as a school does
  // whose line breaks.
  void leave(Group group);

  [[nodiscard]] unsigned joined(Group group) const;  // has media now (paused: is connected)
  // Could not join, or fell off without being asked to.
  [[nodiscard]] unsigned lost(Group group) const;
  // No join of the group is queued or under way.
  [[nodiscard]] bool settled(Group group) const;
  // From the POST to the first media packet (paused: to the connection), in microseconds, since the
  // previous call.
  std::vector<uint32_t> take_join_times(Group group);
  // The first failure, in a sentence; empty when all went well.
  [[nodiscard]] std::string first_failure() const;
  Reading read(Group group);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace signaling::load

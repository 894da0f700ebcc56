// A lesson's state as its events tell it: what a client does with them (PROTOCOL.md, "Events"), and
// how a restarted server finds its place again.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "signaling/protocol/messages.h"

namespace signaling::classroom {

inline constexpr size_t kChatKept = 200;  // PROTOCOL.md: as many as a screen scrolls through

struct Replayed {
  protocol::State state;
  std::vector<protocol::Participant>
      left;  // were here and may come again: their id and mute wait for them
  // Whose own mute holds behind the teacher's: no part of the state that clients see.
  std::set<std::string> muted_self_too;
  protocol::LessonPhase phase = protocol::LessonPhase::Scheduled;
  int64_t started_at = 0;  // wall, µs
  int64_t last = 0;        // number of the last event
  int64_t at = 0;          // its time
};

void apply(const protocol::Event& event, Replayed& lesson);

}  // namespace signaling::classroom

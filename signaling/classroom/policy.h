// What each kind of activity allows: who may speak, watch, be seen and be recorded. A table, no
// behaviour.
#pragma once

#include <cstdint>
#include <string_view>

#include "storage/api/records.h"

namespace signaling::classroom {

enum class Voices : uint8_t {
  WhenCalled,  // the teacher always, a class while it is on stage
  Everyone     // a meeting
};
enum class Recording : uint8_t {
  WithLesson,  // starts and stops with it
  OnRequest,   // optional: off until somebody asks for it
  ByConsent    // off unless everyone agreed
};

struct Policy {
  storage::ActivityKind kind = storage::ActivityKind::SynchronousLesson;
  std::string_view name;  // on the wire
  Voices voices = Voices::WhenCalled;
  Recording recording = Recording::WithLesson;
  bool everyone_has_a_wall =
      false;  // otherwise only teacher and observers see the classes side by side
  bool everyone_shares_screen = false;
  int most_participants = 0;  // teachers and classes
  int most_observers = 0;     // 0: nobody else watches
};

const Policy& policy_of(storage::ActivityKind kind);

}  // namespace signaling::classroom

// What a classroom asks its host to do. Values only; the host carries them out in the order given.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "signaling/protocol/messages.h"

namespace signaling::classroom {

struct GateChanged {  // whether this source of the participant may be forwarded, for the tracks it
                      // has and will have
  std::string p;
  protocol::TrackSource source = protocol::TrackSource::Microphone;
  bool open = false;
};
struct SlotsChanged {};  // plan everybody's slots again (slot_plan.h)
struct CloseSocket {
  std::string p;
  uint16_t code = 0;
  std::string reason;
};
struct DropMedia {  // all connections of the participant, page and encoder
  std::string p;
};
struct LessonStarted {};
struct LessonEnded {};
struct StartRecording {};
struct StopRecording {};
// Attendance of a class, times on the session clock in microseconds.
struct AttendanceOpen {
  std::string p;
  int64_t at = 0;
};
struct AttendanceClose {
  std::string p;
  int64_t at = 0;
};
struct AttendanceHeadcount {
  std::string p;
};
struct ObserversChanged {  // tell the teacher
  int64_t count = 0;
};

using Effect = std::variant<GateChanged, SlotsChanged, CloseSocket, DropMedia, LessonStarted,
                            LessonEnded, StartRecording, StopRecording, AttendanceOpen,
                            AttendanceClose, AttendanceHeadcount, ObserversChanged>;

// What one input led to.
struct Output {
  std::vector<protocol::Event> events;  // for everyone in the lesson and for the database
  std::vector<Effect> effects;
};

}  // namespace signaling::classroom

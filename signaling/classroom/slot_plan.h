// Which picture and voice goes into which slot of one viewer. A pure mapping from the state of the
// classroom; the host turns the difference to the plan before into commands for the media plane.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "signaling/classroom/classroom.h"

namespace signaling::classroom {

inline constexpr uint8_t kBest = 255;  // media::kBestLayer
// A wall of more than this many pictures shows thumbnails at their lowest frame rate: their sum
// must not starve the teacher's picture.
inline constexpr size_t kLargeWall = 4;

struct SlotTarget {
  std::optional<protocol::Shown> shown;
  bool loudest = false;   // the loudest voices that no other slot carries
  uint8_t layer = kBest;  // highest simulcast layer
  uint8_t rate = kBest;   // highest temporal layer; 0: the fewest pictures a second
  bool hidden = false;    // `shown` has this place, but its viewer does not look: nothing is sent
  bool operator==(const SlotTarget&) const = default;
};
using SlotPlan = std::map<std::string, SlotTarget>;

struct Viewer {
  std::string p;  // empty for a WHEP player, which is nobody in the lesson
  protocol::Role role = protocol::Role::Class;
  std::vector<std::string> slots;         // names, as offered
  std::vector<std::string> wall;          // chosen; empty: classes in order of arrival
  std::map<std::string, uint8_t> limits;  // by slot
  std::set<std::string> hidden;           // video slots that the page does not show just now
};

// `before`: the viewer's last plan, so that a picture stays in its place on the wall.
SlotPlan plan_slots(const Classroom& room, const Viewer& viewer, const SlotPlan& before);

// As sent: without the slots that follow the loudest voice.
protocol::SlotMap as_map(const SlotPlan& plan);

}  // namespace signaling::classroom

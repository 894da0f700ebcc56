#include "signaling/classroom/slot_plan.h"

#include <algorithm>

namespace signaling::classroom {
namespace {

using protocol::Role;
using protocol::Shown;
using protocol::TrackSource;

bool is_wall(const std::string& slot) {
  return slot.rfind("wall-", 0) == 0;
}

// Voices are heard whatever the page shows.
bool is_picture(const std::string& slot) {
  return slot.rfind("voice-", 0) != 0 && slot.rfind("sound-", 0) != 0;
}

// Voices without a slot of their own.
bool is_free_voice(const std::string& slot) {
  return slot == "voice-0" || slot == "voice-1";
}

class Planner {
 public:
  Planner(const Classroom& room, const Viewer& viewer) : room_(room), viewer_(viewer) {}

  // What a slot with a fixed meaning shows.
  [[nodiscard]] std::optional<Shown> named(const std::string& slot) const {
    if (!room_.is_live()) return std::nullopt;
    const Participant* teacher = room_.lead_teacher();
    const std::string lead = teacher != nullptr ? teacher->seen.p : "";
    if (slot == "teacher") return pick(lead, TrackSource::Camera);
    if (slot == "voice-teacher") return pick(lead, TrackSource::Microphone);
    if (slot == "stage") return pick(room_.stage().value_or(""), TrackSource::Camera);
    if (slot == "voice-stage") return pick(room_.stage().value_or(""), TrackSource::Microphone);
    if (slot == "board") return pick(lead, TrackSource::Board);
    if (slot == "screen") return pick(presenter(lead), TrackSource::Screen);
    if (slot == "sound-screen") return pick(presenter(lead), TrackSource::ScreenAudio);
    return std::nullopt;
  }

  // The media plane keeps a connection's own voice from it, but does not know that a page and an
  // encoder stand in one room: there the loudest voice would be the own one, as an echo.
  [[nodiscard]] bool would_hear_itself() const {
    const Participant* who = room_.find(viewer_.p);
    return who != nullptr && who->encoder_has[index_of(TrackSource::Microphone)];
  }
  // For whom that holds: the others' voices that no other slot carries, who speaks first.
  [[nodiscard]] std::vector<Shown> voices(const SlotPlan& plan) const {
    std::vector<Shown> speaking;
    std::vector<Shown> quiet;
    for (const Participant* who : room_.roster()) {
      const Shown voice{who->seen.p, TrackSource::Microphone};
      const bool is_carried = std::any_of(
          plan.begin(), plan.end(), [&](const auto& entry) { return entry.second.shown == voice; });
      if (is_carried || voice.p == viewer_.p || !room_.is_available(voice.p, voice.source) ||
          !room_.may_forward(voice.p, voice.source)) {
        continue;
      }
      (who->seen.speaking ? speaking : quiet).push_back(voice);
    }
    speaking.insert(speaking.end(), quiet.begin(), quiet.end());
    return speaking;
  }

  // Who belongs on the viewer's wall, most wanted first.
  [[nodiscard]] std::vector<std::string> wall() const {
    const bool is_guide =
        viewer_.role == Role::Teacher || (viewer_.role == Role::Observer && room_.is_live());
    std::vector<std::string> all;
    if (viewer_.p.empty() || !(is_guide || (room_.is_live() && room_.policy().everyone_has_a_wall)))
      return all;
    if (!viewer_.wall.empty()) {
      for (const std::string& p : viewer_.wall) {
        if (belongs(p) && std::find(all.begin(), all.end(), p) == all.end()) all.push_back(p);
      }
      return all;
    }
    for (const Participant* who : room_.roster()) {
      if (belongs(who->seen.p)) all.push_back(who->seen.p);
    }
    return all;
  }

 private:
  // Nobody is shown or played to itself, but a teacher's page sees what the teacher's encoders
  // send: it is the only way to know that they do.
  [[nodiscard]] bool is_mirror(const std::string& p, TrackSource source) const {
    if (p != viewer_.p) return false;
    const bool is_sound = source == TrackSource::Microphone || source == TrackSource::ScreenAudio;
    const Participant* who = room_.find(p);
    return is_sound || viewer_.role != Role::Teacher || who == nullptr ||
           !who->encoder_has[index_of(source)];
  }
  [[nodiscard]] std::optional<Shown> pick(const std::string& p, TrackSource source) const {
    if (p.empty() || is_mirror(p, source) || !room_.is_available(p, source)) return std::nullopt;
    return Shown{p, source};
  }
  // Whose screen is shown: the lead teacher's before anyone else's.
  [[nodiscard]] std::string presenter(const std::string& lead) const {
    if (!lead.empty() && room_.is_available(lead, TrackSource::Screen)) return lead;
    for (const Participant* who : room_.roster()) {
      const std::string& p = who->seen.p;
      if (room_.is_available(p, TrackSource::Screen) && room_.may_forward(p, TrackSource::Screen))
        return p;
    }
    return lead;
  }
  [[nodiscard]] bool belongs(const std::string& p) const {
    const Participant* who = room_.find(p);
    if (who == nullptr || p == viewer_.p || !room_.is_available(p, TrackSource::Camera))
      return false;
    if (who->seen.role == Role::Class) return true;
    return room_.policy().everyone_has_a_wall && who != room_.lead_teacher();
  }

  const Classroom& room_;
  const Viewer& viewer_;
};

// Gives each of `wanted` a slot, in its old place when it had one; the others take the free ones in
// order.
void place_wall(std::vector<std::string> wanted, const std::vector<std::string>& slots,
                const SlotPlan& before, SlotPlan& plan) {
  wanted.resize(std::min(wanted.size(), slots.size()));
  std::vector<std::string> unplaced;
  for (const std::string& p : wanted) {
    const Shown shown{p, TrackSource::Camera};
    const auto old = std::find_if(slots.begin(), slots.end(), [&](const std::string& slot) {
      const auto it = before.find(slot);
      return it != before.end() && it->second.shown == shown;
    });
    if (old != slots.end())
      plan[*old].shown = shown;
    else
      unplaced.push_back(p);
  }
  for (const std::string& p : unplaced) {
    const auto vacant = std::find_if(slots.begin(), slots.end(),
                                     [&](const std::string& s) { return !plan[s].shown; });
    plan[*vacant].shown = Shown{p, TrackSource::Camera};
  }
}

// Whoever has a slot and still belongs to the first keeps it: a voice that moves is interrupted.
void place_voices(std::vector<Shown> voices, const SlotPlan& before, SlotPlan& plan) {
  std::vector<SlotTarget*> free;
  for (auto& [slot, target] : plan) {
    if (is_free_voice(slot)) free.push_back(&target);
  }
  voices.resize(std::min(voices.size(), free.size()));
  for (auto& [slot, target] : plan) {
    if (!is_free_voice(slot)) continue;
    const auto old = before.find(slot);
    if (old == before.end() || !old->second.shown) continue;
    const auto kept = std::find(voices.begin(), voices.end(), *old->second.shown);
    if (kept == voices.end()) continue;
    target.shown = *kept;
    voices.erase(kept);
  }
  for (SlotTarget* target : free) {
    if (target->shown || voices.empty()) continue;
    target->shown = voices.front();
    voices.erase(voices.begin());
  }
}

}  // namespace

SlotPlan plan_slots(const Classroom& room, const Viewer& viewer, const SlotPlan& before) {
  const Planner planner(room, viewer);
  SlotPlan plan;
  std::vector<std::string> wall_slots;
  for (const std::string& slot : viewer.slots) {
    SlotTarget& target = plan[slot];
    if (is_free_voice(slot))
      target.loudest = !planner.would_hear_itself();
    else if (is_wall(slot))
      wall_slots.push_back(slot);
    else
      target.shown = planner.named(slot);
  }
  place_wall(planner.wall(), wall_slots, before, plan);
  if (planner.would_hear_itself()) place_voices(planner.voices(plan), before, plan);

  const auto shown_on_wall = static_cast<size_t>(
      std::count_if(wall_slots.begin(), wall_slots.end(),
                    [&](const std::string& slot) { return plan[slot].shown.has_value(); }));
  const auto stage = plan.find("stage");
  for (auto& [slot, target] : plan) {
    if (is_wall(slot)) {
      // Who is on stage is already large elsewhere on the same page.
      const bool twice = stage != plan.end() && target.shown && stage->second.shown == target.shown;
      const bool is_large = shown_on_wall > kLargeWall;
      // A lesson's wall is made of small tiles, however few; who is called is seen on the stage.
      target.layer = is_large || twice || !room.policy().everyone_has_a_wall ? 0 : kBest;
      target.rate = is_large || twice ? 0 : kBest;
    }
    target.hidden = viewer.hidden.contains(slot) && is_picture(slot);
    const auto limit = viewer.limits.find(slot);
    if (limit != viewer.limits.end()) target.layer = std::min(target.layer, limit->second);
  }
  return plan;
}

protocol::SlotMap as_map(const SlotPlan& plan) {
  protocol::SlotMap map;
  for (const auto& [slot, target] : plan) {
    if (!is_free_voice(slot)) map[slot] = target.shown;
  }
  return map;
}

}  // namespace signaling::classroom

#include "signaling/classroom/replay.h"

#include <algorithm>

namespace signaling::classroom {
namespace {

using namespace protocol;  // NOLINT(google-build-using-namespace): every event is named here

class Applier {
 public:
  Applier(const Event& event, Replayed& lesson)
      : event_(event), lesson_(lesson), state_(lesson.state) {}

  void operator()(const LessonLiveEvent& e) {
    lesson_.phase = LessonPhase::Live;
    lesson_.started_at = e.started_at;
  }
  void operator()(const LessonEndedEvent&) { lesson_.phase = LessonPhase::Ended; }
  void operator()(const JoinedEvent& e) {
    take(lesson_.left, e.participant.p);
    take(state_.participants, e.participant.p);
    state_.participants.push_back(e.participant);
  }
  void operator()(const AwayEvent& e) {
    change(e.p, [](Participant& p) {
      p.online = false;
      p.link = LinkState::Lost;
      p.speaking = false;
    });
  }
  void operator()(const BackEvent& e) {
    change(e.p, [](Participant& p) {
      p.online = true;
      p.link = LinkState::Good;
    });
  }
  void operator()(const LeftEvent& e) {
    if (auto gone = take(state_.participants, e.p))
      lesson_.left.push_back(offline(std::move(*gone)));
  }
  void operator()(const RemovedEvent& e) {
    auto gone = take(state_.participants, e.p);
    if (!gone) gone = take(lesson_.left, e.p);
    if (gone) state_.removed.push_back(offline(std::move(*gone)));
  }
  void operator()(const ReadmittedEvent& e) {
    if (auto back = take(state_.removed, e.p)) lesson_.left.push_back(std::move(*back));
  }
  void operator()(const HandEvent& e) {
    change(e.p, [&](Participant& p) {
      p.hand = e.up;
      p.hand_at = e.up ? event_.at : 0;
    });
  }
  void operator()(const StageEvent& e) {
    state_.stage = e.p;
    for (Participant& p : state_.participants) {
      p.on_stage = e.p == p.p;
      if (!p.on_stage) continue;
      p.hand = false;
      p.hand_at = 0;
    }
  }
  void operator()(const MuteEvent& e) {
    if (e.self_too)
      lesson_.muted_self_too.insert(e.p);
    else
      lesson_.muted_self_too.erase(e.p);
    const auto set = [&](Participant& p) {
      p.muted = e.muted;
      p.muted_by = e.muted ? e.by : MutedBy::Nobody;
    };
    change(e.p, set);
    for (Participant& p : lesson_.left) {
      if (p.p == e.p) set(p);
    }
  }
  void operator()(const ChatEvent&) {
    state_.chat.push_back(event_);
    if (state_.chat.size() > kChatKept) state_.chat.erase(state_.chat.begin());
  }
  void operator()(const HeadcountEvent& e) {
    change(e.p, [&](Participant& p) { p.headcount = e.count; });
  }
  void operator()(const MediaEvent& e) {
    change(e.p, [&](Participant& p) {
      p.mic = e.mic;
      p.camera = e.camera;
      p.screen = e.screen;
    });
  }
  void operator()(const RecordingEvent& e) { state_.recording = e.on; }
  void operator()(const EncoderEvent& e) { state_.encoder = e.on; }
  void operator()(const VoiceEvent& e) {
    change(e.p, [&](Participant& p) { p.speaking = e.speaking; });
  }
  void operator()(const LinkEvent& e) {
    change(e.p, [&](Participant& p) { p.link = e.link; });
  }

 private:
  template <class F>
  void change(const std::string& id, F f) {
    for (Participant& p : state_.participants) {
      if (p.p == id) f(p);
    }
  }
  static std::optional<Participant> take(std::vector<Participant>& from, const std::string& id) {
    const auto it =
        std::find_if(from.begin(), from.end(), [&](const Participant& p) { return p.p == id; });
    if (it == from.end()) return std::nullopt;
    std::optional<Participant> taken(std::move(*it));
    from.erase(it);
    return taken;
  }
  // Who is not there has no hand up, sends nothing and has no line; name, headcount and mute stay.
  static Participant offline(Participant p) {
    p.online = p.hand = p.on_stage = p.mic = p.camera = p.screen = p.speaking = false;
    p.hand_at = 0;
    p.link = LinkState::Lost;
    return p;
  }

  const Event& event_;
  Replayed& lesson_;
  State& state_;
};

}  // namespace

void apply(const Event& event, Replayed& lesson) {
  std::visit(Applier(event, lesson), event.body);
  lesson.last = event.n;
  lesson.at = std::max(lesson.at, event.at);
}

}  // namespace signaling::classroom

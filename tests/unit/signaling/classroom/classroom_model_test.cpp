// Random lessons: whatever teachers, classes and observers do, the promises hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "media/base/rng.h"
#include "signaling/classroom/classroom.h"
#include "signaling/classroom/slot_plan.h"
#include "signaling/protocol/codec.h"
#include "tests/unit/signaling/classroom/room_fixture.h"

namespace signaling::classroom {
namespace {

using protocol::Role;
using protocol::TrackSource;

class RandomLesson : public Room {
 public:
  explicit RandomLesson(uint64_t seed) : rng_(seed) {}

  void step() {
    now += media::Duration::millis(static_cast<int64_t>(rng_.below(4000)));
    fresh();
    act();
    check();
  }

  [[nodiscard]] const Replayed& replayed() const { return all_; }

 private:
  std::string anyone() {
    if (known_.empty() || rng_.below(20) == 0) return "p" + std::to_string(rng_.below(12));
    return known_[rng_.below(known_.size())];
  }
  bool coin() { return rng_.below(2) == 0; }
  std::array<bool, kSources> some_tracks() {
    std::array<bool, kSources> has{coin(), coin(), coin(), coin()};
    has[index_of(protocol::TrackSource::Board)] = has[0] != has[2];
    return has;
  }

  void join_someone() {
    const uint64_t who = rng_.below(9);
    Newcomer n = who == 0   ? teacher()
                 : who == 1 ? observer(std::to_string(rng_.next()))
                            : pupils(std::to_string(who));
    const Origin origin =
        n.role != Role::Observer && rng_.below(5) == 0 ? Origin::Encoder : Origin::Page;
    const auto p = room.on_join(now, n, origin, out);
    if (!p) return;
    known_.push_back(*p);
    if (origin == Origin::Encoder) room.on_encoder_tracks(now, *p, some_tracks(), out);
  }

  void request() {
    const std::string from = anyone();
    const std::string p = anyone();
    switch (rng_.below(13)) {
      case 0:
        room.on_start(now, 1000, from, out);
        break;
      case 1:
        room.on_request(now, from, hand(coin()), out);
        break;
      case 2:
      case 3:
        room.on_request(now, from, call(p), out);
        break;
      case 4:
        room.on_request(now, from, protocol::Release{}, out);
        break;
      case 5:
        room.on_request(now, from, mute(p, coin()), out);
        break;
      case 6:
        room.on_request(now, from, mute(from, coin()), out);
        break;
      case 7:
        room.on_request(now, from, remove(p), out);
        break;
      case 8:
        room.on_request(now, from, readmit(p), out);
        break;
      case 9:
        room.on_request(now, from, chat("x"), out);
        break;
      case 10:
        room.on_request(now, from, protocol::Headcount{0, static_cast<int64_t>(rng_.below(50))},
                        out);
        break;
      case 11:
        room.on_request(now, from, protocol::Media{0, coin(), coin(), coin()}, out);
        break;
      default:
        if (rng_.below(30) == 0) room.on_request(now, from, protocol::End{}, out);
        break;
    }
  }

  void act() {
    switch (rng_.below(12)) {
      case 0:
        return join_someone();
      case 1:
        return room.on_away(now, anyone(), out);
      case 2: {
        room.on_return(now, anyone(), out);
        return;
      }
      case 3:
        return rng_.below(6) == 0 ? room.on_leave(now, anyone(), out) : room.on_tick(now, out);
      case 4:
        return room.on_page_tracks(now, anyone(), some_tracks(), out);
      case 5:
        return rng_.below(3) == 0 ? room.on_encoder_tracks(now, anyone(), some_tracks(), out)
                                  : void();
      case 6:
        return room.on_voice(now, anyone(), coin(), out);
      case 7:
        return room.on_link(now, anyone(), {.rtt_ms = static_cast<double>(rng_.below(900))}, out);
      case 8:
        return coin() ? room.on_media_lost(now, anyone(), out)
                      : room.on_media_connected(now, anyone(), out);
      default:
        return request();
    }
  }

  void check() {
    for (const protocol::Event& event : out.events) {
      ASSERT_EQ(event.n, all_.last + 1) << "a gap in event numbers";
      ASSERT_GE(event.at, all_.at) << "time ran backwards";
      apply(event, all_);
      const std::string wire = protocol::encode(protocol::ServerMessage(event));
      ASSERT_FALSE(mentions_observer(wire)) << "an observer leaked: " << wire;
    }
    for (const Effect& effect : out.effects) {
      if (const auto* gate = std::get_if<GateChanged>(&effect))
        gates_[{gate->p, index_of(gate->source)}] = gate->open;
      follow_attendance(effect);
    }
    // What a client knows from events alone is what a newcomer is told.
    ASSERT_EQ(all_.last, room.last_event());
    ASSERT_EQ(sorted(all_.state), sorted(room.state()));
    check_stage_and_voices();
    check_plans();
  }

  static bool mentions_observer(const std::string& wire) {
    for (int i = 1; i < 60; ++i) {
      if (wire.find("\"o" + std::to_string(i) + "\"") != std::string::npos) return true;
    }
    return false;
  }
  static protocol::State sorted(protocol::State s) {
    std::sort(s.removed.begin(), s.removed.end(),
              [](const auto& x, const auto& y) { return x.p < y.p; });
    return s;
  }

  void follow_attendance(const Effect& effect) {
    if (const auto* open = std::get_if<AttendanceOpen>(&effect)) {
      ASSERT_TRUE(room.find(open->p)->seen.role == Role::Class);
      ASSERT_TRUE(spans_.emplace(open->p, open->at).second) << "two open spans of " << open->p;
    } else if (const auto* close = std::get_if<AttendanceClose>(&effect)) {
      const auto it = spans_.find(close->p);
      ASSERT_NE(it, spans_.end());
      ASSERT_GE(close->at, it->second);
      spans_.erase(it);
    }
  }

  void check_stage_and_voices() {
    int on_stage = 0;
    for (const Participant* who : room.roster()) {
      on_stage += who->seen.on_stage ? 1 : 0;
      const auto gate = gates_.find({who->seen.p, index_of(TrackSource::Microphone)});
      const bool open = gate != gates_.end() && gate->second;
      ASSERT_EQ(open, room.may_forward(who->seen.p, TrackSource::Microphone))
          << "a gate was not announced";
      if (who->seen.role == Role::Class && (!who->seen.on_stage || who->seen.muted)) {
        ASSERT_FALSE(open) << who->seen.p;
      }
      if (!room.is_live()) {
        ASSERT_FALSE(open) << who->seen.p;
      }
    }
    ASSERT_LE(on_stage, 1);
    ASSERT_EQ(on_stage == 1, room.stage().has_value());
    for (const auto& [key, open] : gates_) {
      if (open) {
        ASSERT_TRUE(room.find(key.first)->is_in_room()) << "open after leaving: " << key.first;
      }
    }
    if (room.is_ended()) {
      ASSERT_TRUE(spans_.empty());
    }
  }

  void check_plans() {
    for (const Participant* who : room.roster()) {
      Viewer viewer;
      viewer.p = who->seen.p;
      viewer.role = who->seen.role;
      viewer.slots = {"voice-teacher", "voice-stage", "voice-0", "teacher", "screen",
                      "board",         "stage",       "wall-0",  "wall-1"};
      SlotPlan& before = plans_[viewer.p];
      before = plan_slots(room, viewer, before);
      std::set<std::string> on_wall;
      for (const auto& [slot, target] : before) {
        if (!target.shown) continue;
        const bool is_own = target.shown->p == viewer.p;
        const bool is_encoded = who->encoder_has[index_of(target.shown->source)];
        ASSERT_TRUE(!is_own || (viewer.role == Role::Teacher && is_encoded)) << "shown to itself";
        ASSERT_TRUE(room.is_available(target.shown->p, target.shown->source));
        if (slot.rfind("wall-", 0) == 0) {
          ASSERT_EQ(viewer.role, Role::Teacher) << "a class has no wall in a lesson";
          ASSERT_TRUE(on_wall.insert(target.shown->p).second) << "twice on one wall";
        }
      }
    }
  }

  media::SplitMix64 rng_;
  std::vector<std::string> known_;
  Replayed all_;
  std::map<std::pair<std::string, size_t>, bool> gates_;
  std::map<std::string, int64_t> spans_;
  std::map<std::string, SlotPlan> plans_;
};

TEST(RandomLessons, KeepEveryPromise) {
  int live = 0;
  int ended = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomLesson lesson(seed);
    for (int i = 0; i < 1500; ++i) {
      lesson.step();
      if (testing::Test::HasFatalFailure()) return;
    }
    live += lesson.replayed().phase == protocol::LessonPhase::Live ? 1 : 0;
    ended += lesson.replayed().phase == protocol::LessonPhase::Ended ? 1 : 0;
  }
  // The walk reaches what it is meant to check.
  EXPECT_GT(live + ended, 50);
  EXPECT_GT(ended, 3);
}

// A client that missed some events and gets exactly those stands where a new one stands.
TEST(RandomLessons, AResumedClientEqualsAFreshOne) {
  for (uint64_t seed = 1000; seed < 1010; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomLesson lesson(seed);
    Replayed resumed;
    media::SplitMix64 rng(seed);
    for (int i = 0; i < 800; ++i) {
      lesson.step();
      if (testing::Test::HasFatalFailure()) return;
      if (rng.below(25) != 0) continue;
      const auto missed = lesson.room.events_after(resumed.last);
      ASSERT_TRUE(missed);
      for (const protocol::Event& event : *missed) apply(event, resumed);
      ASSERT_EQ(resumed.last, lesson.room.last_event());
      ASSERT_EQ(resumed.state.participants, lesson.room.state().participants);
      ASSERT_EQ(resumed.state.stage, lesson.room.state().stage);
      ASSERT_EQ(resumed.state.chat, lesson.room.state().chat);
      ASSERT_EQ(resumed.phase, lesson.room.lesson().state);
    }
  }
}

}  // namespace
}  // namespace signaling::classroom

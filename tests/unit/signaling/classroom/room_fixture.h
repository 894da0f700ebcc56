// A lesson on a bench: a teacher and classes who act, and what came of it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "signaling/classroom/classroom.h"

namespace signaling::classroom {

class Room {
 public:
  explicit Room(storage::ActivityKind kind = storage::ActivityKind::SynchronousLesson)
      : room(lesson(), policy_of(kind)) {}

  static protocol::Lesson lesson() {
    protocol::Lesson l;
    l.id = "L";
    l.topic = "圆的面积";
    return l;
  }
  static Newcomer teacher() {
    Newcomer who;
    who.identity = "person:t";
    who.role = protocol::Role::Teacher;
    who.lead = true;
    who.name = "林老师";
    return who;
  }
  static Newcomer pupils(const std::string& id) {
    Newcomer who;
    who.identity = "class:" + id;
    who.class_id = id;
    who.name = "class " + id;
    who.school = "school " + id;
    who.headcount = 30;
    return who;
  }
  static Newcomer observer(const std::string& id) {
    Newcomer who;
    who.identity = "observer:" + id;
    who.role = protocol::Role::Observer;
    return who;
  }

  std::string join(const Newcomer& who, Origin origin = Origin::Page) {
    const auto p = room.on_join(now, who, origin, fresh());
    EXPECT_TRUE(p) << p.error().message;
    return p.value_or("");
  }
  // Joined, with a connection that may send everything, sending picture and sound.
  std::string join_sending(const Newcomer& who) {
    const std::string p = join(who);
    Output ignored;
    room.on_page_tracks(now, p, {true, true, true, true}, ignored);
    protocol::Media media;
    media.mic = media.camera = true;
    room.on_request(now, p, media, ignored);
    return p;
  }
  std::optional<protocol::ErrorCode> ask(const std::string& p, const Request& request) {
    const auto refusal = room.on_request(now, p, request, fresh());
    if (!refusal) return std::nullopt;
    return refusal->code;
  }
  std::optional<protocol::ErrorCode> start(const std::string& p) {
    const auto refusal = room.on_start(now, 1'790'000'000'000'000, p, fresh());
    if (!refusal) return std::nullopt;
    return refusal->code;
  }
  void wait(media::Duration span) {
    now += span;
    room.on_tick(now, fresh());
  }
  Output& fresh() {
    out = Output();
    return out;
  }
  template <class E>
  [[nodiscard]] std::vector<E> events() const {
    std::vector<E> all;
    for (const protocol::Event& event : out.events) {
      if (const E* e = std::get_if<E>(&event.body)) all.push_back(*e);
    }
    return all;
  }
  template <class E>
  [[nodiscard]] std::vector<E> effects() const {
    std::vector<E> all;
    for (const Effect& effect : out.effects) {
      if (const E* e = std::get_if<E>(&effect)) all.push_back(*e);
    }
    return all;
  }
  [[nodiscard]] bool hears(const std::string& p) const {
    return room.may_forward(p, protocol::TrackSource::Microphone);
  }
  [[nodiscard]] const protocol::Participant& seen(const std::string& p) const {
    return room.find(p)->seen;
  }

  Classroom room;
  media::Instant now = media::Instant::from_micros(5'000'000);
  Output out;
};

inline protocol::Mute mute(const std::string& p, bool muted) {
  return {0, p, muted};
}
inline protocol::Call call(const std::string& p) {
  return {0, p};
}
inline protocol::Remove remove(const std::string& p) {
  return {0, p};
}
inline protocol::Readmit readmit(const std::string& p) {
  return {0, p};
}
inline protocol::Hand hand(bool up) {
  return {0, up};
}
inline protocol::Chat chat(const std::string& text) {
  return {0, text};
}

}  // namespace signaling::classroom

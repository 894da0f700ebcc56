// What each request does, and who may make it (PROTOCOL.md, "Requests").
#include <algorithm>

#include "signaling/classroom/classroom.h"

namespace signaling::classroom {

using media::Instant;
using protocol::ErrorCode;
using protocol::MutedBy;
using protocol::Role;

namespace {

using Answered = std::optional<Refusal>;

Answered forbidden(const char* why) {
  return Refusal{ErrorCode::Forbidden, why};
}
Answered not_found() {
  return Refusal{ErrorCode::NotFound, "nobody here has this \"p\""};
}
Answered not_live() {
  return Refusal{ErrorCode::NotLive, "the lesson is not live"};
}

bool is_blank(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
}

}  // namespace

std::optional<Request> request_of(const protocol::ClientMessage& message) {
  return std::visit(
      [](const auto& m) -> std::optional<Request> {
        if constexpr (std::is_constructible_v<Request, decltype(m)>)
          return Request(m);
        else
          return std::nullopt;
      },
      message);
}

struct Classroom::RequestVisitor {
  Classroom& room;
  Instant now;
  Participant& who;
  Output& out;

  [[nodiscard]] bool is_teacher() const { return who.seen.role == Role::Teacher; }
  [[nodiscard]] bool is_class() const { return who.seen.role == Role::Class; }

  Answered operator()(const protocol::End&) const {
    if (!is_teacher()) return forbidden("only the teacher ends the lesson");
    if (!room.is_live()) return not_live();
    room.end(now, out);
    return {};
  }

  Answered operator()(const protocol::Hand& m) const {
    if (!is_class()) return forbidden("only a class raises its hand");
    if (who.seen.hand == m.up) return {};
    who.seen.hand = m.up;
    who.seen.hand_at = m.up ? room.at(now) : 0;
    room.emit(now, protocol::HandEvent{who.seen.p, m.up}, out);
    return {};
  }

  Answered operator()(const protocol::Call& m) const {
    if (!is_teacher()) return forbidden("only the teacher calls on a class");
    if (!room.is_live()) return not_live();
    const Participant* called = room.in_room(m.p);
    if (called == nullptr) return not_found();
    if (called->seen.role != Role::Class) return forbidden("only a class can be called");
    room.set_stage(now, m.p, out);
    return {};
  }

  Answered operator()(const protocol::Release&) const {
    if (!is_teacher()) return forbidden("only the teacher releases the stage");
    if (!room.is_live()) return not_live();
    room.set_stage(now, std::nullopt, out);
    return {};
  }

  Answered operator()(const protocol::Mute& m) const {
    Participant* target = room.in_room(m.p);
    if (m.p == who.seen.p) return mute_self(m.muted);
    if (!is_teacher()) return forbidden("a class mutes itself only");
    if (target == nullptr) return not_found();
    if (!m.muted && !target->muted_by_teacher && target->muted_by_self) {
      return forbidden("the class has muted itself; only it can lift that");
    }
    target->muted_by_teacher = m.muted;
    room.update_mute(now, *target, MutedBy::Teacher, out);
    return {};
  }

  [[nodiscard]] Answered mute_self(bool muted) const {
    if (!muted && who.muted_by_teacher && !is_teacher())
      return forbidden("the teacher has muted this class");
    who.muted_by_self = muted;
    if (!muted) who.muted_by_teacher = false;
    room.update_mute(now, who, MutedBy::Self, out);
    return {};
  }

  Answered operator()(const protocol::Remove& m) const {
    if (!is_teacher()) return forbidden("only the teacher removes a participant");
    const auto it = room.participants_.find(m.p);
    if (it == room.participants_.end()) return not_found();
    Participant& target = it->second;
    if (target.lead || m.p == who.seen.p)
      return forbidden("the lesson's teacher cannot be removed");
    if (target.presence != Presence::Removed) room.depart(now, target, Presence::Removed, out);
    return {};
  }

  Answered operator()(const protocol::Readmit& m) const {
    if (!is_teacher()) return forbidden("only the teacher readmits a participant");
    const auto it = room.participants_.find(m.p);
    if (it == room.participants_.end()) return not_found();
    if (it->second.presence != Presence::Removed) return {};
    it->second.presence = Presence::Gone;
    room.emit(now, protocol::ReadmittedEvent{m.p}, out);
    return {};
  }

  Answered operator()(const protocol::Chat& m) const {
    if (is_blank(m.text)) return Refusal{ErrorCode::BadMessage, "\"text\" must not be blank"};
    room.emit(now, protocol::ChatEvent{who.seen.p, who.seen.name, m.text}, out);
    return {};
  }

  Answered operator()(const protocol::Headcount& m) const {
    if (!is_class()) return forbidden("only a class reports its headcount");
    if (who.seen.headcount == m.n) return {};
    who.seen.headcount = m.n;
    room.emit(now, protocol::HeadcountEvent{who.seen.p, m.n}, out);
    room.attendance_.on_headcount(who.seen.p, out);
    return {};
  }

  Answered operator()(const protocol::Media& m) const {
    who.said_mic = m.mic;
    who.said_camera = m.camera;
    who.said_screen = m.screen;
    room.update_media(now, who, out);
    return {};
  }

  Answered operator()(const protocol::Quality& m) const {
    const LinkSample sample{
        .rtt_ms = m.rtt, .loss_up = m.loss_up, .loss_down = m.loss_down, .frozen_ms = m.frozen};
    who.link.on_page_sample(now, sample);
    room.set_link(now, who, out);
    return {};
  }
};

std::optional<Refusal> Classroom::on_request(Instant now, const std::string& p,
                                             const Request& request, Output& out) {
  if (observers_.contains(p)) {
    if (std::holds_alternative<protocol::Quality>(request)) return {};
    return forbidden("an observer only watches");
  }
  Participant* who = in_room(p);
  if (who == nullptr) return not_found();
  if (is_ended()) return not_live();
  std::optional<Refusal> refusal = std::visit(RequestVisitor{*this, now, *who, out}, request);
  settle(out);
  return refusal;
}

std::optional<Refusal> Classroom::on_start(Instant now, int64_t wall_us, const std::string& p,
                                           Output& out) {
  const Participant* who = in_room(p);
  if (who == nullptr || who->seen.role != Role::Teacher)
    return forbidden("only the teacher starts the lesson");
  if (is_live() || is_ended())
    return Refusal{ErrorCode::Conflict, "the lesson has been started already"};
  begin(now, wall_us, out);
  settle(out);
  return {};
}

}  // namespace signaling::classroom

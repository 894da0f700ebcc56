#include "signaling/classroom/classroom.h"

#include <algorithm>
#include <charconv>

#include "media/base/check.h"
#include "signaling/protocol/codec.h"
#include "signaling/protocol/version.h"

namespace signaling::classroom {

using media::Duration;
using media::Instant;
using protocol::ErrorCode;
using protocol::LessonPhase;
using protocol::LinkState;
using protocol::MutedBy;
using protocol::Role;
using protocol::TrackSource;

Classroom::Classroom(protocol::Lesson lesson, const Policy& policy)
    : lesson_(std::move(lesson)), policy_(policy) {}

// ---------------------------------------------------------------- what is

int64_t Classroom::at(Instant now) const {
  if (ended_at_) return *ended_at_;
  return zero_ ? std::max(latest_at_, (now - *zero_).as_micros()) : 0;
}

std::optional<std::vector<protocol::Event>> Classroom::events_after(int64_t n) const {
  const auto kept = static_cast<int64_t>(recent_.size());
  if (n > last_ || n < last_ - kept) return std::nullopt;
  return std::vector<protocol::Event>(recent_.end() - (last_ - n), recent_.end());
}

protocol::State Classroom::state() const {
  protocol::State state;
  for (const Participant* who : roster()) state.participants.push_back(who->seen);
  for (const auto& [p, who] : participants_) {
    if (who.presence == Presence::Removed) state.removed.push_back(who.seen);
  }
  state.stage = stage_;
  state.recording = recording_;
  state.encoder = encoder_;
  state.chat.assign(chat_.begin(), chat_.end());
  return state;
}

const Participant* Classroom::find(const std::string& p) const {
  if (const auto it = participants_.find(p); it != participants_.end()) return &it->second;
  if (const auto it = observers_.find(p); it != observers_.end()) return &it->second;
  return nullptr;
}

Participant* Classroom::find_mutable(const std::string& p) {
  return const_cast<Participant*>(find(p));
}

Participant* Classroom::in_room(const std::string& p) {
  const auto it = participants_.find(p);
  return it != participants_.end() && it->second.is_in_room() ? &it->second : nullptr;
}

const Participant* Classroom::find_identity(const std::string& identity) const {
  for (const auto* group : {&participants_, &observers_}) {
    for (const auto& [p, who] : *group) {
      if (who.identity == identity) return &who;
    }
  }
  return nullptr;
}

std::vector<const Participant*> Classroom::roster() const {
  std::vector<const Participant*> all;
  for (const std::string& p : arrivals_) all.push_back(&participants_.at(p));
  return all;
}

const Participant* Classroom::lead_teacher() const {
  const Participant* first = nullptr;
  for (const Participant* who : roster()) {
    if (who->seen.role != Role::Teacher) continue;
    if (who->lead) return who;
    if (first == nullptr) first = who;
  }
  return first;
}

int64_t Classroom::observers_here() const {
  return std::count_if(observers_.begin(), observers_.end(),
                       [](const auto& entry) { return entry.second.presence == Presence::Here; });
}

bool Classroom::is_empty() const {
  return arrivals_.empty() && observers_.empty();
}

std::array<bool, kSources> Classroom::may_publish(Role role) const {
  switch (role) {
    case Role::Teacher:
      return {true, true, true, true, true};
    case Role::Class:
      return {true, true, policy_.everyone_shares_screen, policy_.everyone_shares_screen, false};
    case Role::Observer:
      return {};
  }
  return {};
}

bool Classroom::is_available(const std::string& p, TrackSource source) const {
  const auto it = participants_.find(p);
  if (it == participants_.end() || !it->second.is_in_room()) return false;
  const Participant& who = it->second;
  const size_t i = index_of(source);
  if (who.encoder_has[i]) return true;
  const std::array<bool, kSources> said{who.said_mic, who.said_camera, who.said_screen,
                                        who.said_screen, false};
  return who.page_has[i] && (said[i] || who.page_flows[i]);
}

bool Classroom::may_forward(const std::string& p, TrackSource source) const {
  const auto it = participants_.find(p);
  if (it == participants_.end() || !it->second.is_in_room()) return false;
  const Participant& who = it->second;
  const bool is_class = who.seen.role == Role::Class;
  if (is_ended() || !may_publish(who.seen.role)[index_of(source)]) return false;
  // In the waiting room the teacher sees the classes, and that is all.
  if (!is_live()) return is_class && source == TrackSource::Camera;
  if (source == TrackSource::Camera || source == TrackSource::Board) return true;
  if (source == TrackSource::Screen || (source == TrackSource::ScreenAudio && !is_class))
    return true;
  if (who.muted()) return false;
  return !is_class || policy_.voices == Voices::Everyone || stage_ == p;
}

// ---------------------------------------------------------------- coming and going

Participant* Classroom::known(const Newcomer& who) {
  for (auto& [p, candidate] : participants_) {
    if (candidate.identity == who.identity) return &candidate;
  }
  // After a restart the events tell a teacher's name, not the account.
  for (auto& [p, candidate] : participants_) {
    if (candidate.identity.empty() && who.role == Role::Teacher &&
        candidate.seen.name == who.name) {
      candidate.identity = who.identity;
      candidate.lead = who.lead;
      return &candidate;
    }
  }
  return nullptr;
}

tl::expected<std::string, Refusal> Classroom::admit_observer(const Newcomer& who, Output& out) {
  if (policy_.most_observers == 0) {
    return tl::unexpected<Refusal>({ErrorCode::Forbidden, "this activity has no observers"});
  }
  if (observers_here() >= policy_.most_observers) {
    return tl::unexpected<Refusal>({ErrorCode::Conflict, "no room for more observers"});
  }
  std::string p = "o" + std::to_string(next_observer_++);
  Participant& observer = observers_[p];
  observer.seen.p = p;
  observer.seen.role = Role::Observer;
  observer.seen.name = who.name;
  observer.identity = who.identity;
  observer.presence = Presence::Here;
  observer.page = true;
  tell_observers(out);
  return p;
}

tl::expected<std::string, Refusal> Classroom::on_join(Instant now, const Newcomer& who,
                                                      Origin origin, Output& out) {
  if (is_ended()) return tl::unexpected<Refusal>({ErrorCode::NotLive, "this lesson has ended"});
  if (who.role == Role::Observer) return admit_observer(who, out);

  Participant* participant = known(who);
  if (participant != nullptr && participant->presence == Presence::Removed) {
    return tl::unexpected<Refusal>(
        {ErrorCode::Forbidden, "removed from this lesson by the teacher"});
  }
  const bool is_new = participant == nullptr || !participant->is_in_room();
  if (is_new && static_cast<int>(arrivals_.size()) >= policy_.most_participants) {
    return tl::unexpected<Refusal>({ErrorCode::Conflict, "no room for more participants"});
  }
  if (participant == nullptr) {
    std::string p = "p" + std::to_string(next_participant_++);
    participant = &participants_[p];
    participant->seen.p = std::move(p);
    participant->seen.role = who.role;
    participant->seen.class_id = who.class_id;
    participant->seen.headcount = who.headcount;
    participant->identity = who.identity;
    participant->lead = who.lead;
  }
  if (is_new) {
    participant->seen.name = who.name;
    participant->seen.school = who.school;
    enter(now, *participant, out);
  }
  const std::string p = participant->seen.p;
  if (origin == Origin::Page) {
    participant->page = true;
    participant->page_gone.reset();
  }
  if (participant->presence == Presence::Away) set_back(now, *participant, out);
  settle(out);
  return p;
}

void Classroom::enter(Instant now, Participant& who, Output& out) {
  who.presence = Presence::Here;
  who.page_gone.reset();
  who.link.reset(LinkState::Good);
  who.seen.online = true;
  who.seen.link = LinkState::Good;
  arrivals_.push_back(who.seen.p);
  emit(now, protocol::JoinedEvent{who.seen}, out);
  if (is_live() && who.seen.role == Role::Class) attendance_.on_present(who.seen.p, at(now), out);
}

void Classroom::on_away(Instant now, const std::string& p, Output& out) {
  Participant* who = find_mutable(p);
  if (who == nullptr || !who->page) return;
  who->page = false;
  who->page_gone = now;
  if (who->seen.role == Role::Observer) {
    who->presence = Presence::Away;
    tell_observers(out);
  } else if (!who->has_encoder()) {
    set_away(now, *who, out);
  }
}

void Classroom::set_away(Instant now, Participant& who, Output& out) {
  who.presence = Presence::Away;
  who.link.reset(LinkState::Lost);
  who.seen.online = false;
  who.seen.link = LinkState::Lost;
  who.seen.speaking = false;
  attendance_.on_away(who.seen.p, at(now));
  emit(now, protocol::AwayEvent{who.seen.p}, out);
}

bool Classroom::on_return(Instant now, const std::string& p, Output& out) {
  Participant* who = find_mutable(p);
  if (who == nullptr || !who->is_in_room() || is_ended()) return false;
  who->page = true;
  who->page_gone.reset();
  if (who->seen.role == Role::Observer) {
    who->presence = Presence::Here;
    tell_observers(out);
  } else if (who->presence == Presence::Away) {
    set_back(now, *who, out);
  }
  return true;
}

void Classroom::set_back(Instant now, Participant& who, Output& out) {
  who.presence = Presence::Here;
  who.link.reset(LinkState::Good);
  who.seen.online = true;
  who.seen.link = LinkState::Good;
  emit(now, protocol::BackEvent{who.seen.p}, out);
  if (is_live() && who.seen.role == Role::Class) attendance_.on_present(who.seen.p, at(now), out);
}

void Classroom::on_leave(Instant now, const std::string& p, Output& out) {
  if (observers_.erase(p) != 0) {
    out.effects.emplace_back(DropMedia{p});
    return tell_observers(out);
  }
  if (Participant* who = in_room(p)) {
    depart(now, *who, Presence::Gone, out);
    settle(out);
  }
}

void Classroom::depart(Instant now, Participant& who, Presence to, Output& out) {
  const std::string p = who.seen.p;
  if (stage_ == p) set_stage(now, std::nullopt, out);
  const bool had_page = who.page;
  std::erase(arrivals_, p);
  who.presence = to;
  who.page = false;
  who.page_gone.reset();
  who.page_has = who.page_flows = who.encoder_has = {};
  who.said_mic = who.said_camera = who.said_screen = false;
  who.link.reset(LinkState::Lost);
  protocol::Participant& seen = who.seen;
  seen.online = seen.hand = seen.on_stage = seen.mic = seen.camera = seen.screen = seen.speaking =
      false;
  seen.hand_at = 0;
  seen.link = LinkState::Lost;
  attendance_.on_absent(p, at(now), out);
  if (to == Presence::Removed)
    emit(now, protocol::RemovedEvent{p}, out);
  else
    emit(now, protocol::LeftEvent{p}, out);
  update_encoder(now, out);
  out.effects.emplace_back(DropMedia{p});
  if (to == Presence::Removed && had_page) {
    out.effects.emplace_back(CloseSocket{p, protocol::kCloseRemoved, "removed by the teacher"});
  }
}

void Classroom::on_tick(Instant now, Output& out) {
  const std::vector<std::string> here = arrivals_;
  for (const std::string& p : here) {
    Participant& who = participants_.at(p);
    if (who.presence == Presence::Away && who.page_gone && now - *who.page_gone >= kSeatKept)
      on_leave(now, p, out);
    else
      set_link(now, who, out);
  }
  std::vector<std::string> over;
  for (const auto& [p, who] : observers_) {
    if (who.presence == Presence::Away && now - *who.page_gone >= kSeatKept) over.push_back(p);
  }
  for (const std::string& p : over) on_leave(now, p, out);
}

// ---------------------------------------------------------------- media

void Classroom::on_page_tracks(Instant, const std::string& p, const std::array<bool, kSources>& has,
                               Output& out) {
  Participant* who = in_room(p);
  if (who == nullptr) return;
  who->page_has = has;
  who->page_flows = {};
  settle(out);
}

void Classroom::on_encoder_tracks(Instant now, const std::string& p,
                                  const std::array<bool, kSources>& has, Output& out) {
  Participant* who = in_room(p);
  if (who == nullptr) return;
  const bool had_encoder = who->has_encoder();
  who->encoder_has = has;
  update_media(now, *who, out);
  update_encoder(now, out);
  if (had_encoder && !who->has_encoder() && !who->page) {
    const bool seat_kept = who->page_gone && now - *who->page_gone < kSeatKept;
    if (seat_kept)
      set_away(now, *who, out);
    else
      depart(now, *who, Presence::Gone, out);
  }
  settle(out);
}

void Classroom::on_track_flow(Instant, const std::string& p, TrackSource source, bool flows,
                              Output& out) {
  Participant* who = in_room(p);
  if (who == nullptr) return;
  who->page_flows[index_of(source)] = flows;
  settle(out);
}

void Classroom::on_voice(Instant now, const std::string& p, bool speaking, Output& out) {
  Participant* who = in_room(p);
  if (who == nullptr || who->presence != Presence::Here || who->seen.speaking == speaking) return;
  who->seen.speaking = speaking;
  emit(now, protocol::VoiceEvent{p, speaking}, out);
  settle(out);
}

void Classroom::on_link(Instant now, const std::string& p, const LinkSample& sample, Output& out) {
  Participant* who = in_room(p);
  if (who == nullptr || who->presence != Presence::Here) return;
  who->link.on_server_sample(now, sample);
  set_link(now, *who, out);
}

void Classroom::on_media_connected(Instant now, const std::string& p, Output& out) {
  Participant* who = in_room(p);
  if (who == nullptr || who->presence != Presence::Here) return;
  who->link.on_connected(now);
  set_link(now, *who, out);
}

void Classroom::on_media_lost(Instant now, const std::string& p, Output& out) {
  Participant* who = in_room(p);
  if (who == nullptr || who->presence != Presence::Here) return;
  who->link.on_lost();
  set_link(now, *who, out);
}

void Classroom::on_recording(Instant now, bool on, const std::string& reason, Output& out) {
  if (recording_ == on) return;
  recording_ = on;
  emit(now, protocol::RecordingEvent{on, reason}, out);
}

void Classroom::on_track_not_recorded(Instant now, const std::string& p, TrackSource source,
                                      bool others, Output& out) {
  recording_ = others;
  emit(now, protocol::RecordingEvent{others, "failed", p, std::string(protocol::name_of(source))},
       out);
}

// ---------------------------------------------------------------- changes

void Classroom::emit(Instant now, protocol::EventBody body, Output& out) {
  protocol::Event event{++last_, at(now), std::move(body)};
  latest_at_ = std::max(latest_at_, event.at);
  recent_.push_back(event);
  if (recent_.size() > kEventsKept) recent_.pop_front();
  if (std::holds_alternative<protocol::ChatEvent>(event.body)) {
    chat_.push_back(event);
    if (chat_.size() > kChatKept) chat_.pop_front();
  }
  out.events.push_back(std::move(event));
}

void Classroom::set_stage(Instant now, std::optional<std::string> p, Output& out) {
  if (stage_ == p) return;
  const std::optional<std::string> previous = std::exchange(stage_, std::move(p));
  if (previous) participants_.at(*previous).seen.on_stage = false;
  if (stage_) {
    protocol::Participant& called = participants_.at(*stage_).seen;
    called.on_stage = true;
    called.hand = false;
    called.hand_at = 0;
  }
  emit(now, protocol::StageEvent{stage_, previous}, out);
}

void Classroom::set_link(Instant now, Participant& who, Output& out) {
  if (who.presence != Presence::Here) return;
  const LinkState state = who.link.update(now);
  if (who.seen.link == state) return;
  who.seen.link = state;
  emit(now, protocol::LinkEvent{who.seen.p, state}, out);
}

void Classroom::update_mute(Instant now, Participant& who, MutedBy by, Output& out) {
  const MutedBy holder = who.muted_by_teacher ? MutedBy::Teacher
                         : who.muted_by_self  ? MutedBy::Self
                                              : MutedBy::Nobody;
  const bool both = who.muted_by_teacher && who.muted_by_self;
  // That the second mute came or went changes nothing that anyone sees; a restarted server learns
  // it from the event.
  if (who.seen.muted_by == holder && who.told_both_mutes == both) return;
  who.seen.muted = who.muted();
  who.seen.muted_by = holder;
  who.told_both_mutes = both;
  emit(now, protocol::MuteEvent{who.seen.p, who.muted(), who.muted() ? holder : by, both}, out);
}

void Classroom::update_media(Instant now, Participant& who, Output& out) {
  const auto sends = [&](TrackSource source, bool said) {
    return said || who.encoder_has[index_of(source)];
  };
  const bool mic = sends(TrackSource::Microphone, who.said_mic);
  const bool camera = sends(TrackSource::Camera, who.said_camera);
  const bool screen = sends(TrackSource::Screen, who.said_screen);
  protocol::Participant& seen = who.seen;
  if (seen.mic == mic && seen.camera == camera && seen.screen == screen) return;
  seen.mic = mic;
  seen.camera = camera;
  seen.screen = screen;
  emit(now, protocol::MediaEvent{seen.p, mic, camera, screen}, out);
}

void Classroom::update_encoder(Instant now, Output& out) {
  bool on = false;
  for (const Participant* who : roster())
    on = on || (who->seen.role == Role::Teacher && who->is_encoded());
  if (encoder_ == on) return;
  encoder_ = on;
  emit(now, protocol::EncoderEvent{on}, out);
}

void Classroom::begin(Instant now, int64_t wall_us, Output& out) {
  lesson_.state = LessonPhase::Live;
  lesson_.started_at = wall_us;
  zero_ = now;
  emit(now, protocol::LessonLiveEvent{wall_us}, out);
  out.effects.emplace_back(LessonStarted{});
  if (policy_.recording == Recording::WithLesson) {
    out.effects.emplace_back(StartRecording{});
    on_recording(now, true, "lesson", out);
  }
  for (const Participant* who : roster()) {
    if (who->seen.role == Role::Class && who->presence == Presence::Here) {
      attendance_.on_present(who->seen.p, at(now), out);
    }
  }
}

void Classroom::end(Instant now, Output& out) {
  set_stage(now, std::nullopt, out);
  attendance_.close_all(at(now), out);
  if (recording_) out.effects.emplace_back(StopRecording{});
  on_recording(now, false, "ended", out);
  emit(now, protocol::LessonEndedEvent{}, out);
  ended_at_ = at(now);
  lesson_.state = LessonPhase::Ended;
  out.effects.emplace_back(LessonEnded{});
  for (const auto* group : {&participants_, &observers_}) {
    for (const auto& [p, who] : *group) {
      if (!who.is_in_room()) continue;
      out.effects.emplace_back(DropMedia{p});
      if (who.page)
        out.effects.emplace_back(
            CloseSocket{p, protocol::kCloseLessonEnded, "the lesson has ended"});
    }
  }
}

void Classroom::tell_observers(Output& out) {
  const int64_t here = observers_here();
  if (here == told_observers_) return;
  told_observers_ = here;
  out.effects.emplace_back(ObserversChanged{here});
}

std::string Classroom::describe_pictures() const {
  std::string all = is_live() ? "live" : is_ended() ? "ended" : "waiting";
  all += stage_.value_or("");
  const std::vector<const Participant*> here = roster();
  const bool has_voice_by_encoder = std::any_of(
      here.begin(), here.end(),
      [](const Participant* who) { return who->encoder_has[index_of(TrackSource::Microphone)]; });
  for (const Participant* who : here) {
    all += '/' + who->seen.p + (who->lead ? "!" : "");
    for (size_t i = 0; i < kSources; ++i) {
      all += is_available(who->seen.p, static_cast<TrackSource>(i)) ? '1' : '0';
      // A page's track and an encoder's are different tracks to the media plane.
      all += who->encoder_has[i] ? 'e' : '-';
    }
    // Whose voices a page hears that has an encoder beside it: plan_slots().
    all += who->seen.speaking && has_voice_by_encoder ? 's' : '-';
  }
  return all;
}

void Classroom::settle(Output& out) {
  for (auto& [p, who] : participants_) {
    for (size_t i = 0; i < kSources; ++i) {
      const auto source = static_cast<TrackSource>(i);
      const bool open = may_forward(p, source);
      if (who.open[i] == open) continue;
      who.open[i] = open;
      out.effects.emplace_back(GateChanged{p, source, open});
    }
  }
  std::string pictures = describe_pictures();
  if (pictures == pictures_) return;
  pictures_ = std::move(pictures);
  out.effects.emplace_back(SlotsChanged{});
}

// ---------------------------------------------------------------- after a restart

void Classroom::restore(Instant now, Duration elapsed, const std::vector<protocol::Event>& events,
                        Output& out) {
  CHECK(last_ == 0);
  Replayed replayed;
  for (const protocol::Event& event : events) apply(event, replayed);
  last_ = replayed.last;
  latest_at_ = replayed.at;
  recent_.assign(events.end() - static_cast<int64_t>(std::min(events.size(), kEventsKept)),
                 events.end());
  chat_.assign(replayed.state.chat.begin(), replayed.state.chat.end());
  stage_ = replayed.state.stage;
  recording_ = replayed.state.recording;
  encoder_ = replayed.state.encoder;

  std::vector<std::string> were_online;
  const auto take = [&](protocol::Participant seen, Presence presence) {
    if (presence == Presence::Away) arrivals_.push_back(seen.p);
    if (seen.online) were_online.push_back(seen.p);
    Participant& who = participants_[seen.p];
    who.presence = presence;
    if (presence == Presence::Away) who.page_gone = now;
    if (seen.role == Role::Class) who.identity = "class:" + seen.class_id;
    who.muted_by_teacher = seen.muted_by == MutedBy::Teacher;
    who.told_both_mutes = replayed.muted_self_too.contains(seen.p);
    who.muted_by_self = seen.muted_by == MutedBy::Self || who.told_both_mutes;
    who.said_mic = seen.mic;
    who.said_camera = seen.camera;
    who.said_screen = seen.screen;
    int64_t number = 0;
    std::from_chars(seen.p.data() + 1, seen.p.data() + seen.p.size(), number);
    next_participant_ = std::max(next_participant_, number + 1);
    who.seen = std::move(seen);
  };
  for (protocol::Participant& p : replayed.state.participants) take(std::move(p), Presence::Away);
  for (protocol::Participant& p : replayed.state.removed) take(std::move(p), Presence::Removed);
  for (protocol::Participant& p : replayed.left) take(std::move(p), Presence::Gone);

  if (replayed.phase == LessonPhase::Ended) {  // stopped between the event and its row
    lesson_.state = LessonPhase::Ended;
    ended_at_ = latest_at_;
    out.effects.emplace_back(LessonEnded{});
    return;
  }
  // A wall clock that was set back would hold the session clock still until it had caught up.
  if (is_live()) zero_ = now - std::max(elapsed, Duration::micros(latest_at_));
  for (const std::string& p : were_online) set_away(now, participants_.at(p), out);
  update_encoder(now, out);
  if (is_live() && replayed.phase != LessonPhase::Live) {
    emit(now, protocol::LessonLiveEvent{lesson_.started_at}, out);
  }
  if (is_live() && policy_.recording == Recording::WithLesson) {
    out.effects.emplace_back(StartRecording{});
    recording_ = false;
    on_recording(now, true, replayed.phase == LessonPhase::Live ? "restart" : "lesson", out);
  }
  settle(out);
}

}  // namespace signaling::classroom

// The state machine of one lesson: who is here, who is on stage, who may be heard. Inputs change
// the state and append numbered events and effects to an Output; nothing else happens. Pure: the
// host tells the time.
//
// Owner: the host of live lessons (signaling/app). Rules: PROTOCOL.md.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "media/base/time.h"
#include "signaling/classroom/attendance.h"
#include "signaling/classroom/effects.h"
#include "signaling/classroom/participant.h"
#include "signaling/classroom/policy.h"
#include "signaling/classroom/replay.h"
#include "signaling/protocol/messages.h"

namespace signaling::classroom {

// A seat outlives its socket by this long: enough for a router to restart or a line to be dialled
// again.
inline constexpr media::Duration kSeatKept = media::Duration::seconds(60);
// Events kept for those who come back. A busy lesson makes a few per second; a seat's minute needs
// some hundred.
inline constexpr size_t kEventsKept = 4096;

struct Refusal {
  protocol::ErrorCode code = protocol::ErrorCode::Forbidden;
  std::string message;
};

using Request = std::variant<protocol::End, protocol::Hand, protocol::Call, protocol::Release,
                             protocol::Mute, protocol::Remove, protocol::Readmit, protocol::Chat,
                             protocol::Headcount, protocol::Media, protocol::Quality>;
// The messages that are the classroom's to answer, except `start`, which needs the wall clock.
std::optional<Request> request_of(const protocol::ClientMessage& message);

struct Newcomer {
  std::string identity;  // "class:<id>", "person:<id>", for observers anything
  protocol::Role role = protocol::Role::Class;
  bool lead = false;
  std::string name;
  std::string school;
  std::string class_id;
  int64_t headcount = 0;
};

class Classroom {
 public:
  // `lesson.state` is Scheduled or Live; a live one is continued with restore().
  Classroom(protocol::Lesson lesson, const Policy& policy);

  // Continues a lesson after a restart from all of its stored events: ids, mutes, removals, stage
  // and numbers go on; whoever was here is away and has kSeatKept to come back. `elapsed`: session
  // clock at `now`.
  void restore(media::Instant now, media::Duration elapsed,
               const std::vector<protocol::Event>& events, Output& out);

  // ---- coming and going ----
  // The participant's id. Who was here before gets the same id and mute. Joining again over a page
  // replaces the page. Refusals: Forbidden (removed, or the activity has no observers), Conflict
  // (full), NotLive (ended).
  tl::expected<std::string, Refusal> on_join(media::Instant now, const Newcomer& who, Origin origin,
                                             Output& out);
  void on_away(media::Instant now, const std::string& p, Output& out);  // the socket is gone
  // The same seat again. False when it is no longer kept.
  bool on_return(media::Instant now, const std::string& p, Output& out);
  void on_leave(media::Instant now, const std::string& p, Output& out);  // at once, without waiting

  // ---- requests ----
  // Unset: done ("ok"). `wall_us`: microseconds since the Unix epoch.
  std::optional<Refusal> on_start(media::Instant now, int64_t wall_us, const std::string& p,
                                  Output& out);
  std::optional<Refusal> on_request(media::Instant now, const std::string& p,
                                    const Request& request, Output& out);

  // ---- media ----
  // What the page's connection may send; all false when it has none.
  void on_page_tracks(media::Instant now, const std::string& p,
                      const std::array<bool, kSources>& has, Output& out);
  // The same for an encoder. All false: it stopped; a participant without a page then leaves.
  void on_encoder_tracks(media::Instant now, const std::string& p,
                         const std::array<bool, kSources>& has, Output& out);
  void on_track_flow(media::Instant now, const std::string& p, protocol::TrackSource source,
                     bool flows, Output& out);
  void on_voice(media::Instant now, const std::string& p, bool speaking, Output& out);
  void on_link(media::Instant now, const std::string& p, const LinkSample& sample, Output& out);
  void on_media_connected(media::Instant now, const std::string& p, Output& out);
  void on_media_lost(media::Instant now, const std::string& p, Output& out);
  // The recording broke, or went on.
  void on_recording(media::Instant now, bool on, const std::string& reason, Output& out);

  // One track could not be written on. `others`: there are tracks that still are.
  void on_track_not_recorded(media::Instant now, const std::string& p, protocol::TrackSource source,
                             bool others, Output& out);

  // Seats that ran out, links that changed. About every 100 ms.
  void on_tick(media::Instant now, Output& out);

  // ---- what is ----
  [[nodiscard]] const protocol::Lesson& lesson() const { return lesson_; }
  [[nodiscard]] const Policy& policy() const { return policy_; }
  [[nodiscard]] bool is_live() const { return lesson_.state == protocol::LessonPhase::Live; }
  [[nodiscard]] bool is_ended() const { return lesson_.state == protocol::LessonPhase::Ended; }
  // Session clock in µs; 0 before the lesson is live. Never runs backwards.
  [[nodiscard]] int64_t at(media::Instant now) const;
  [[nodiscard]] bool is_recording() const { return recording_; }
  [[nodiscard]] int64_t last_event() const { return last_; }
  // Every event after number `n`; unset when some are no longer kept, or `n` has not been reached.
  [[nodiscard]] std::optional<std::vector<protocol::Event>> events_after(int64_t n) const;
  [[nodiscard]] protocol::State state() const;
  // Whether this source may be forwarded now. Fail closed: false for anyone unknown.
  [[nodiscard]] bool may_forward(const std::string& p, protocol::TrackSource source) const;
  // Whether a picture or voice is there to be shown.
  [[nodiscard]] bool is_available(const std::string& p, protocol::TrackSource source) const;
  // Sources that a role may send at all, in this kind of activity.
  [[nodiscard]] std::array<bool, kSources> may_publish(protocol::Role role) const;
  [[nodiscard]] const std::optional<std::string>& stage() const { return stage_; }
  // Null for anyone unknown. Observers included.
  [[nodiscard]] const Participant* find(const std::string& p) const;
  [[nodiscard]] const Participant* find_identity(const std::string& identity) const;
  // In the room (away included), in order of arrival; without observers.
  [[nodiscard]] std::vector<const Participant*> roster() const;
  [[nodiscard]] const Participant* lead_teacher() const;
  [[nodiscard]] int64_t observers_here() const;
  [[nodiscard]] bool is_empty() const;

 private:
  struct RequestVisitor;
  friend struct RequestVisitor;

  Participant* find_mutable(const std::string& p);
  Participant* in_room(
      const std::string& p);  // null for observers and those who are not in the room
  Participant* known(const Newcomer& who);
  tl::expected<std::string, Refusal> admit_observer(const Newcomer& who, Output& out);
  [[nodiscard]] std::string describe_pictures() const;
  void enter(media::Instant now, Participant& who, Output& out);
  void depart(media::Instant now, Participant& who, Presence to, Output& out);
  void set_away(media::Instant now, Participant& who, Output& out);
  void set_back(media::Instant now, Participant& who, Output& out);
  void set_stage(media::Instant now, std::optional<std::string> p, Output& out);
  void set_link(media::Instant now, Participant& who, Output& out);
  void update_mute(media::Instant now, Participant& who, protocol::MutedBy by, Output& out);
  void update_media(media::Instant now, Participant& who, Output& out);
  void update_encoder(media::Instant now, Output& out);
  void begin(media::Instant now, int64_t wall_us, Output& out);
  void end(media::Instant now, Output& out);
  void emit(media::Instant now, protocol::EventBody body, Output& out);
  void tell_observers(Output& out);
  // Announces what opened, closed or can be shown now; ends every input that may have changed that.
  void settle(Output& out);

  protocol::Lesson lesson_;
  const Policy& policy_;
  std::optional<media::Instant> zero_;  // session clock zero, once live
  int64_t latest_at_ = 0;               // of the last event
  std::optional<int64_t> ended_at_;
  std::map<std::string, Participant> participants_;  // everyone who ever was here, by id
  std::vector<std::string> arrivals_;                // ids in the room, in order of arrival
  std::map<std::string, Participant> observers_;
  int64_t next_participant_ = 1;
  int64_t next_observer_ = 1;  // numbered apart: a gap among participants would tell of an observer
  int64_t told_observers_ = 0;
  std::optional<std::string> stage_;
  bool recording_ = false;
  bool encoder_ = false;
  std::deque<protocol::Event> chat_;
  std::deque<protocol::Event> recent_;
  int64_t last_ = 0;
  Attendance attendance_;
  std::string pictures_;  // who has what to show, as last announced by SlotsChanged
};

}  // namespace signaling::classroom

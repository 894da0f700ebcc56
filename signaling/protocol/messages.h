// Every message of PROTOCOL.md as a plain struct; kName is its "t" (or an event's "kind"). No
// behaviour: codec.h turns them into JSON and back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace signaling::protocol {

using RequestId =
    int64_t;  // chosen by the client; at most 2^53 - 1, what a JavaScript number holds exactly

enum class Role : uint8_t { Teacher, Class, Observer };
enum class LinkState : uint8_t { Good, Weak, Lost };
enum class LessonPhase : uint8_t { Scheduled, Live, Ended };
enum class MutedBy : uint8_t { Nobody, Teacher, Self };
// What a section of an offer is for; Slot receives, the others send.
enum class SectionUse : uint8_t { Microphone, Camera, Screen, ScreenAudio, Slot };
enum class TrackSource : uint8_t { Microphone, Camera, Screen, ScreenAudio, Board };
// Of a recorder or encoder: what stands between it and the lesson.
enum class SourceState : uint8_t { Off, Waiting, Connecting, Live, Retrying };
enum class ErrorCode : uint8_t {
  BadJson,
  BadMessage,
  UnknownMessage,
  Version,
  Forbidden,
  NotFound,
  Conflict,
  TooLarge,
  TooFast,
  NotLive,
  Internal,
  Overloaded
};

// ---- from the client ----

struct Resume {
  std::string seat;
  int64_t last = 0;  // the last event number that the client has applied
};
struct Hello {
  static constexpr std::string_view kName = "hello";
  RequestId id = 0;
  int64_t v = 0;
  std::string lesson;
  std::optional<Resume> resume;
};
struct OfferSection {
  std::string mid;
  SectionUse use = SectionUse::Slot;
  std::string slot;  // only with SectionUse::Slot
};
struct Offer {
  static constexpr std::string_view kName = "offer";
  RequestId id = 0;
  std::string sdp;
  std::vector<OfferSection> sections;
  bool restart = false;
};
struct Limit {
  static constexpr std::string_view kName = "limit";
  RequestId id = 0;
  std::string slot;
  int64_t layer = 0;  // 0 lowest; 255 takes the limit away
};
struct Wall {
  static constexpr std::string_view kName = "wall";
  RequestId id = 0;
  std::vector<std::string>
      show;  // participants, most wanted first; empty goes back to the order of arrival
};
// What the page does not show just now: nothing is sent for these video slots.
struct View {
  static constexpr std::string_view kName = "view";
  RequestId id = 0;
  std::vector<std::string> hidden;  // all of them; replaces what was said before
};
struct Start {
  static constexpr std::string_view kName = "start";
  RequestId id = 0;
};
struct End {
  static constexpr std::string_view kName = "end";
  RequestId id = 0;
};
struct Hand {
  static constexpr std::string_view kName = "hand";
  RequestId id = 0;
  bool up = false;
};
struct Call {
  static constexpr std::string_view kName = "call";
  RequestId id = 0;
  std::string p;
};
struct Release {
  static constexpr std::string_view kName = "release";
  RequestId id = 0;
};
struct Mute {
  static constexpr std::string_view kName = "mute";
  RequestId id = 0;
  std::string p;
  bool muted = false;
};
struct Remove {
  static constexpr std::string_view kName = "remove";
  RequestId id = 0;
  std::string p;
};
struct Readmit {
  static constexpr std::string_view kName = "readmit";
  RequestId id = 0;
  std::string p;
};
struct Chat {
  static constexpr std::string_view kName = "chat";
  RequestId id = 0;
  std::string text;
};
struct Headcount {
  static constexpr std::string_view kName = "headcount";
  RequestId id = 0;
  int64_t n = 0;
};
struct Media {
  static constexpr std::string_view kName = "media";
  RequestId id = 0;
  bool mic = false;
  bool camera = false;
  bool screen = false;
};
struct Quality {
  static constexpr std::string_view kName = "quality";
  RequestId id = 0;
  double rtt = 0;        // ms
  double loss_up = 0;    // 0..1
  double loss_down = 0;  // 0..1
  double kbps_up = 0;
  double kbps_down = 0;
  double frozen = 0;         // ms without a new picture since the last report
  double playout_delay = 0;  // ms from capture to playout
};
struct Ping {
  static constexpr std::string_view kName = "ping";
  RequestId id = 0;
};

using ClientMessage = std::variant<Hello, Offer, Limit, Wall, View, Start, End, Hand, Call, Release,
                                   Mute, Remove, Readmit, Chat, Headcount, Media, Quality, Ping>;

// ---- parts of what the server says ----

struct Participant {
  std::string p;
  Role role = Role::Class;
  std::string name;
  std::string school;
  std::string class_id;  // empty for a teacher
  int64_t headcount = 0;
  bool online = true;
  bool hand = false;
  int64_t hand_at = 0;  // session clock; 0 when the hand is down
  bool on_stage = false;
  bool muted = false;
  MutedBy muted_by = MutedBy::Nobody;  // the teacher's mute hides the class's own
  bool mic = false;
  bool camera = false;
  bool screen = false;
  LinkState link = LinkState::Good;
  bool speaking = false;
  bool operator==(const Participant&) const = default;
};

struct Lesson {
  std::string id;
  std::string topic;
  std::string subject;
  std::string grade;
  std::string kind;     // as in REST: "synchronous-lesson", …
  std::string school;   // the host's name
  std::string teacher;  // the teacher's name
  LessonPhase state = LessonPhase::Scheduled;
  int64_t started_at = 0;  // wall, µs; 0 until live
  bool operator==(const Lesson&) const = default;
};

// ---- events ----

struct LessonLiveEvent {
  static constexpr std::string_view kName = "lesson-live";
  int64_t started_at = 0;  // wall, µs
  bool operator==(const LessonLiveEvent&) const = default;
};
struct LessonEndedEvent {
  static constexpr std::string_view kName = "lesson-ended";
  bool operator==(const LessonEndedEvent&) const = default;
};
struct JoinedEvent {
  static constexpr std::string_view kName = "participant-joined";
  Participant participant;
  bool operator==(const JoinedEvent&) const = default;
};
struct AwayEvent {
  static constexpr std::string_view kName = "participant-away";
  std::string p;
  bool operator==(const AwayEvent&) const = default;
};
struct BackEvent {
  static constexpr std::string_view kName = "participant-back";
  std::string p;
  bool operator==(const BackEvent&) const = default;
};
struct LeftEvent {
  static constexpr std::string_view kName = "participant-left";
  std::string p;
  bool operator==(const LeftEvent&) const = default;
};
struct RemovedEvent {
  static constexpr std::string_view kName = "participant-removed";
  std::string p;
  bool operator==(const RemovedEvent&) const = default;
};
struct ReadmittedEvent {
  static constexpr std::string_view kName = "participant-readmitted";
  std::string p;
  bool operator==(const ReadmittedEvent&) const = default;
};
struct HandEvent {
  static constexpr std::string_view kName = "hand";
  std::string p;
  bool up = false;
  bool operator==(const HandEvent&) const = default;
};
struct StageEvent {
  static constexpr std::string_view kName = "stage";
  std::optional<std::string> p;
  std::optional<std::string> previous;
  bool operator==(const StageEvent&) const = default;
};
struct MuteEvent {
  static constexpr std::string_view kName = "mute";
  std::string p;
  bool muted = false;
  MutedBy by = MutedBy::Nobody;  // muted: whose mute holds; otherwise who lifted the last one
  bool self_too = false;         // the class's own mute holds beside the teacher's
  bool operator==(const MuteEvent&) const = default;
};
struct ChatEvent {
  static constexpr std::string_view kName = "chat";
  std::string p;
  std::string name;
  std::string text;
  bool operator==(const ChatEvent&) const = default;
};
struct HeadcountEvent {
  static constexpr std::string_view kName = "headcount";
  std::string p;
  int64_t count = 0;
  bool operator==(const HeadcountEvent&) const = default;
};
struct MediaEvent {
  static constexpr std::string_view kName = "media";
  std::string p;
  bool mic = false;
  bool camera = false;
  bool screen = false;
  bool operator==(const MediaEvent&) const = default;
};
struct RecordingEvent {
  static constexpr std::string_view kName = "recording";
  bool on = false;
  std::string reason;  // "lesson", "restart", "ended", "failed"
  // Whose track failed, and which; only with "failed". `on` when others are still recorded.
  std::optional<std::string> p = std::nullopt;
  std::optional<std::string> source = std::nullopt;  // as in `slots`
  bool operator==(const RecordingEvent&) const = default;
};
struct EncoderEvent {
  static constexpr std::string_view kName = "encoder";
  bool on = false;
  bool operator==(const EncoderEvent&) const = default;
};
struct VoiceEvent {
  static constexpr std::string_view kName = "voice";
  std::string p;
  bool speaking = false;
  bool operator==(const VoiceEvent&) const = default;
};
struct LinkEvent {
  static constexpr std::string_view kName = "link";
  std::string p;
  LinkState link = LinkState::Good;
  bool operator==(const LinkEvent&) const = default;
};

using EventBody =
    std::variant<LessonLiveEvent, LessonEndedEvent, JoinedEvent, AwayEvent, BackEvent, LeftEvent,
                 RemovedEvent, ReadmittedEvent, HandEvent, StageEvent, MuteEvent, ChatEvent,
                 HeadcountEvent, MediaEvent, RecordingEvent, EncoderEvent, VoiceEvent, LinkEvent>;

struct Event {
  static constexpr std::string_view kName = "event";
  int64_t n = 0;   // from 1, without gaps, per lesson
  int64_t at = 0;  // session clock, µs; 0 before the lesson is live
  EventBody body;
  bool operator==(const Event&) const = default;
};

// The whole present state as one participant may know it.
struct State {
  std::vector<Participant> participants;  // in order of arrival
  std::vector<Participant> removed;       // so that the teacher can readmit after a reload
  std::optional<std::string> stage;
  bool recording = false;
  bool encoder = false;  // the teacher's pictures and voice come from an encoder
  std::vector<Event> chat;
  bool operator==(const State&) const = default;
};

// ---- from the server ----

struct Ok {
  static constexpr std::string_view kName = "ok";
  RequestId id = 0;
};
struct ErrorMessage {
  static constexpr std::string_view kName = "error";
  std::optional<RequestId> id;  // absent when the request had none that could be read
  ErrorCode code = ErrorCode::Internal;
  std::string message;
};
// What RTCPeerConnection takes as one of its iceServers.
struct IceServer {
  std::vector<std::string> urls;
  std::string username;
  std::string credential;
  bool operator==(const IceServer&) const = default;
};
struct Welcome {
  static constexpr std::string_view kName = "welcome";
  RequestId id = 0;
  int64_t v = 0;
  std::string you;
  Role role = Role::Class;
  std::string seat;
  bool resumed = false;
  int64_t at = 0;
  Lesson lesson;
  std::optional<State> state;  // absent when resumed
  int64_t last = 0;            // the event number that the client stands at after this message
  bool ice_lite = true;
  std::vector<IceServer> ice_servers;  // TURN, with credentials made for this client; may be empty
};
struct Answer {
  static constexpr std::string_view kName = "answer";
  RequestId id = 0;
  std::string sdp;
};
struct Shown {
  std::string p;
  TrackSource source = TrackSource::Camera;
  bool operator==(const Shown&) const = default;
};
using SlotMap = std::map<std::string, std::optional<Shown>>;
struct Slots {
  static constexpr std::string_view kName = "slots";
  SlotMap map;
};
struct Levels {
  static constexpr std::string_view kName = "levels";
  std::map<std::string, int64_t> levels;  // RFC 6464 -dBov: 0 loudest, 127 silence
};
struct LinkFacts {
  int64_t rtt = 0;  // ms
  double loss_up = 0;
  double loss_down = 0;
  int64_t kbps_up = 0;
  int64_t kbps_down = 0;
};
struct Links {
  static constexpr std::string_view kName = "links";
  std::map<std::string, LinkFacts> links;
};
struct Observers {
  static constexpr std::string_view kName = "observers";
  int64_t count = 0;
};
// What the overloaded server leaves out for this page: media::overload::relief_name.
struct Relief {
  static constexpr std::string_view kName = "relief";
  std::string step;
};
// A recorder, camera or encoder of the lesson, for its teacher.
struct SourceStatus {
  std::string source;  // its id, as in REST
  std::string name;
  std::string role;     // "teacher-camera", "board", "courseware", "other"
  std::string kind;     // "rtmp-push", "rtsp", "rtsp-udp", "srt", "rtmp"
  std::string address;  // where it is called, without anything secret; empty for "rtmp-push"
  SourceState state = SourceState::Waiting;
  std::string reason;    // a word for why it is not live (PROTOCOL.md); may be empty
  int64_t retry_in = 0;  // seconds until it is called again, with SourceState::Retrying
  bool operator==(const SourceStatus&) const = default;
};
struct Sources {
  static constexpr std::string_view kName = "sources";
  std::vector<SourceStatus> sources;  // all, in the order in which they were added
  bool operator==(const Sources&) const = default;
};
// Pictures that this page is meant to see and cannot decode, by slot; all of them, and none any
// more when it is empty.
struct UndecodableSlot {
  std::string codec;  // "vp8", "vp9", "h264", "av1"
  bool operator==(const UndecodableSlot&) const = default;
};
struct Undecodable {
  static constexpr std::string_view kName = "undecodable";
  std::map<std::string, UndecodableSlot> slots;
};
// What this participant sends beyond what was agreed, by source, with the agreed kbit/s: the
// surplus is dropped. All of it, as above.
struct OverRate {
  static constexpr std::string_view kName = "over-rate";
  std::map<std::string, int64_t> sources;
};
struct Pong {
  static constexpr std::string_view kName = "pong";
  RequestId id = 0;
  int64_t at = 0;
};

using ServerMessage = std::variant<Ok, ErrorMessage, Welcome, Answer, Event, Slots, Levels, Links,
                                   Observers, Relief, Sources, Undecodable, OverRate, Pong>;

}  // namespace signaling::protocol

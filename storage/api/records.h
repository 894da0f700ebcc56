// Rows as values: the model of a school collective and of what happened in its lessons. Ids are
// 128-bit random, base64url (22 characters), unguessable but never the only guard. Wall times are
// microseconds since the Unix epoch, session times microseconds since the lesson's start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace storage {

using Id = std::string;

struct Authority {  // 教育局
  Id id;
  std::string name;
};

// One row of `collective.kind`; the kind sets limits and quotas (later issues).
enum class CollectiveKind : uint8_t {
  Fused,          // 融合型
  CoBuilt,        // 共建型 1+N
  Collaborative,  // 协作型
  Paired,         // 结对 1+1
  Group,          // 教育集团 1+X
  LearningTeam,   // 学习共同体
  HomeSchool,     // 家校共同体
  ClassTeacher,   // 班主任共同体
  Medical         // 医共体
};

struct Collective {
  Id id;
  Id authority_id;
  CollectiveKind kind = CollectiveKind::CoBuilt;
  std::string name;
};

struct School {
  Id id;
  std::string name;
  std::string county;
  std::optional<Id> parent_id;  // a teaching point's township school, a branch's head school
};

enum class MemberRole : uint8_t { Core, Member, Branch, TeachingPoint };

struct Membership {  // a school in a collective; a school may be in several
  Id collective_id;
  Id school_id;
  MemberRole role = MemberRole::Member;
};

struct SchoolClass {  // 班级: the usual participant of a lesson
  Id id;
  Id school_id;
  std::string name;  // 三年级二班
  std::string grade;
  int headcount = 0;  // children on the register
};

struct Person {
  Id id;
  Id school_id;
  std::string name;
  std::string login;          // unique; empty: cannot sign in
  std::string password_hash;  // Argon2id, libsodium's string form; empty: cannot sign in
};

enum class CollectiveRole : uint8_t {
  Administrator,
  Chair,
  GroupLeader,
  Teacher,
  AssistantTeacher,
  Researcher,
  Mentor,
  Mentee,
  Expert,
  Guest
};

struct PersonRole {
  Id person_id;
  Id collective_id;
  CollectiveRole role = CollectiveRole::Teacher;
};

// mission.md's activity kinds; each has a policy in signaling/classroom/policy.h.
enum class ActivityKind : uint8_t {
  SynchronousLesson,
  OpenLesson,
  LessonPrep,
  SameTopic,
  Critique,
  Lecture,
  Consultation,
  TeachingRound
};

enum class LessonState : uint8_t { Scheduled, Live, Ended };

struct Lesson {
  Id id;
  Id collective_id;
  ActivityKind kind = ActivityKind::SynchronousLesson;
  std::string topic;
  std::string subject;
  std::string grade;
  std::string unit;
  Id host_school_id;
  Id teacher_id;  // Person
  LessonState state = LessonState::Scheduled;
  int64_t scheduled_at = 0;   // wall
  int64_t started_at = 0;     // wall; 0 until live
  int64_t ended_at = 0;       // wall; 0 until ended
  std::vector<Id> class_ids;  // receiving classes
};

// What a bearer or a session may be. The actor is always taken from the credential, never from a
// message.
enum class LessonRole : uint8_t { Teacher, Class, Observer };

struct AccessToken {  // WHIP/WHEP bearer or page link; only the SHA-256 of the secret is stored
  std::string secret_hash;  // hex
  Id lesson_id;
  LessonRole role = LessonRole::Observer;
  std::optional<Id> class_id;   // for LessonRole::Class
  std::optional<Id> person_id;  // for a teacher or observer
  int64_t expires_at = 0;       // wall
  bool revoked = false;
};

struct LoginSession {  // a browser's cookie; only the SHA-256 is stored
  std::string secret_hash;
  std::optional<Id> person_id;  // signed in with a password
  // Or entered by a link: then bound to one lesson and role.
  std::optional<Id> lesson_id;
  std::optional<LessonRole> role;
  std::optional<Id> class_id;
  int64_t expires_at = 0;
  std::optional<std::string>
      token_hash;  // of the link; when that token is revoked or expires, so is the session
};

struct LessonEvent {  // the lesson's timeline; sequence starts at 1 and has no gaps
  Id lesson_id;
  int64_t sequence = 0;
  int64_t session_us = 0;
  int64_t wall_us = 0;
  std::string kind;     // PROTOCOL.md's event names
  std::string payload;  // the event as sent, JSON
};

struct AttendanceSpan {  // a class (or person) was present from .. to
  int64_t id = 0;        // row id, set by the store
  Id lesson_id;
  std::string participant;  // participant id as in events
  std::optional<Id> class_id;
  std::string name;
  int headcount = 0;
  int64_t joined_us = 0;  // session clock
  std::optional<int64_t>
      left_us;  // open while present; closed at start-up after a crash with last_seen_us
  int64_t last_seen_us = 0;  // refreshed while present
};

enum class SegmentState : uint8_t { Writing, Complete, Repaired, Broken };

struct RecordingSegment {  // one file of one track
  Id id;
  Id lesson_id;
  std::string participant;
  std::string name;           // shown: school and class, or teacher
  std::string role;           // "teacher" | "class"
  std::string source;         // "microphone" | "camera" | "screen" | "screen-audio" | "board"
  std::string codec;          // "opus" | "vp8" | "vp9" | "h264" | "av1"
  std::string file;           // relative to <data>/recordings/<lesson id>
  int64_t start_us = 0;       // session clock of the file's time zero
  int64_t end_us = 0;         // 0 while writing
  std::string clock_mapping;  // JSON [[rtp, session_us], …]
  SegmentState state = SegmentState::Writing;
};

// What a classroom recorder, camera or encoder shows in a lesson.
enum class SourceRole : uint8_t { TeacherCamera, Board, Courseware, Other };
// How its media comes: it calls us (RtmpPush), or we call it.
enum class SourceKind : uint8_t { RtmpPush, Rtsp, RtspUdp, Srt, Rtmp };

struct LessonSource {
  Id id;
  Id lesson_id;
  std::string name;  // as the teacher knows it
  SourceRole role = SourceRole::TeacherCamera;
  SourceKind kind = SourceKind::Rtsp;
  std::string url;  // without the secrets below; empty for RtmpPush
  std::string user;
  std::string password;
  std::string passphrase;  // SRT
  std::string stream_id;   // SRT
  std::string key_hash;    // RtmpPush: of the access token that is its stream key
  bool enabled = true;
  int64_t created_at = 0;  // wall
};

// ---- what lists return: rows joined for a page, never with a password hash ----

// A slice of a list. The limit is cut to kMaxPage.
struct Page {
  int limit = 50;
  int offset = 0;
};
inline constexpr int kMaxPage = 500;  // one answer stays far below a megabyte

struct SchoolInCollective {
  School school;
  MemberRole role = MemberRole::Member;
};

struct PersonInCollective {
  Id person_id;
  Id school_id;
  std::string name;
  std::string school;
  std::vector<CollectiveRole> roles;
};

struct RosterClass {  // a receiving class with its school, as shown on the wall before it has come
  Id class_id;
  Id school_id;
  std::string name;
  std::string grade;
  std::string school;
  int headcount = 0;
};

struct LessonRoster {
  std::string host_school;
  std::string teacher;
  std::vector<RosterClass> classes;  // in the order in which the lesson names them
};

struct RecordedLesson {
  Lesson lesson;
  int segments = 0;
  int64_t duration_us = 0;  // end of the last segment on the session clock
};

struct AuditEntry {
  int64_t wall_us = 0;
  std::string actor;
  std::string verb;
  std::string object;
};

}  // namespace storage

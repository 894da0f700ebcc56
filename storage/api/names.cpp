#include "storage/api/names.h"

#include <array>
#include <utility>

#include "media/base/check.h"

namespace storage {

namespace {

template <class E>
struct Named {
  E value;
  std::string_view name;
};
template <class E>
Named(E, const char*) -> Named<E>;  // clang 14 does not deduce aggregates by itself

constexpr std::array kCollectiveKinds{
    Named{CollectiveKind::Fused, "fused"},
    Named{CollectiveKind::CoBuilt, "co-built"},
    Named{CollectiveKind::Collaborative, "collaborative"},
    Named{CollectiveKind::Paired, "paired"},
    Named{CollectiveKind::Group, "group"},
    Named{CollectiveKind::LearningTeam, "learning-team"},
    Named{CollectiveKind::HomeSchool, "home-school"},
    Named{CollectiveKind::ClassTeacher, "class-teacher"},
    Named{CollectiveKind::Medical, "medical"},
};
constexpr std::array kMemberRoles{
    Named{MemberRole::Core, "core"},
    Named{MemberRole::Member, "member"},
    Named{MemberRole::Branch, "branch"},
    Named{MemberRole::TeachingPoint, "teaching-point"},
};
constexpr std::array kCollectiveRoles{
    Named{CollectiveRole::Administrator, "administrator"},
    Named{CollectiveRole::Chair, "chair"},
    Named{CollectiveRole::GroupLeader, "group-leader"},
    Named{CollectiveRole::Teacher, "teacher"},
    Named{CollectiveRole::AssistantTeacher, "assistant-teacher"},
    Named{CollectiveRole::Researcher, "researcher"},
    Named{CollectiveRole::Mentor, "mentor"},
    Named{CollectiveRole::Mentee, "mentee"},
    Named{CollectiveRole::Expert, "expert"},
    Named{CollectiveRole::Guest, "guest"},
};
constexpr std::array kActivityKinds{
    Named{ActivityKind::SynchronousLesson, "synchronous-lesson"},
    Named{ActivityKind::OpenLesson, "open-lesson"},
    Named{ActivityKind::LessonPrep, "lesson-prep"},
    Named{ActivityKind::SameTopic, "same-topic"},
    Named{ActivityKind::Critique, "critique"},
    Named{ActivityKind::Lecture, "lecture"},
    Named{ActivityKind::Consultation, "consultation"},
    Named{ActivityKind::TeachingRound, "teaching-round"},
};
constexpr std::array kLessonStates{
    Named{LessonState::Scheduled, "scheduled"},
    Named{LessonState::Live, "live"},
    Named{LessonState::Ended, "ended"},
};
constexpr std::array kLessonRoles{
    Named{LessonRole::Teacher, "teacher"},
    Named{LessonRole::Class, "class"},
    Named{LessonRole::Observer, "observer"},
};
constexpr std::array kSegmentStates{
    Named{SegmentState::Writing, "writing"},
    Named{SegmentState::Complete, "complete"},
    Named{SegmentState::Repaired, "repaired"},
    Named{SegmentState::Broken, "broken"},
};
constexpr std::array kSourceRoles{
    Named{SourceRole::TeacherCamera, "teacher-camera"},
    Named{SourceRole::Board, "board"},
    Named{SourceRole::Courseware, "courseware"},
    Named{SourceRole::Other, "other"},
};
constexpr std::array kSourceKinds{
    Named{SourceKind::RtmpPush, "rtmp-push"}, Named{SourceKind::Rtsp, "rtsp"},
    Named{SourceKind::RtspUdp, "rtsp-udp"},   Named{SourceKind::Srt, "srt"},
    Named{SourceKind::Rtmp, "rtmp"},
};

// Tables stand in the order of their enumeration, so that a value is its own index.
template <class Table>
constexpr bool in_order(const Table& table) {
  for (size_t i = 0; i < table.size(); ++i) {
    if (static_cast<size_t>(table[i].value) != i) return false;
  }
  return true;
}
static_assert(in_order(kCollectiveKinds) && in_order(kMemberRoles) && in_order(kCollectiveRoles) &&
              in_order(kActivityKinds) && in_order(kLessonStates) && in_order(kLessonRoles) &&
              in_order(kSegmentStates) && in_order(kSourceRoles) && in_order(kSourceKinds));

template <class Table, class E>
std::string_view name_in(const Table& table, E value) {
  const auto index = static_cast<size_t>(value);
  CHECK(index < table.size());
  return table[index].name;
}

template <class Table>
auto value_in(const Table& table, std::string_view name) {
  std::optional<decltype(table[0].value)> found;
  for (const auto& row : table) {
    if (row.name == name) found = row.value;
  }
  return found;
}

}  // namespace

std::string_view name_of(CollectiveKind v) {
  return name_in(kCollectiveKinds, v);
}
std::string_view name_of(MemberRole v) {
  return name_in(kMemberRoles, v);
}
std::string_view name_of(CollectiveRole v) {
  return name_in(kCollectiveRoles, v);
}
std::string_view name_of(ActivityKind v) {
  return name_in(kActivityKinds, v);
}
std::string_view name_of(LessonState v) {
  return name_in(kLessonStates, v);
}
std::string_view name_of(LessonRole v) {
  return name_in(kLessonRoles, v);
}
std::string_view name_of(SegmentState v) {
  return name_in(kSegmentStates, v);
}
std::string_view name_of(SourceRole v) {
  return name_in(kSourceRoles, v);
}
std::string_view name_of(SourceKind v) {
  return name_in(kSourceKinds, v);
}

template <>
std::optional<CollectiveKind> parse_name<CollectiveKind>(std::string_view name) {
  return value_in(kCollectiveKinds, name);
}
template <>
std::optional<MemberRole> parse_name<MemberRole>(std::string_view name) {
  return value_in(kMemberRoles, name);
}
template <>
std::optional<CollectiveRole> parse_name<CollectiveRole>(std::string_view name) {
  return value_in(kCollectiveRoles, name);
}
template <>
std::optional<ActivityKind> parse_name<ActivityKind>(std::string_view name) {
  return value_in(kActivityKinds, name);
}
template <>
std::optional<LessonState> parse_name<LessonState>(std::string_view name) {
  return value_in(kLessonStates, name);
}
template <>
std::optional<LessonRole> parse_name<LessonRole>(std::string_view name) {
  return value_in(kLessonRoles, name);
}
template <>
std::optional<SegmentState> parse_name<SegmentState>(std::string_view name) {
  return value_in(kSegmentStates, name);
}
template <>
std::optional<SourceRole> parse_name<SourceRole>(std::string_view name) {
  return value_in(kSourceRoles, name);
}
template <>
std::optional<SourceKind> parse_name<SourceKind>(std::string_view name) {
  return value_in(kSourceKinds, name);
}

}  // namespace storage

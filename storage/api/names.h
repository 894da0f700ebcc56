// The written form of each enumeration: what the database, the protocol and the command line say.
// Once in use a name is never changed.
#pragma once

#include <optional>
#include <string_view>

#include "storage/api/records.h"

namespace storage {

std::string_view name_of(CollectiveKind v);  // "fused", "co-built", "learning-team", …
std::string_view name_of(MemberRole v);      // "core", "member", "branch", "teaching-point"
std::string_view name_of(
    CollectiveRole v);  // "administrator", "group-leader", "assistant-teacher", …
std::string_view name_of(ActivityKind v);  // "synchronous-lesson", "open-lesson", …
std::string_view name_of(LessonState v);   // "scheduled", "live", "ended"
std::string_view name_of(LessonRole v);    // "teacher", "class", "observer"
std::string_view name_of(SegmentState v);  // "writing", "complete", "repaired", "broken"
std::string_view name_of(SourceRole v);    // "teacher-camera", "board", "courseware", "other"
std::string_view name_of(SourceKind v);    // "rtmp-push", "rtsp", "rtsp-udp", "srt", "rtmp"

// The value that `name` stands for; unset for any other text. For example
// parse_name<LessonRole>("class").
template <class E>
std::optional<E> parse_name(std::string_view name);

template <>
std::optional<CollectiveKind> parse_name<CollectiveKind>(std::string_view name);
template <>
std::optional<MemberRole> parse_name<MemberRole>(std::string_view name);
template <>
std::optional<CollectiveRole> parse_name<CollectiveRole>(std::string_view name);
template <>
std::optional<ActivityKind> parse_name<ActivityKind>(std::string_view name);
template <>
std::optional<LessonState> parse_name<LessonState>(std::string_view name);
template <>
std::optional<LessonRole> parse_name<LessonRole>(std::string_view name);
template <>
std::optional<SegmentState> parse_name<SegmentState>(std::string_view name);
template <>
std::optional<SourceRole> parse_name<SourceRole>(std::string_view name);
template <>
std::optional<SourceKind> parse_name<SourceKind>(std::string_view name);

}  // namespace storage

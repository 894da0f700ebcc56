// Each enumeration's names on the wire, in the order of its values.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "signaling/protocol/messages.h"

namespace signaling::protocol {

template <class E>
struct Names;

template <>
struct Names<Role> {
  static constexpr std::array<std::string_view, 3> kAll{"teacher", "class", "observer"};
};
template <>
struct Names<LinkState> {
  static constexpr std::array<std::string_view, 3> kAll{"good", "weak", "lost"};
};
template <>
struct Names<LessonPhase> {
  static constexpr std::array<std::string_view, 3> kAll{"scheduled", "live", "ended"};
};
template <>
struct Names<MutedBy> {
  static constexpr std::array<std::string_view, 3> kAll{"", "teacher",
                                                        "self"};  // "" is written as null
};
template <>
struct Names<SectionUse> {
  static constexpr std::array<std::string_view, 5> kAll{"microphone", "camera", "screen",
                                                        "screen-audio", "slot"};
};
template <>
struct Names<TrackSource> {
  static constexpr std::array<std::string_view, 5> kAll{"microphone", "camera", "screen",
                                                        "screen-audio", "board"};
};
template <>
struct Names<SourceState> {
  static constexpr std::array<std::string_view, 5> kAll{"off", "waiting", "connecting", "live",
                                                        "retrying"};
};
template <>
struct Names<ErrorCode> {
  static constexpr std::array<std::string_view, 12> kAll{
      "bad-json", "bad-message", "unknown-message", "version",  "forbidden", "not-found",
      "conflict", "too-large",   "too-fast",        "not-live", "internal",  "overloaded"};
};

template <class E>
std::string_view wire_name(E value) {
  return Names<E>::kAll[static_cast<size_t>(value)];
}

template <class E>
std::optional<E> from_wire(std::string_view name) {
  for (size_t i = 0; i < Names<E>::kAll.size(); ++i) {
    if (Names<E>::kAll[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace signaling::protocol

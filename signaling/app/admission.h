// Who may still come while the media plane is short of room. Whoever is there goes first: a lesson
// that runs is carried on, and who was part of it comes back. Pure.
#pragma once

#include <cstdint>

#include "media/overload/load_meter.h"

namespace signaling::app {

enum class Arrival : uint8_t {
  Player,   // WHEP: one more who only watches
  Page,     // a class or an observer that was not here before
  Encoder,  // WHIP
  Return,   // of somebody whose connection broke or is replaced
  Teacher,  // without the teacher there is no lesson
};

[[nodiscard]] constexpr bool admits(media::overload::LoadLevel level, Arrival who) {
  using media::overload::LoadLevel;
  switch (who) {
    case Arrival::Player:
      return level == LoadLevel::Calm;
    case Arrival::Page:
    case Arrival::Encoder:
      return level != LoadLevel::Overloaded;
    case Arrival::Return:
    case Arrival::Teacher:
      return true;
  }
  return false;
}

}  // namespace signaling::app

// One participant as the classroom knows it: what the others see of it, and what only the server
// needs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "media/base/time.h"
#include "signaling/classroom/link_quality.h"
#include "signaling/protocol/messages.h"

namespace signaling::classroom {

inline constexpr size_t kSources = 5;
constexpr size_t index_of(protocol::TrackSource source) {
  return static_cast<size_t>(source);
}

// Where a participant's media comes from: its page, or an encoder by WHIP.
enum class Origin : uint8_t { Page, Encoder };

enum class Presence : uint8_t {
  Here,
  Away,    // the page's socket is gone and no encoder stands in; the seat is kept
  Gone,    // may come again
  Removed  // may not, until readmitted
};

struct Participant {
  protocol::Participant
      seen;  // as sent; `muted`, `muted_by`, `link` are kept in step with the fields below
  std::string identity;  // the class or person behind it; one participant each per lesson
  bool lead = false;     // the lesson's teacher
  Presence presence = Presence::Gone;
  bool page = false;                        // has a socket
  std::optional<media::Instant> page_gone;  // since when a page that was here is not

  bool muted_by_teacher = false;
  bool muted_by_self = false;
  bool told_both_mutes = false;  // the last mute event said that both hold
  bool said_mic = false;         // what the page says that it sends
  bool said_camera = false;
  bool said_screen = false;
  std::array<bool, kSources> page_has{};    // negotiated sections
  std::array<bool, kSources> page_flows{};  // packets arrive
  std::array<bool, kSources> encoder_has{};
  std::array<bool, kSources> open{};  // gates as last announced
  LinkQuality link;

  [[nodiscard]] bool has_encoder() const { return encoder_has != std::array<bool, kSources>{}; }
  // A board camera alone leaves the teacher to the page's camera.
  [[nodiscard]] bool is_encoded() const {
    return encoder_has[index_of(protocol::TrackSource::Microphone)] ||
           encoder_has[index_of(protocol::TrackSource::Camera)];
  }
  [[nodiscard]] bool is_in_room() const {
    return presence == Presence::Here || presence == Presence::Away;
  }
  [[nodiscard]] bool muted() const { return muted_by_teacher || muted_by_self; }
};

}  // namespace signaling::classroom

// Strong integer ids: a TrackId cannot be passed where a PeerId is meant.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace media {

template <class Tag, class Rep = uint32_t>
struct StrongId {
  Rep value = 0;

  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep v) : value(v) {}
  constexpr auto operator<=>(const StrongId&) const = default;
  // Zero is never handed out and means "none".
  [[nodiscard]] constexpr bool is_valid() const { return value != 0; }
};

using RoomId = StrongId<struct RoomTag>;    // one live session (lesson) on this server
using PeerId = StrongId<struct PeerTag>;    // one RTCPeerConnection or WHIP/WHEP session
using TrackId = StrongId<struct TrackTag>;  // one published section of one peer
using SlotId = StrongId<struct SlotTag>;    // one receive section of one peer
using ShardId = StrongId<struct ShardTag>;  // one worker's part of a room: the worker's index + 1
using Ssrc = StrongId<struct SsrcTag>;      // RFC 3550 section 3

}  // namespace media

template <class Tag, class Rep>
struct std::hash<media::StrongId<Tag, Rep>> {
  size_t operator()(const media::StrongId<Tag, Rep>& id) const noexcept {
    return std::hash<Rep>{}(id.value);
  }
};

// Which local identifier (RFC 8285) each header extension has on one BUNDLEd connection.
#pragma once

#include <cstdint>

namespace media::rtp {

// Zero means "not negotiated".
struct ExtensionMap {
  uint8_t audio_level = 0;    // urn:ietf:params:rtp-hdrext:ssrc-audio-level (RFC 6464)
  uint8_t abs_send_time = 0;  // http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
  uint8_t transport_cc =
      0;            // http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
  uint8_t mid = 0;  // urn:ietf:params:rtp-hdrext:sdes:mid (RFC 9143)
  uint8_t rid = 0;  // urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id (RFC 8852)
  uint8_t repaired_rid = 0;  // urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id (RFC 8852)
  uint8_t video_orientation = 0;  // urn:3gpp:video-orientation
  uint8_t abs_capture_time = 0;   // http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time
  uint8_t playout_delay = 0;      // http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
  // https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension
  uint8_t dependency_descriptor = 0;

  bool operator==(const ExtensionMap&) const = default;
};

}  // namespace media::rtp

// The version of PROTOCOL.md that this server speaks. A client that says another one is closed with
// 4400.
#pragma once

#include <cstdint>
#include <string_view>

namespace signaling::protocol {

inline constexpr int kVersion = 1;
inline constexpr std::string_view kSubprotocol = "tongke.v1";

// WebSocket close codes (PROTOCOL.md, "Errors").
inline constexpr uint16_t kCloseGoingAway = 1001;  // the server stops
inline constexpr uint16_t kCloseInternal = 1011;   // a failure of the server; worth another try
inline constexpr uint16_t kCloseLessonEnded = 4000;
inline constexpr uint16_t kCloseProtocol =
    4400;  // wrong version, or malformed messages again and again
inline constexpr uint16_t kCloseForbidden = 4403;
inline constexpr uint16_t kCloseNoHello = 4408;
inline constexpr uint16_t kCloseSeatTaken = 4409;
inline constexpr uint16_t kCloseRemoved = 4410;
inline constexpr uint16_t kCloseTooFast = 4429;

}  // namespace signaling::protocol

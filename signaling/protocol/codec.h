// JSON to messages and back. Total: any bytes give a message or a typed error that names the field;
// nothing throws.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "signaling/protocol/messages.h"

namespace signaling::protocol {

inline constexpr size_t kMaxMessageBytes =
    64 * 1024;                              // a browser's offer with 20 slots is about 30 KiB
inline constexpr int kMaxDepth = 32;        // no message of ours is deeper than 6
inline constexpr size_t kMaxIdBytes = 64;   // lesson, seat, participant and section names
inline constexpr size_t kMaxSections = 64;  // of an offer: 4 sent, 17 slots, and room to grow
inline constexpr size_t kMaxWall = 64;
inline constexpr size_t kMaxChatCharacters = 500;
inline constexpr int64_t kMaxHeadcount = 200;

// A client message that was refused: answer it with these.
struct Malformed {
  ErrorCode code = ErrorCode::BadMessage;
  std::string message;
  std::optional<RequestId> id;  // when it could be read
};

template <class T>
using Parsed = tl::expected<T, Malformed>;

// Errors: TooLarge, BadJson (syntax, UTF-8, depth, a key twice), UnknownMessage, BadMessage.
Parsed<ClientMessage> parse_client(std::string_view text);
// For clients of our own, tests, and events read back from the database; limits as above except the
// size.
Parsed<ServerMessage> parse_server(std::string_view text);

std::string encode(const ClientMessage& message);
std::string encode(const ServerMessage& message);

// Names as on the wire.
std::string_view kind_of(const Event& event);
std::string_view name_of(Role value);
std::string_view name_of(ErrorCode value);
std::string_view name_of(TrackSource value);

}  // namespace signaling::protocol

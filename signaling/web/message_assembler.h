// Puts the frames of one WebSocket message together within bounds on size and number, since many
// tiny fragments cost far more than their bytes. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace signaling::web {

class MessageAssembler {
 public:
  enum class Verdict : uint8_t { More, Complete, TooLarge, TooManyFragments };

  MessageAssembler(size_t max_bytes, size_t max_fragments)
      : max_bytes_(max_bytes), max_fragments_(max_fragments) {}

  // A piece of a frame as read. `ends_frame`: the frame has no more; `ends_message`: nor has the
  // message.
  Verdict add(std::string_view piece, bool ends_frame, bool ends_message);
  // The message, after Complete; starts the next one.
  std::string take();

 private:
  size_t max_bytes_;
  size_t max_fragments_;
  size_t fragments_ = 0;
  std::string bytes_;
};

}  // namespace signaling::web

// Any bytes give a message or a typed error; what is accepted comes back the same after encoding.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "media/base/check.h"
#include "signaling/protocol/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace signaling::protocol;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto message = parse_client(text)) {
    const std::string once = encode(*message);
    const auto again = parse_client(once);
    // Escapes may make the encoded form longer than the limit; nothing else may differ.
    CHECK(again || once.size() > kMaxMessageBytes);
    if (again) CHECK(encode(*again) == once);
  }
  if (const auto message = parse_server(text)) {
    const std::string once = encode(*message);
    const auto again = parse_server(once);
    CHECK(again.has_value());
    CHECK(encode(*again) == once);
  }
  return 0;
}

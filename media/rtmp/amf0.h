// Action Message Format 0 (Adobe's amf0-file-format-specification), as far as RTMP commands use it.
// Pure. Strange and oversized input is refused, never guessed at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/result.h"

namespace media::rtmp {

struct AmfValue;
using AmfObject = std::vector<std::pair<std::string, AmfValue>>;
struct AmfNull {};  // null, undefined, unsupported
struct AmfValue {
  std::variant<AmfNull, double, bool, std::string, AmfObject> value;

  // The string, number or member; empty or nullptr when it is something else.
  [[nodiscard]] std::string_view text() const;
  [[nodiscard]] double number() const;
  [[nodiscard]] const AmfValue* member(std::string_view name) const;
};

inline constexpr size_t kMaxAmfString = 4096;
inline constexpr size_t kMaxAmfValues = 256;  // in one message, members included
inline constexpr unsigned kMaxAmfDepth = 4;

// All values of one message. Errors: Truncated, TooLarge, Unsupported (references, dates, AMF3 …).
Result<std::vector<AmfValue>> read_amf(ByteSpan message);

void write_amf(std::vector<uint8_t>& out, std::string_view text);
void write_amf(std::vector<uint8_t>& out, double number);
void write_amf_null(std::vector<uint8_t>& out);
void write_amf(std::vector<uint8_t>& out,
               const std::vector<std::pair<std::string_view, std::string_view>>& object);

}  // namespace media::rtmp

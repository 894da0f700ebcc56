// Small pieces of reading text, shared by the parsers of this folder.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace signaling::sdp {

// Takes the part of `rest` before `separator` off its front, the separator too; all of it when
// there is none.
inline std::string_view take_until(std::string_view& rest, char separator) {
  const size_t at = rest.find(separator);
  const std::string_view token = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return token;
}

// Decimal digits only, in range, nothing behind them.
template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

inline char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

// RFC 4566 section 9 "token".
inline bool is_token(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c > '~' ||
        std::string_view("\"(),/:;<=>?@[\\]").find(c) != std::string_view::npos) {
      return false;
    }
  }
  return !text.empty();
}

// RFC 8839 section 5.4 "ice-char"s.
inline bool is_ice_text(std::string_view text, size_t shortest, size_t longest) {
  for (const char c : text) {
    const bool alphanumeric = (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
    if (!alphanumeric && c != '+' && c != '/') return false;
  }
  return text.size() >= shortest && text.size() <= longest;
}

// The value of `key` in "key=value;key=value"; empty when it is not there.
inline std::string_view format_parameter(std::string_view fmtp, std::string_view key) {
  while (!fmtp.empty()) {
    std::string_view value = take_until(fmtp, ';');
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    if (equals_ignoring_case(take_until(value, '='), key)) return value;
  }
  return {};
}

}  // namespace signaling::sdp

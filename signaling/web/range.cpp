#include "signaling/web/range.h"

#include <algorithm>
#include <charconv>

#include "signaling/web/files.h"

namespace signaling::web {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Unset unless all of `text` is decimal digits that fit.
std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// RFC 7233 section 3.2: a validator that does not match exactly makes the request one for the whole
// file.
bool if_range_holds(std::string_view if_range, std::string_view etag, int64_t modified_s) {
  if (if_range.empty()) return true;
  if (if_range.front() == '"') return if_range == etag;
  const auto date = parse_http_date(if_range);
  return date && *date == modified_s;
}

}  // namespace

RangeChoice choose_range(std::string_view header, uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return {};
  const std::string_view spec = trim(header.substr(kUnit.size()));
  if (spec.find(',') != std::string_view::npos) return {RangeVerdict::Unsatisfiable, {}};
  const size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return {RangeVerdict::Unsatisfiable, {}};
  const std::string_view before = trim(spec.substr(0, dash));
  const std::string_view after = trim(spec.substr(dash + 1));

  if (before.empty()) {  // the last N bytes
    const auto suffix = number(after);
    if (!suffix || *suffix == 0 || size == 0) return {RangeVerdict::Unsatisfiable, {}};
    return {RangeVerdict::Partial, {size - std::min(*suffix, size), size - 1}};
  }
  const auto first = number(before);
  if (!first || *first >= size) return {RangeVerdict::Unsatisfiable, {}};
  if (after.empty()) return {RangeVerdict::Partial, {*first, size - 1}};
  const auto last = number(after);
  if (!last || *last < *first) return {RangeVerdict::Unsatisfiable, {}};
  return {RangeVerdict::Partial, {*first, std::min(*last, size - 1)}};
}

bool etag_listed(std::string_view list, std::string_view etag, bool weak_comparison) {
  list = trim(list);
  if (list == "*") return true;
  while (!list.empty()) {
    const size_t comma = list.find(',');
    std::string_view entry = trim(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    if (entry.starts_with("W/")) {
      if (!weak_comparison) continue;
      entry.remove_prefix(2);
    }
    if (entry == etag) return true;
  }
  return false;
}

FilePlan plan_file(const FileConditions& conditions, uint64_t size, std::string_view etag,
                   int64_t modified_s) {
  if (!conditions.if_none_match.empty()) {
    if (etag_listed(conditions.if_none_match, etag, true)) return {304, 0, 0};
  } else if (!conditions.if_modified_since.empty()) {
    const auto since = parse_http_date(conditions.if_modified_since);
    if (since && modified_s <= *since) return {304, 0, 0};
  }
  if (!conditions.range.empty() && if_range_holds(conditions.if_range, etag, modified_s)) {
    const RangeChoice choice = choose_range(conditions.range, size);
    if (choice.verdict == RangeVerdict::Unsatisfiable) return {416, 0, 0};
    if (choice.verdict == RangeVerdict::Partial) {
      return {206, choice.range.first, choice.range.last - choice.range.first + 1};
    }
  }
  return {200, 0, size};
}

}  // namespace signaling::web

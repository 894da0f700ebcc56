// Which bytes of a file a request gets: Range, If-Range and the other conditions of RFC 7232 and
// RFC 7233. Pure: decides from values alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace signaling::web {

struct ByteRange {
  uint64_t first = 0;
  uint64_t last = 0;  // inclusive
  bool operator==(const ByteRange&) const = default;
};

enum class RangeVerdict : uint8_t {
  Whole,  // no Range, or in another unit: RFC 7233 section 3.1 has us ignore it
  Partial,
  Unsatisfiable,  // 416: past the end, several ranges, or not a range at all
};

struct RangeChoice {
  RangeVerdict verdict = RangeVerdict::Whole;
  ByteRange range;  // when Partial
};

// `header` is the value of Range. Several ranges are answered with 416, not with a multipart body:
// nothing that plays our files asks for them, and a header of thousands of ranges is an attack
// (CVE-2011-3192).
RangeChoice choose_range(std::string_view header, uint64_t size);

struct FileConditions {  // header values as sent, "" when absent
  std::string_view range;
  std::string_view if_range;
  std::string_view if_none_match;
  std::string_view if_modified_since;
};

struct FilePlan {
  int status = 200;  // 200, 206, 304 or 416
  uint64_t offset = 0;
  uint64_t length = 0;  // of the body; zero for 304 and 416
};

// RFC 7232 section 6 and RFC 7233 section 4. `etag` is strong and quoted.
FilePlan plan_file(const FileConditions& conditions, uint64_t size, std::string_view etag,
                   int64_t modified_s);

// True when `etag` is listed in an If-Match or If-None-Match value, or the value is "*". Weak
// entries match only when `weak_comparison` (RFC 7232 section 2.3.2).
bool etag_listed(std::string_view list, std::string_view etag, bool weak_comparison);

}  // namespace signaling::web

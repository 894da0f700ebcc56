#include "signaling/web/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "signaling/web/range.h"

namespace signaling::web {
namespace {

// Nothing is loaded from elsewhere. blob: and mediastream: are how a page shows live media and
// workers; inline scripts stay forbidden, which makes injected markup harmless.
constexpr const char* kContentSecurityPolicy =
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob: mediastream:; worker-src 'self' blob:; connect-src 'self'; font-src "
    "'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

constexpr std::array<std::pair<const char*, const char*>, 6> kSecurityHeaders = {{
    {"Content-Security-Policy", kContentSecurityPolicy},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Frame-Options", "DENY"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Permissions-Policy",
     "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self)"},
}};

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

bool has(const NameValues& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& h) { return same_name(h.first, name); });
}

// A header value from data must not be able to end its line.
std::string without_line_breaks(std::string value) {
  std::replace_if(
      value.begin(), value.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  return value;
}

bool has_no_body(int status) {
  return status == 204 || status == 304;
}

// Fills in the file's part of the answer and its headers.
void plan_body(Answer& answer, Response& response, const Request& request) {
  OpenFile& file = *response.file;
  const FileConditions conditions{request.header("range"), request.header("if-range"),
                                  request.header("if-none-match"),
                                  request.header("if-modified-since")};
  const FilePlan plan = plan_file(conditions, file.size, file.etag, file.modified_s);
  answer.status = plan.status;
  answer.offset = plan.offset;
  answer.remaining = plan.length;
  response.with("ETag", file.etag)
      .with("Last-Modified", http_date(file.modified_s))
      .with("Accept-Ranges", "bytes");
  if (plan.status == 206) {
    response.with("Content-Range", fmt::format("bytes {}-{}/{}", plan.offset,
                                               plan.offset + plan.length - 1, file.size));
  } else if (plan.status == 416) {
    response.with("Content-Range", fmt::format("bytes */{}", file.size));
  }
  answer.file = std::move(file.descriptor);
}

}  // namespace

const char* reason_phrase(int status) {
  static constexpr std::array<std::pair<int, const char*>, 29> kPhrases = {{
      {100, "Continue"},
      {101, "Switching Protocols"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Payload Too Large"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {422, "Unprocessable Entity"},
      {428, "Precondition Required"},
      {429, "Too Many Requests"},
      {500, "Internal Server Error"},
      {503, "Service Unavailable"},
  }};
  for (const auto& [number, phrase] : kPhrases) {
    if (number == status) return phrase;
  }
  return "";
}

Answer prepare_answer(Response response, const Request& request, bool keep_alive, int64_t now_s) {
  Answer answer;
  answer.status = response.status;
  if (response.file) {
    plan_body(answer, response, request);
  } else if (response.shared_body != nullptr) {
    answer.shared_body = std::move(response.shared_body);
    answer.remaining = answer.shared_body->size();
  } else {
    answer.body = std::move(response.body);
    answer.remaining = answer.body.size();
  }
  std::string& head = answer.head;
  head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\nConnection: {}\r\n", answer.status,
                     reason_phrase(answer.status), http_date(now_s),
                     keep_alive ? "keep-alive" : "close");
  for (const auto& [name, value] : response.headers) {
    head += fmt::format("{}: {}\r\n", name, without_line_breaks(value));
  }
  for (const auto& [name, value] : kSecurityHeaders) {
    if (!has(response.headers, name)) head += fmt::format("{}: {}\r\n", name, value);
  }
  if (has_no_body(answer.status)) {
    answer.remaining = 0;
  } else {
    head += fmt::format("Content-Length: {}\r\n", answer.remaining);
  }
  head += "\r\n";
  // RFC 7231 section 4.3.2: the headers of the GET, without its body.
  if (request.method == Method::Head) answer.remaining = 0;
  if (answer.remaining == 0) answer.file = FileDescriptor();
  return answer;
}

}  // namespace signaling::web

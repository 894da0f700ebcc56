// Turns a handler's Response into what goes over the wire: head, then a body from memory or from a
// file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "signaling/web/files.h"
#include "signaling/web/http.h"

namespace signaling::web {

struct Answer {
  int status = 200;
  std::string head;  // status line and headers with the empty line
  std::string body;
  std::shared_ptr<const std::string> shared_body;  // instead of body
  FileDescriptor file;
  uint64_t offset = 0;     // next byte of the body or the file
  uint64_t remaining = 0;  // bytes of the body or the file still to write
};

// Applies HEAD, Range and the conditional headers of `request`; adds Content-Length, Date,
// Connection, the security headers that the handler has not set, and for files ETag, Last-Modified
// and Accept-Ranges.
Answer prepare_answer(Response response, const Request& request, bool keep_alive, int64_t now_s);

// "Not Found" and so on; "" for a number we do not use.
const char* reason_phrase(int status);

}  // namespace signaling::web

// HTTP as values: what a handler is given and what it answers. No library shows through.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signaling/web/files.h"

namespace signaling::web {

enum class Method : uint8_t { Get, Head, Post, Put, Patch, Delete, Options };

// "GET" and so on.
const char* method_name(Method method);

using NameValues = std::vector<std::pair<std::string, std::string>>;

struct Request {
  Method method = Method::Get;
  std::string path;    // percent-decoded, starts with '/', dot segments and doubled slashes removed
  NameValues query;    // decoded, in order
  NameValues headers;  // lower-case names; those that the server knows how to use
  std::string body;    // at most Limits::max_body
  std::string peer;    // numeric address
  bool from_loopback = false;

  // The header's value, "" when absent. `name` in lower case.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  // The first parameter of that name; unset when absent.
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
  // RFC 6265 section 5.4; unset when absent. When a name occurs twice the first counts.
  [[nodiscard]] std::optional<std::string_view> cookie(std::string_view name) const;
};

struct Response {
  int status = 200;
  NameValues headers;  // without Content-Length, Date and Connection, which the server adds
  std::string body;
  std::optional<OpenFile>
      file;  // instead of body; Range and conditional requests are handled by the server
  // Instead of body, when many answers carry the same bytes: shared, not copied.
  std::shared_ptr<const std::string> shared_body = nullptr;

  Response& with(std::string name, std::string value);
};

Response text_response(int status, std::string content_type, std::string body);

// Answers one request, now or later, once; copies share the one answer. Answering a connection that
// is gone, or a second time, does nothing. Thread: the server's.
class Responder {
 public:
  class Target {
   public:
    virtual ~Target() = default;
    virtual void respond(Response response) = 0;
    virtual void trust() = 0;
  };

  // The server sets `*target` to null when the connection is gone or the answer was given.
  explicit Responder(std::shared_ptr<Target*> target) : target_(std::move(target)) {}

  void send(Response response) const;
  [[nodiscard]] bool is_open() const { return *target_ != nullptr; }
  // The client has proved who it is: its connection no longer counts against the allowance for
  // strangers.
  void trust() const;

 private:
  std::shared_ptr<Target*> target_;
};

}  // namespace signaling::web

// A Unix socket by which another program steers a running line: one request a connection, one line
// of text, answered by one line of JSON.
//
//   use NAME   that profile from its start, figures at zero
//   report     the figures so far
//
// Owner and thread: one caller.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "media/base/result.h"
#include "media/net/poller.h"

namespace line::runner {

class Control {
 public:
  // Takes a request without its end of line, gives the answer without one.
  using Answer = std::function<std::string(const std::string& request)>;

  // The socket file is replaced, readable by its owner alone, and removed at the end. The poller
  // outlives this and brings tokens from `first_token` on here.
  static media::Outcome<Control> listen(const std::string& path, media::net::Poller& poller,
                                        uint64_t first_token, Answer answer);
  ~Control();
  Control(Control&& other) noexcept;
  Control& operator=(Control&&) = delete;

  void on_ready(uint64_t token);

 private:
  Control(int fd, std::string path, media::net::Poller& poller, uint64_t first_token,
          Answer answer);

  // More connections at a time are turned away: each is a program that asks and waits.
  static constexpr size_t kMaxConnections = 16;
  static constexpr size_t kMaxRequest = 256;

  int fd_;
  std::string path_;
  media::net::Poller* poller_;
  uint64_t first_token_;
  Answer answer_;
  std::map<uint64_t, int> connections_;  // by token
};

}  // namespace line::runner

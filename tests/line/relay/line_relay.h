// An emulated line between clients on this machine and a server, without namespaces: clients
// connect to the relay's ports instead of the server's. UDP and TCP of one relay share one line, as
// a school's do. For tests that run as any user; a browser is better put behind `tongke-line`.
//
// It has a thread of its own from start() until it is destroyed; all calls may come from any
// thread.
#pragma once

#include <cstdint>
#include <memory>

#include "media/base/address.h"
#include "media/base/result.h"
#include "tests/line/params.h"
#include "tests/line/report.h"

namespace line::relay {

class LineRelay {
 public:
  struct Params {
    media::Address udp_server;  // port 0: none
    media::Address tcp_server;  // port 0: none
    Profile profile;
    uint64_t seed = 1;
  };

  // Listens on free ports of 127.0.0.1. Errors: a sentence on what is missing.
  static media::Outcome<std::unique_ptr<LineRelay>> start(Params params);
  ~LineRelay();
  LineRelay(const LineRelay&) = delete;
  LineRelay& operator=(const LineRelay&) = delete;

  // Where clients find the server; port 0 for what has no server. Each client address is one
  // address towards the server, too.
  [[nodiscard]] const media::Address& udp_address() const;
  [[nodiscard]] const media::Address& tcp_address() const;

  // Another line from now on, with the figures at zero.
  void use(const Profile& profile);
  // The figures so far.
  [[nodiscard]] Report report() const;

 private:
  class Loop;
  explicit LineRelay(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace line::relay

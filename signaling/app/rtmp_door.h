// Keeps the process that takes RTMP pushes running: starts it, says in the log what it says, starts
// it again with growing waits when it ends.
//
// Owner and thread: the server, signaling.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "media/base/rng.h"
#include "media/base/time.h"
#include "signaling/process/backoff.h"
#include "signaling/process/child_process.h"

namespace signaling::app {

class RtmpDoor {
 public:
  struct Params {
    std::string bind;
    uint16_t port = 0;        // 0: any free one; see port()
    std::string certificate = {};  // PEM files; both empty: RTMP without TLS
    std::string private_key = {};
    std::string whip_base;  // https://127.0.0.1:PORT/whip/
    process::ChildProcess::Post post;
    std::function<media::Instant()> monotonic;
    uint64_t seed = 1;  // of the jitter
    // The program of the child and its first words; empty: this one.
    std::vector<std::string> program = {process::kOwnProgram, "ingest", "--rtmp-listen"};
  };
  explicit RtmpDoor(Params params);

  // At least every second.
  void on_tick(media::Instant now);
  // Pushes end as when their encoder leaves. Nothing is started again.
  void stop();
  // Where it listens; 0 while it does not.
  [[nodiscard]] uint16_t port() const { return port_; }
  // How often it was started again.
  [[nodiscard]] uint64_t restarts() const { return restarts_; }

 private:
  // It worked this long: the next failure is a new one.
  static constexpr media::Duration kSettled = media::Duration::seconds(60);

  void start();
  void on_line(const std::string& line);
  void on_exit(const process::ChildExit& exit);

  Params params_;
  media::SplitMix64 rng_;
  process::Backoff backoff_;
  std::unique_ptr<process::ChildProcess> child_;
  bool ended_ = true;  // child_ may be let go, outside of its own callback
  bool stopped_ = false;
  media::Instant started_;
  media::Instant start_at_;
  uint16_t port_ = 0;
  uint64_t restarts_ = 0;
  bool begun_ = false;
};

}  // namespace signaling::app

// Carries packets between two TUN devices over an emulated line, in real time. Owner and thread:
// one caller.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "media/base/time.h"
#include "tests/line/params.h"
#include "tests/line/pipe.h"
#include "tests/line/report.h"
#include "tests/line/runner/tun_device.h"

namespace line::runner {

class Router {
 public:
  // The devices outlive the router. `school` is the end whose packets go up.
  Router(const TunDevice& school, const TunDevice& host, const Profile& profile, uint64_t seed,
         Instant now);

  // Takes in what waits at both devices and hands out what is due.
  void run(Instant now);
  // When run() has something to do without a packet having come.
  [[nodiscard]] Instant next_due() const;

  // Another line from now on (or the same from its start), with the figures at zero.
  void use(Instant now, const Profile& profile);
  [[nodiscard]] Report report(Instant now) const;

 private:
  void take_in(Instant now, const TunDevice& from, Pipe& pipe);
  void hand_out(Instant now, Pipe& pipe, const TunDevice& to);

  // Packets of one device per turn, so that the other gets its turn.
  static constexpr int kBatch = 128;

  const TunDevice& school_;
  const TunDevice& host_;
  std::string name_;
  uint64_t seed_;
  Instant began_;
  Pipe up_;
  Pipe down_;
  Histogram lateness_;
  std::vector<uint8_t> buffer_;
};

}  // namespace line::runner

// Decides which missing packets of one stream to ask for again, and when (RFC 4585 section 6.2.1
// carries the ask). Owner: sfu::IngressLayer, or a client's receiver. Thread: the owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/base/time.h"

namespace media::receive {

class NackGenerator {
 public:
  // Reordering on school lines is under 5 ms; asking earlier buys duplicates.
  static constexpr Duration kReorderAllowance = Duration::millis(5);
  // How often poll() should be called.
  static constexpr Duration kTick = Duration::millis(20);
  static constexpr int kMaxTries = 10;
  // A packet this late helps nobody's picture.
  static constexpr Duration kMaxAge = Duration::seconds(1);
  // More holes than this are not mended packet by packet: ask for a key frame.
  static constexpr size_t kMaxMissing = 250;

  // An unwrapped sequence number arrived, in whatever order.
  void on_packet(Instant now, int64_t sequence);
  // A key frame that begins at `sequence` is here: nothing before it is worth asking for.
  void forget_before(int64_t sequence);

  // Appends to `out` the sequences to ask for now; `rtt` spaces the repetitions (zero: not
  // measured).
  void poll(Instant now, Duration rtt, std::vector<uint16_t>& out);
  // True once after the list overflowed or a packet was given up: only a key frame helps.
  bool take_key_frame_needed();
  [[nodiscard]] size_t missing() const { return missing_.size(); }

 private:
  struct Missing {
    int64_t sequence = 0;
    Instant since;
    Instant next_ask;
    int tries = 0;
  };

  std::vector<Missing> missing_;  // ascending
  std::optional<int64_t> highest_;
  bool key_frame_needed_ = false;
};

}  // namespace media::receive

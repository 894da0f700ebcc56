// Arrival times of one publishing peer's packets by transport-wide sequence number, for the
// feedback that its congestion control lives on
// (draft-holmer-rmcat-transport-wide-cc-extensions-01). Owner: one peer. Thread: the owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/base/seq.h"
#include "media/base/time.h"
#include "media/rtcp/transport_cc.h"

namespace media::receive {

class TransportCcRecorder {
 public:
  static constexpr Duration kFastInterval = Duration::millis(50);
  static constexpr Duration kSlowInterval = Duration::millis(100);
  // Below this rate, feedback every 50 ms would be a notable part of the line.
  static constexpr int64_t kFastAboveBps = 250'000;

  // Everything since the last feedback: sequences [base, arrivals.back().sequence], those not
  // listed were not seen.
  struct Feedback {
    int64_t base = 0;
    uint8_t count = 0;                    // feedback packet count
    std::vector<rtcp::Arrival> arrivals;  // ascending, distinct, never empty
  };

  void on_packet(Instant now, uint16_t sequence, size_t size);
  // Fills `out` and returns true when feedback is due.
  bool poll(Instant now, Feedback& out);
  // The number of a further message, when one feedback needs several.
  uint8_t next_count() { return count_++; }

 private:
  // One feedback describes at most this span, so that it fits a datagram even when every second
  // packet is missing.
  static constexpr int64_t kMaxSpan = 400;

  SeqUnwrapper sequences_;
  std::vector<rtcp::Arrival> pending_;
  std::optional<int64_t> next_base_;
  Instant last_;
  int64_t bytes_ = 0;
  uint8_t count_ = 0;
};

}  // namespace media::receive

// Judges one received RTP stream: what came, what is missing, what came twice or out of order. And
// what stands in a load packet's payload: when it was sent. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/seq.h"
#include "media/base/time.h"

namespace signaling::load {

class StreamCheck {
 public:
  struct Counts {
    uint64_t received = 0;  // distinct
    uint64_t missing = 0;   // gaps between the first and the highest that were never filled
    uint64_t duplicates = 0;
    uint64_t reordered = 0;  // came after a higher number
    Counts& operator+=(const Counts& other);
    Counts operator-(const Counts& other) const;
  };

  void on_packet(uint16_t sequence);
  [[nodiscard]] Counts counts() const;
  // Extended highest sequence for receiver reports (RFC 3550 section 6.4.1).
  [[nodiscard]] uint32_t highest() const { return static_cast<uint32_t>(highest_); }

 private:
  static constexpr int64_t kWindow = 1024;
  media::SeqUnwrapper unwrapper_;
  bool any_ = false;
  int64_t first_ = 0;
  int64_t highest_ = 0;
  std::array<bool, kWindow> seen_{};
  Counts counts_;
};

// A load packet ends with a mark and the sender's clock.
inline constexpr size_t kStampSize = 16;
void write_stamp(media::MutableByteSpan payload, media::Instant now);
std::optional<media::Instant> read_stamp(media::ByteSpan packet);

double median(std::vector<double> values);

}  // namespace signaling::load

// What waits to be written to one TCP peer: framed datagrams (RFC 4571), bounded in bytes and in
// time. Voice and control overtake pictures, and pictures are refused first, so that a peer that
// reads too slowly loses sight before it loses sound. Knows no socket; told the time. Owner:
// TcpConnection. Thread: its owner's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/time.h"
#include "media/base/urgency.h"

namespace media::net {

// A key frame of a sharp picture, with room.
inline constexpr size_t kPictureBacklog = size_t{256} * 1024;
// Voice of a lesson with many open microphones for kVoiceStanding, three times over.
inline constexpr size_t kVoiceBacklog = size_t{64} * 1024;
// Beyond that, control datagrams still fit.
inline constexpr size_t kControlBacklog = size_t{80} * 1024;
// A queue that has not been empty for so long is a queue that will not empty by itself: nothing
// more is taken until it has. Later pictures would be seen as delay, and voice could not be
// answered.
inline constexpr Duration kPictureStanding = Duration::millis(500);
inline constexpr Duration kVoiceStanding = Duration::seconds(1);

class StreamBacklog {
 public:
  // Takes a copy of `datagram` (1..65535 bytes) behind its length. False when it is left out.
  bool push(Instant now, ByteSpan datagram, Urgency urgency);

  // What to write next, in this order; at most three pieces, valid until the next push() or
  // consume().
  [[nodiscard]] std::array<ByteSpan, 3> pieces() const;
  // The first `bytes` of pieces() have been written.
  void consume(size_t bytes);

  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] size_t size() const { return urgent_.size() + pictures_.size(); }
  // Memory held, for tests.
  [[nodiscard]] size_t capacity() const {
    return urgent_.bytes.capacity() + pictures_.bytes.capacity();
  }

 private:
  struct Lane {
    std::vector<uint8_t> bytes;
    size_t head = 0;
    Instant since;  // of the oldest byte after the lane was empty

    [[nodiscard]] size_t size() const { return bytes.size() - head; }
    [[nodiscard]] ByteSpan unsent() const { return ByteSpan(bytes).subspan(head); }
    void append(Instant now, ByteSpan datagram);
    void drop_front(size_t n);
  };

  Lane urgent_;
  Lane pictures_;
  // Bytes of the picture frame that has been written in part: nothing may come between.
  size_t cut_ = 0;
};

}  // namespace media::net

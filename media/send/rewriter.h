// Makes one unbroken stream out of whatever sources a slot shows in turn: other layers of a
// picture, other rooms' pictures, other voices. Sequence numbers, timestamps and picture ids run
// on; gaps inside a source stay gaps, so that a receiver can ask for what the line lost. Owner:
// sfu::EgressSlot. Thread: the owner's. RFC 7741 section 4.2 for the VP8 numbers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "media/base/rng.h"
#include "media/base/time.h"
#include "media/send/departure.h"

namespace media::send {

class Rewriter {
 public:
  // The first sequence number is drawn from 1..32767: a receiver that misses the packets around an
  // early wrap would guess the wrong SRTP rollover count. Timestamp and picture id start anywhere.
  explicit Rewriter(Rng& rng);

  // The next packets come from another source (or the same one after a jump in its numbering),
  // beginning with `first`. `capture` is when it was captured; `mapped` says that this rests on the
  // sender's clock. The number before `first` stays free for a packet that the source does not
  // have, when `leaves_place` says so.
  void switch_source(Instant now, const SourceFacts& first, uint32_t clock_rate, Duration capture,
                     bool mapped, bool leaves_place = false);

  // The packet comes from before the switch to the present source.
  [[nodiscard]] bool is_behind(const SourceFacts& facts) const {
    return !has_source_ || facts.sequence < first_in_source_;
  }
  // Numbers for a packet of the present source; nothing for one that is_behind, or far too late.
  std::optional<Rewritten> rewrite(Instant now, const SourceFacts& facts);

  // A packet of the present source that this receiver does not get, by its layer. The numbers close
  // up over it, those of VP8 pictures too (its frames are counted one by one; in VP9 and AV1 frames
  // refer to others by number, and gaps belong there). When it came late and a place was kept for
  // it, the numbers of that place: padding must fill it.
  std::optional<Rewritten> skip(const SourceFacts& facts);

  // The outgoing form of a timestamp of the present source.
  [[nodiscard]] int64_t map_timestamp(int64_t source_timestamp) const {
    return source_timestamp + timestamp_offset_;
  }
  [[nodiscard]] bool has_source() const { return has_source_; }
  // Where the present source stood when it was last sent from, in its own timestamps.
  [[nodiscard]] int64_t last_source_timestamp() const {
    return last_timestamp_ - timestamp_offset_;
  }
  // Before a switch: when last_source_timestamp() was captured. `mapped` false: nobody knows any
  // more.
  void note_capture(Duration capture, bool mapped) {
    last_capture_ = capture;
    last_mapped_ = mapped;
  }
  // Outgoing, unwrapped: highest so far.
  [[nodiscard]] int64_t last_sequence() const { return last_sequence_; }
  [[nodiscard]] int64_t last_timestamp() const { return last_timestamp_; }

  // How far the mapping through sender clocks may stand off from arrival times before it is not
  // believed.
  static constexpr Duration kMaxMappingError = Duration::millis(75);

 private:
  // Which of the newest numbers of a source were left out: what comes late among them is shifted by
  // fewer than what comes now.
  class Omissions {
   public:
    static constexpr int64_t kSpan = 1024;  // four seconds of 2.5 Mbit/s
    void restart(int64_t first) {
      newest_ = first - 1;
      total_ = 0;
      bits_.fill(0);
    }
    // `number` was seen, and left out or not. False when it is too old to be known.
    bool note(int64_t number, bool omitted);
    // How many numbers up to `number` were left out; nothing when it is too far back.
    [[nodiscard]] std::optional<int64_t> before(int64_t number) const;
    [[nodiscard]] int64_t newest() const { return newest_; }
    [[nodiscard]] bool is_omitted(int64_t number) const;

   private:
    [[nodiscard]] static size_t word(int64_t number) {
      return static_cast<size_t>(number & (kSpan - 1)) / 64;
    }
    [[nodiscard]] static uint64_t bit(int64_t number) { return uint64_t{1} << (number & 63); }
    int64_t newest_ = -1;
    int64_t total_ = 0;
    std::array<uint64_t, kSpan / 64> bits_{};
  };

  [[nodiscard]] int64_t next_timestamp(Instant now, uint32_t clock_rate, Duration capture,
                                       bool mapped) const;

  bool has_source_ = false;
  bool sent_any_ = false;
  int64_t first_in_source_ = 0;  // source sequence at the switch
  int64_t sequence_offset_ = 0;
  int64_t timestamp_offset_ = 0;
  int64_t picture_offset_ = 0;
  Omissions packets_;
  Omissions pictures_;  // VP8
  uint8_t tl0_offset_ = 0;
  uint8_t keyidx_offset_ = 0;

  int64_t last_sequence_;
  int64_t last_timestamp_;
  int64_t last_picture_;
  uint8_t last_tl0_;
  uint8_t last_keyidx_ = 0;
  Instant last_sent_;
  Duration last_capture_;
  bool last_mapped_ = false;
};

}  // namespace media::send

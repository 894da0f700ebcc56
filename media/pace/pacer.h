// When each packet to one receiver may leave: not faster than a multiple of what its line carries.
// Voices leave at once; pictures wait, never long: what would wait too long is dropped up to the
// next key frame, and the slot that needs one is told.
//
// Where the line is not the limit nothing waits: offer() answers Send after one comparison, and
// packets stay together for GSO. Queued are handles of the owner's, before numbers and ciphers.
// Pure. Owner: one per receiver. Thread: the owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/base/model.h"
#include "media/base/units.h"

namespace media::pace {

enum class PaceClass : uint8_t {
  Voice,   // never waits
  Repair,  // retransmissions: before pictures
  Picture,
};

// Smaller is more important; among pictures the least important is dropped first.
using Importance = uint8_t;

struct PacedPacket {
  uint32_t handle = 0;  // the owner's name for it
  uint32_t bytes = 0;   // on the line, headers included
  SlotId slot;
  PaceClass kind = PaceClass::Picture;
  Importance importance = 0;
  bool starts_key_frame = false;  // first packet of one
  bool in_key_frame = false;
};

enum class PaceAnswer : uint8_t {
  Send,   // now
  Queue,  // the handle comes back from release() or take_dropped()
  Drop,   // the slot waits for a key frame, or the queue is full
};

// A train for the estimator (estimate::Probe): at least so many bytes in at least so many packets.
struct ProbeTrain {
  uint8_t id = 0;
  DataRate rate;
  size_t bytes = 0;
  int packets = 0;
};

class Pacer {
 public:
  // The line's rate; `factor` of it is the pace. A rate of zero or Pacer::kUnlimited: no pacing.
  void set_target(Instant now, DataRate target, double factor = kFactor);

  // A packet wants to leave. Before Queue, the owner keeps what `handle` stands for.
  PaceAnswer offer(Instant now, const PacedPacket& packet) {
    if (packet.kind == PaceClass::Voice ||
        (queued_ == 0 && waiting_.empty() && free_at_ <= now + burst_)) {
      end_train();
      charge(now, packet.bytes);
      return PaceAnswer::Send;
    }
    return offer_slowly(now, packet);
  }
  // False: offer() would answer Drop, since the slot waits for a key frame. To be asked before a
  // packet gets its number, so that numbers close up over what is left out.
  [[nodiscard]] bool admits(const PacedPacket& packet) const;

  // Appends the handles that may leave now, in order: a burst at a time, so that they can be one
  // GSO send.
  void release(Instant now, std::vector<uint32_t>& handles);
  // When release() has something again; never() when nothing is queued.
  [[nodiscard]] Instant next_release() const;

  // Appends the handles that will never leave.
  void take_dropped(std::vector<uint32_t>& handles);
  // Appends the slots that dropped something and wait for a key frame; each once per drop.
  void take_key_frame_wishes(std::vector<SlotId>& slots);
  // The slot shows something else, or nothing: what waits of it is dropped, no key frame is wished.
  void forget(SlotId slot);

  // Until a train has left, padding_due() says how many bytes of
  // padding or retransmissions are to be sent now to keep up its rate. Such packets are told to
  // on_padding(), media during the train counts by itself.
  void start_probe(Instant now, const ProbeTrain& train);
  // The train that the packets belong to which offer(), release() or on_padding() last let go; 0:
  // none.
  [[nodiscard]] uint8_t probe() const { return train_.id; }
  [[nodiscard]] size_t padding_due(Instant now) const;
  void on_padding(Instant now, size_t bytes) {
    end_train();
    charge(now, bytes);
  }

  [[nodiscard]] size_t queued_bytes() const { return queued_; }
  [[nodiscard]] size_t queued_packets() const { return queued_packets_; }
  // How long what waits would take at the rate of the line.
  [[nodiscard]] Duration queue_time() const;

  static constexpr DataRate kUnlimited = DataRate::bits_per_second(INT64_MAX);
  // A frame must not be spread over more than the time to the next one.
  static constexpr double kFactor = 2.5;
  // What may leave at once: at 2.5 times 1.5 Mbit/s seven kilobytes, one frame.
  static constexpr Duration kBurst = Duration::millis(15);
  // At least two packets, however narrow the line.
  static constexpr size_t kMinBurstBytes = 2'400;
  // Longer in the queue than this at the line's rate, and a picture is behind the voice for good.
  static constexpr Duration kMaxQueue = Duration::millis(300);
  // A key frame may take longer, since nothing can be shown without it.
  static constexpr Duration kMaxKeyFrame = Duration::millis(1'500);
  // Padding that makes a packet of a train where its bytes have left already.
  static constexpr size_t kLeastPadding = 100;
  static constexpr size_t kMaxPackets = 1'024;

 private:
  struct Queued {
    PacedPacket packet;
    bool dead = false;
  };
  PaceAnswer offer_slowly(Instant now, const PacedPacket& packet);
  // The line is busy with this for a while.
  void charge(Instant now, size_t bytes) {
    const Instant from = free_at_ < now ? now : free_at_;
    free_at_ =
        from + Duration::micros(static_cast<int64_t>(static_cast<double>(bytes) * us_per_byte_));
    train_bytes_ -= static_cast<int64_t>(bytes);
    --train_packets_;
  }
  // A train ends with the packet that completes it; the next one belongs to none.
  void end_train() {
    if (train_bytes_ <= 0 && train_packets_ <= 0) train_.id = 0;
  }
  [[nodiscard]] bool is_waiting(SlotId slot) const;
  [[nodiscard]] bool over_limit() const;
  [[nodiscard]] std::optional<SlotId> victim() const;
  bool make_room();
  bool drop_of(SlotId slot);
  void bury(Queued& item);
  void account_for_leaving(const PacedPacket& packet);
  void wait_for_key_frame(SlotId slot);
  void send_from(std::vector<Queued>& queue, size_t& head, Instant now,
                 std::vector<uint32_t>& handles);

  double us_per_byte_ = 0;       // at the pace
  double line_us_per_byte_ = 0;  // at the target
  Duration burst_;
  Instant free_at_;
  std::vector<Queued> repairs_;
  size_t repairs_head_ = 0;
  std::vector<Queued> pictures_;
  size_t pictures_head_ = 0;
  size_t queued_packets_ = 0;
  size_t queued_ = 0;            // bytes that wait
  size_t queued_key_bytes_ = 0;  // of those, in key frames
  std::vector<SlotId> waiting_;  // for a key frame
  std::vector<SlotId> wishes_;
  std::vector<uint32_t> dropped_;
  ProbeTrain train_;
  int64_t train_bytes_ = 0;  // what is still to leave of it; may be below zero
  int64_t train_packets_ = 0;
  Instant train_since_;
};

}  // namespace media::pace

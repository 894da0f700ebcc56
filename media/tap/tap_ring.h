// Bounded single-producer single-consumer ring from a worker to the recorder of one room. The
// producer never waits: when the ring is full the packet is lost for the recording and counted, the
// lesson goes on. Producer: the room's worker. Consumer: the recorder's thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/ids.h"
#include "media/base/model.h"
#include "media/base/time.h"

namespace media::tap {

// Largest RTP packet a publisher may send us (one unfragmented datagram).
inline constexpr size_t kMaxPacket = 1500;

struct TapPacket {
  enum class Type : uint8_t {
    Start,  // a track begins: codec, source and kind are set
    Rtp,    // bytes holds a complete RTP packet, sequence and timestamp already made continuous
            // across layers
    End,    // the track ended, or was closed by permission
    Stop,   // the whole room: finish all files
  };
  Type type = Type::Rtp;
  TrackId track;
  Codec codec = Codec::Opus;
  Source source = Source::Microphone;
  MediaKind kind = MediaKind::Audio;
  int64_t sequence = 0;       // unwrapped
  int64_t rtp_timestamp = 0;  // unwrapped
  uint32_t clock_rate = 48000;
  Duration session_time;  // capture instant on the session clock
  // True when session_time comes from the sender's reports; false while none has arrived and
  // arrival time stands in.
  bool from_sender_report = false;
  uint16_t size = 0;
  std::array<uint8_t, kMaxPacket> bytes{};
};

class TapRing {
 public:
  // `capacity` packets, a power of two. 4096 packets are 6 MB: over 3 s of a lesson with four
  // pictures.
  explicit TapRing(size_t capacity = 4096);

  // Producer. nullptr when full (count the loss); otherwise fill the packet in and call publish().
  TapPacket* claim();
  void publish();
  // Consumer. nullptr when empty; release() when done with it.
  const TapPacket* front();
  void release();

  [[nodiscard]] uint64_t lost() const;  // any thread
  void count_lost();                    // producer

 private:
  std::vector<TapPacket> packets_;
  size_t mask_;
  alignas(64) std::atomic<size_t> head_{0};
  alignas(64) std::atomic<size_t> tail_{0};
  alignas(64) std::atomic<uint64_t> lost_{0};
};

}  // namespace media::tap

// libvpx and libopus behind the two calls that our client needs. Owner: SyntheticTeacher, tests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/result.h"
#include "media/base/units.h"
#include "media/client/synthetic_picture.h"

namespace media::client {

class Vp8Encoder {
 public:
  struct Params {
    int width = 0;
    int height = 0;
    unsigned fps = 30;
    DataRate rate;
    int cpu_used = 12;  // libvpx realtime speed, 16 fastest
  };
  static Outcome<std::unique_ptr<Vp8Encoder>> make(const Params& params);
  ~Vp8Encoder();
  Vp8Encoder(const Vp8Encoder&) = delete;
  Vp8Encoder& operator=(const Vp8Encoder&) = delete;

  // The encoded frame, valid until the next call; empty when the encoder dropped it.
  ByteSpan encode(const Picture& picture, bool force_key);
  // The last frame was a key frame.
  [[nodiscard]] bool was_key() const;

 private:
  struct Parts;
  explicit Vp8Encoder(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

class OpusVoiceEncoder {
 public:
  static constexpr size_t kFrame = 960;  // 20 ms at 48 kHz
  static Outcome<std::unique_ptr<OpusVoiceEncoder>> make(DataRate rate);
  ~OpusVoiceEncoder();
  OpusVoiceEncoder(const OpusVoiceEncoder&) = delete;
  OpusVoiceEncoder& operator=(const OpusVoiceEncoder&) = delete;

  // kFrame mono samples; the packet is valid until the next call.
  ByteSpan encode(std::span<const int16_t> samples);

 private:
  struct Parts;
  explicit OpusVoiceEncoder(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// One VP8 frame as RTP payloads (RFC 7741) with 15-bit picture ids, in fragments of equal size (the
// last may be shorter), so that a forwarder can send them as one run.
class Vp8Packetizer {
 public:
  explicit Vp8Packetizer(uint16_t first_picture_id) : picture_id_(first_picture_id & 0x7fff) {}
  // Calls `emit(ByteSpan payload, bool marker)` for each.
  template <class Emit>
  void packetize(ByteSpan frame, size_t max_payload, Emit&& emit);
  static constexpr size_t kDescriptor = 4;

 private:
  uint16_t picture_id_;
  std::vector<uint8_t> payload_;
};

template <class Emit>
void Vp8Packetizer::packetize(ByteSpan frame, size_t max_payload, Emit&& emit) {
  const size_t room = max_payload - kDescriptor;
  const size_t count = (frame.size() + room - 1) / room;
  const size_t size = count == 0 ? 0 : (frame.size() + count - 1) / count;
  for (size_t i = 0; i < count; ++i) {
    const size_t from = i * size;
    const ByteSpan part = frame.subspan(from, std::min(size, frame.size() - from));
    payload_.assign({static_cast<uint8_t>(i == 0 ? 0x90 : 0x80), 0x80,
                     static_cast<uint8_t>(0x80 | (picture_id_ >> 8)),
                     static_cast<uint8_t>(picture_id_)});
    payload_.insert(payload_.end(), part.begin(), part.end());
    emit(ByteSpan(payload_), i + 1 == count);
  }
  picture_id_ = (picture_id_ + 1) & 0x7fff;
}

}  // namespace media::client

// The synthetic master teacher: a moving picture with a clock as VP8 simulcast, a speech-like voice
// as Opus, sent as a browser would send them: sender reports, key frames on request,
// retransmissions, header extensions.
//
// Told the time; owner and thread: one caller, who calls produce() when next_due() has come.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/ids.h"
#include "media/base/result.h"
#include "media/base/time.h"
#include "media/client/encoders.h"
#include "media/client/outgoing_stream.h"
#include "media/client/publisher.h"
#include "media/client/synthetic_picture.h"
#include "media/client/synthetic_voice.h"

namespace media::client {

class SyntheticTeacher {
 public:
  using Layer = Publisher::Layer;
  struct Params : Publisher::Params {
    bool grain = false;          // pictures that need the encoders' whole rate
    int64_t wall_offset_us = 0;  // Instant to microseconds of the shown clock's day
  };

  static Outcome<std::unique_ptr<SyntheticTeacher>> make(Params params, Instant start);

  // Sends what is due. When the caller comes late, pictures are skipped, sound never.
  void produce(Instant now, const PacketSink& sink);
  [[nodiscard]] Instant next_due() const;
  // Receiver's feedback: PLI and FIR make key frames, NACK is answered over RTX.
  void on_rtcp(Instant now, ByteSpan compound, const PacketSink& sink) {
    publisher_->on_rtcp(now, compound, sink);
  }
  // The next picture of every layer will be a key frame.
  void request_key_frames() { publisher_->request_key_frames(); }

  [[nodiscard]] uint64_t frames() const { return publisher_->pictures(); }
  [[nodiscard]] uint64_t key_frames() const { return publisher_->key_frames(); }
  [[nodiscard]] uint64_t retransmissions() const { return publisher_->retransmissions(); }

 private:
  SyntheticTeacher(const Params& params, Instant start, std::unique_ptr<Publisher> publisher);
  void produce_sound(Instant now, const PacketSink& sink);
  void produce_picture(Instant now, const PacketSink& sink);

  unsigned fps_;
  int64_t wall_offset_us_;
  Instant start_;
  std::unique_ptr<Publisher> publisher_;
  SyntheticVoice voice_;
  SyntheticPicture picture_;
  int64_t next_sound_ = 0;    // in frames of 20 ms
  int64_t next_picture_ = 0;  // in pictures
};

}  // namespace media::client

// A lesson's RTP in, the parts of its HLS stream out. Told the time; one thread drives it, decoding
// and encoding run beside it. Owner: `tongke hls`.
//
//   on_rtp -> ReorderBuffer -> FrameAssembler -> PictureDesk | SoundDesk -> Packager -> take()
//
// The time line begins with the first call at zero. Everything is shown kLag after its capture:
// time for a lost packet to be sent again, and for the sender's clock to be known.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/ids.h"
#include "media/base/model.h"
#include "media/base/result.h"
#include "media/base/seq.h"
#include "media/base/time.h"
#include "media/hls/packager.h"
#include "media/hls/picture_desk.h"
#include "media/hls/sound_desk.h"
#include "media/pipelines/frame_assembler.h"
#include "media/receive/reorder_buffer.h"
#include "media/receive/sender_clock.h"

namespace media::hls {

struct InitSegments {
  std::string picture_and_sound;
  std::string sound_alone;
  std::string picture_codec;
  std::string sound_codec;
};

class Broadcast {
 public:
  static constexpr Duration kLag = Duration::millis(400);
  // A missing packet is waited for this long; the rest of kLag is for decoding.
  static constexpr Duration kReorderWait = Duration::millis(250);
  // Key frames are wished for at most this often.
  static constexpr Duration kWishInterval = Duration::seconds(1);

  struct Input {
    Ssrc ssrc;
    MediaKind kind = MediaKind::Audio;
    size_t source = 0;  // PictureDesk::kTeacher or kScreen
    // By payload type; others (retransmissions) are left alone.
    std::map<uint8_t, Codec> codecs;
  };

  // Errors: GStreamer lacks an element.
  static Outcome<std::unique_ptr<Broadcast>> make(const PictureDesk::Params& picture,
                                                  std::vector<Input> inputs, Instant start);

  void on_rtp(Instant now, ByteSpan packet);
  void on_rtcp(Instant now, ByteSpan compound);
  // Every 10 ms or so. Errors: an encoder failed; make a new broadcast.
  Outcome<void> on_tick(Instant now);

  // Set once, before the first part.
  [[nodiscard]] const std::optional<InitSegments>& init() const { return init_; }
  std::vector<MadePart> take() { return std::exchange(made_, {}); }
  // Pictures that need a key frame now; to be asked for with PLI.
  std::vector<Ssrc> take_wishes(Instant now);

  [[nodiscard]] uint64_t encoded() const { return picture_->encoded(); }
  [[nodiscard]] uint64_t skipped() const { return picture_->skipped(); }

 private:
  struct Item {
    std::vector<uint8_t> payload;
    int64_t rtp = 0;
    bool marker = false;
    Codec codec = Codec::Opus;
  };
  struct Stream {
    Input input;
    SeqUnwrapper sequences;
    TimestampUnwrapper timestamps;
    receive::ReorderBuffer<Item> order{{.max_wait = kReorderWait, .max_items = 2048}};
    std::optional<Codec> codec;
    std::optional<pipelines::FrameAssembler> assembler;
    uint64_t dropped = 0;  // what the assembler had given up when we last looked
    bool wishes = false;
    Instant next_wish;
  };

  Broadcast(std::unique_ptr<PictureDesk> picture, std::unique_ptr<SoundDesk> sound, Instant start);
  void release(Instant now, Stream& stream);
  void on_item(Instant now, Stream& stream, receive::ReorderBuffer<Item>::Released item);
  void package();
  [[nodiscard]] Duration since_start(Instant now) const { return now - start_; }

  std::unique_ptr<PictureDesk> picture_;
  std::unique_ptr<SoundDesk> sound_;
  Packager packager_;
  receive::SenderClock clock_;
  Instant start_;
  std::map<uint32_t, Stream> streams_;  // by ssrc
  std::optional<InitSegments> init_;
  std::vector<MadePart> made_;
};

}  // namespace media::hls

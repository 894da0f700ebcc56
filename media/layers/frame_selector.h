// Which frames of one encoded stream a receiver gets: temporal layers of VP8, spatial and temporal
// layers of VP9 (RFC 9628; full SVC and k-SVC), decode targets of AV1 (dependency descriptor),
// frames that nobody refers to of H.264. Lower layers are taken as soon as what was sent so far
// lets the receiver decode them, higher ones only where the stream's own signals allow it; where
// they never do, a key frame is wanted. Owner: sfu::Follower. Thread: the owner's.
#pragma once

#include <cstdint>

#include "media/base/model.h"
#include "media/codec/dependency_descriptor.h"
#include "media/codec/frame_info.h"

namespace media::layers {

class FrameSelector {
 public:
  // What the selector must know of a packet. `picture` tells pictures apart and grows: the RTP
  // timestamp. `dependencies` and its structure: nullptr where the stream has none.
  struct Input {
    Codec codec = Codec::Vp8;
    int64_t picture = 0;
    const codec::FrameInfo& frame;
    const codec::DependencyFacts* dependencies = nullptr;
    const codec::DependencyStructure* structure = nullptr;
  };
  struct Verdict {
    bool forward = true;
    // The receiver gets no more of this picture: its RTP marker belongs on this packet.
    bool ends_picture = false;
  };

  void set_limit(LayerLimit limit);
  // The stream begins anew with a key frame; what was sent before means nothing.
  void restart();

  Verdict on_packet(const Input& in);

  // The wanted layers differ from those sent, and only a key frame lets them change.
  [[nodiscard]] bool wants_key_frame() const;
  // The highest layers that are sent at present.
  [[nodiscard]] uint8_t spatial() const { return spatial_; }
  [[nodiscard]] uint8_t temporal() const { return temporal_; }

  // Pictures that end below the shown spatial layer before that counts as gone: a third of a
  // second.
  static constexpr uint32_t kVanishedAfter = 10;
  // Pictures for which a point to go up to a higher frame rate is awaited: two seconds.
  static constexpr uint32_t kSwitchPatience = 60;

 private:
  Verdict on_vp8(const Input& in);
  Verdict on_vp9(const Input& in);
  Verdict on_av1(const Input& in);
  [[nodiscard]] Verdict on_h264(const Input& in) const;
  void begin_vp9_picture(const Input& in);
  void note_vp9_end(const Input& in);
  void begin_picture(int64_t picture);
  void choose_target(const codec::DependencyFacts& facts,
                     const codec::DependencyStructure& structure);
  [[nodiscard]] bool was_sent(int64_t frame) const;
  [[nodiscard]] bool is_decodable(const codec::DependencyFacts& facts) const;
  void note_frame(int64_t frame, bool sent);

  LayerLimit limit_;
  uint8_t spatial_ = kBestLayer;
  uint8_t temporal_ = kBestLayer;
  uint8_t highest_temporal_ = 0;  // seen in this stream
  int64_t picture_ = INT64_MIN;   // the newest
  uint32_t pictures_waiting_ = 0;

  // VP9
  int64_t key_picture_ = INT64_MIN;
  bool layers_independent_ = false;  // k-SVC: below key pictures, no layer refers to the one below
  bool must_restart_ = false;        // what is shown has gone, the rest cannot be decoded
  bool upper_is_sent_ = false;       // the last picture had a layer above the shown one
  uint32_t short_pictures_ = 0;

  // AV1
  int8_t target_ = -1;  // the decode target that is sent
  int8_t wanted_target_ = -1;
  uint32_t structure_version_ = 0;
  int64_t newest_frame_ = INT64_MIN;
  uint64_t sent_frames_ = 0;   // bit i: newest_frame_ - i was sent
  uint64_t known_frames_ = 0;  // bit i: newest_frame_ - i was judged
};

}  // namespace media::layers

// One published section: its layers, what arrives on them, and what we must tell the publisher
// about that. Reads each packet once and leaves the facts beside it; forwarding reads only those.
// Owner: sfu::Peer. Thread: one worker.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "media/audio/voice_activity.h"
#include "media/base/drop.h"
#include "media/base/model.h"
#include "media/base/packet_pool.h"
#include "media/codec/dependency_descriptor.h"
#include "media/codec/h264.h"
#include "media/layers/layer_selector.h"
#include "media/receive/keyframe_requester.h"
#include "media/receive/nack_generator.h"
#include "media/receive/receive_stream.h"
#include "media/receive/sender_clock.h"
#include "media/rtp/extensions.h"
#include "media/rtp/packet_view.h"
#include "media/send/departure.h"
#include "media/sfu/policer.h"

namespace media::sfu {

class EgressSlot;
class Peer;

// A packet waiting for the end of its batch.
struct IngressPacket {
  PacketRef packet;  // facts: send::SourceFacts
  uint32_t epoch = 0;
  uint8_t layer = 0;
  bool starts_key_frame = false;
};

struct IngressLayer {
  IngressLayer(uint8_t layer_index, Duration key_frame_interval)
      : index(layer_index), key_frames(key_frame_interval) {}

  uint8_t index;
  std::optional<receive::ReceiveStream> stream;
  Ssrc rtx;
  // Grows when the numbering starts anew: another ssrc, or a jump of the same one.
  uint32_t epoch = 0;
  receive::NackGenerator nacks;
  receive::KeyFrameRequester key_frames;
  uint8_t fir_sequence = 0;
  int64_t newest_picture = 0;                             // unwrapped picture id
  std::unique_ptr<codec::DependencyReader> dependencies;  // made for the first descriptor
  [[nodiscard]] const codec::DependencyStructure* structure(uint32_t version) const {
    return dependencies ? dependencies->structure(version) : nullptr;
  }
  bool is_sent = false;  // part of the present layer mask
  // Something of it was refused at the door: it goes on with a key frame, as a new epoch.
  bool is_cut = false;
  // Pictures: when the newest began, their usual distance, and how many all layers of the track had
  // brought when this one was last heard.
  int64_t newest_timestamp = INT64_MIN;
  Instant newest_began;
  Duration picture_interval;
  uint32_t heard_at_picture = 0;
  // H.264: what a receiver needs before an IDR picture that comes without it; one packet in the
  // pool, made anew when the sender changes it.
  std::unique_ptr<codec::ParameterSets> parameter_sets;
  PacketRef parameter_packet;
  Instant vouched;  // when the home shard last said that something comes on it
  // The newest forwarded packets by sequence, for a receiver whose key frame begins with a packet
  // that was overtaken.
  static constexpr size_t kRecent = 16;
  std::array<IngressPacket, kRecent> recent;
  // At the last quality reading.
  int64_t expected_before = 0;
  uint64_t arrived_before = 0;
};

class IngressTrack {
 public:
  IngressTrack(Peer& owner, const PublishedSection& section);
  IngressTrack(const IngressTrack&) = delete;
  IngressTrack& operator=(const IngressTrack&) = delete;

  // Section's codec by payload type; nullptr when we did not accept it. `is_rtx` says it is the
  // codec's rtx type.
  [[nodiscard]] const CodecParams* codec_of(uint8_t payload_type, bool& is_rtx) const;
  // Index of the layer named `rid`; layer 0 for a track without simulcast.
  [[nodiscard]] std::optional<uint8_t> layer_of_rid(std::string_view rid) const;
  // From now on `ssrc` (and its retransmissions) is layer `index`.
  void bind(uint8_t index, Ssrc ssrc);

  struct Input {
    Instant now;
    Duration session_now;
    const rtp::PacketView& view;
    const rtp::Extensions& extensions;
    const CodecParams& codec;
    uint8_t layer = 0;
    bool is_rtx = false;
  };
  // First of all, for each packet: false when it is over what was agreed; it ends here.
  bool admit(Instant now, uint8_t layer, bool is_rtx, size_t bytes, DropCounters& drops);
  // One packet of this track. Appends to pending() when it may be forwarded.
  void on_packet(const Input& in, PacketPool& pool, receive::SenderClock& clock,
                 DropCounters& drops);

  // A mirror's packet: another shard of the room has accepted and read it. `form` is what that
  // shard queued, `packet` its bytes and facts in this worker's pool.
  void on_relayed(Instant now, Ssrc ssrc, const IngressPacket& form, PacketRef packet,
                  PacketPool& pool, DropCounters& drops);
  // A mirror's layer as its home shard sees it.
  void on_relayed_layer(Instant now, uint8_t index, Ssrc ssrc, uint32_t epoch, bool is_sent);

  // Layers on which something comes; call every tick. True when it changed.
  bool update_layers(Instant now);
  [[nodiscard]] layers::LayerMask layer_mask() const { return mask_; }

  // Closed (the default): nothing is forwarded or recorded; reception is still reported to the
  // publisher.
  void set_open(bool open);
  [[nodiscard]] bool is_open() const { return open_; }

  [[nodiscard]] TrackId id() const { return section_.track; }
  [[nodiscard]] const PublishedSection& section() const { return section_; }
  [[nodiscard]] Peer& owner() const { return owner_; }
  [[nodiscard]] std::vector<IngressLayer>& layers() { return layers_; }
  [[nodiscard]] const std::vector<IngressLayer>& layers() const { return layers_; }
  [[nodiscard]] std::vector<IngressPacket>& pending() { return pending_; }
  // Orders what the batch brought by sequence, so that reordering within it harms nobody, and evens
  // out the sizes of a frame's packets: browsers cut frames into pieces that differ by a byte,
  // which would break a GSO send in two.
  void prepare_pending();
  // The batch was forwarded.
  void settle_pending();
  // A forwarded packet of the near past; nullptr when it has not come or is too far back.
  [[nodiscard]] const IngressPacket* recent(uint8_t layer, uint32_t epoch, int64_t sequence) const;
  [[nodiscard]] std::vector<EgressSlot*>& receivers() { return receivers_; }
  [[nodiscard]] const std::vector<EgressSlot*>& receivers() const { return receivers_; }
  [[nodiscard]] const Policer& policer() const { return policer_; }
  [[nodiscard]] Instant last_packet() const { return last_packet_; }
  [[nodiscard]] bool has_packets() const { return last_packet_ != Instant(); }

  // Sound only.
  [[nodiscard]] audio::VoiceActivity& voice() { return voice_; }
  [[nodiscard]] std::optional<uint8_t> take_new_level();  // the newest level since the last call
  [[nodiscard]] std::optional<uint8_t> take_loudest_level();  // the loudest since the last call

  bool announced_active = false;     // TrackActive was told
  bool announced_over_rate = false;  // TrackOverRate was told

  // A simulcast layer has gone when so many pictures of others came since, and nothing of it for
  // three of its own (at least kShortSilence, at most kLayerSilence): encoders drop a picture now
  // and then, and one that goes must not hold up its receivers for long.
  static constexpr uint32_t kPicturesOfOthers = 5;
  static constexpr Duration kShortSilence = Duration::millis(250);
  static constexpr Duration kLayerSilence = Duration::seconds(1);
  // A packet's own capture time is believed when it is not later than the sender's reports make it,
  // but for their error, and not earlier than a chain of cameras and mixers takes.
  static constexpr Duration kCaptureLead = Duration::millis(75);
  static constexpr Duration kCaptureLag = Duration::seconds(5);
  // More padding than this costs the line more than a second system call costs us.
  static constexpr uint16_t kMaxEvening = 8;

 private:
  struct MediaPart {  // what remains after taking off the RTX wrapping
    uint16_t sequence = 0;
    ByteSpan payload;
  };
  // Fills in what the payload and its descriptor say. False when they lie.
  bool read_media(const Input& in, ByteSpan payload, IngressLayer& layer,
                  send::SourceFacts& facts) const;
  static bool read_dependencies(ByteSpan descriptor, IngressLayer& layer, send::SourceFacts& facts);
  void even_out(size_t first, size_t end);
  [[nodiscard]] bool is_gone(Instant now, const IngressLayer& layer) const;
  void note_picture(Instant now, IngressLayer& layer, int64_t timestamp);
  static void note_parameter_sets(ByteSpan payload, IngressLayer& layer, PacketPool& pool);
  // A decoder can begin with this packet.
  [[nodiscard]] static bool starts_key_frame(const send::SourceFacts& facts,
                                             const IngressLayer& layer);
  // After a cut: goes on with this packet if a decoder can begin with it.
  bool mend_cut(Instant now, IngressLayer& layer, const send::SourceFacts& facts, bool nack);
  // When the packet was captured, on the session clock; nothing while nobody knows.
  std::optional<Duration> capture_of(const Input& in, const IngressLayer& layer, int64_t timestamp,
                                     receive::SenderClock& clock) const;
  void note_level(const rtp::Extensions& extensions);

  Peer& owner_;
  PublishedSection section_;
  bool open_ = false;
  std::vector<IngressLayer> layers_;
  layers::LayerMask mask_ = 0;
  std::vector<IngressPacket> pending_;
  std::vector<EgressSlot*> receivers_;
  Policer policer_;
  uint32_t pictures_ = 0;  // of all layers
  Instant last_packet_;
  audio::VoiceActivity voice_;
  std::optional<uint8_t> new_level_;
  std::optional<uint8_t> loudest_level_;
};

}  // namespace media::sfu

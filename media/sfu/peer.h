// One connection as forwarding sees it: what it publishes, what it is shown, and the bookkeeping
// between. Owner: sfu::RoomShard. Thread: one worker.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/base/model.h"
#include "media/base/packet_pool.h"
#include "media/base/rng.h"
#include "media/receive/sender_clock.h"
#include "media/receive/transport_cc_recorder.h"
#include "media/rtp/extension_map.h"
#include "media/rtp/packet_writer.h"
#include "media/sfu/egress_slot.h"
#include "media/sfu/ingress_track.h"
#include "media/sfu/outbox.h"

namespace media::sfu {

class RtcpPacket;

class Peer {
 public:
  struct Params {
    PeerId peer;
    rtp::ExtensionMap extensions;
    std::vector<PublishedSection> published;
    std::vector<ReceiveSection> slots;
    // Set for the mirror of a peer that another shard of the room has: its packets come from there,
    // and what is asked of it goes there.
    struct Home {
      ShardId shard;
      RoomId room;
    };
    std::optional<Home> home = std::nullopt;
    // The other end is a server that carries many peers' tracks.
    bool is_link = false;
  };

  // `handle` is the owner's own number for this connection; forwarding only hands it back.
  Peer(Params params, uint32_t handle, Rng& rng);
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Sections that come and go while the connection lives: tracks of a link or a mirror. A known
  // track is returned as it is. Nothing may refer to what is removed.
  IngressTrack& add_section(const PublishedSection& section);
  void remove_section(TrackId track);
  EgressSlot& add_slot(const ReceiveSection& section, Rng& rng);
  void remove_slot(SlotId slot);

  // One decrypted RTP packet. Returns its track, or nullptr when it has none.
  IngressTrack* on_rtp(Instant now, Duration session_now, ByteSpan plain, PacketPool& pool,
                       DropCounters& drops);

  // Builds an outgoing packet with this connection's extensions. size is 0 when it does not fit.
  rtp::Written write_rtp(Instant now, const RtpOut& out, MutableByteSpan buffer);

  // Feedback about what this peer publishes, when due: receiver reports, NACK, transport-wide
  // feedback.
  void report_reception(Instant now, Outbox& out);
  // Sends what is asked of the publisher's encoder, as far as its throttle allows.
  void request_key_frames(Instant now, IngressTrack& track, Outbox& out);
  // Sender reports for the slots, when due.
  void report_sending(Instant now, Duration session_now, Outbox& out);
  // Once a second.
  PeerQuality take_quality(Instant now);

  [[nodiscard]] PeerId id() const { return params_.peer; }
  [[nodiscard]] uint32_t handle() const { return handle_; }
  [[nodiscard]] const std::optional<Params::Home>& home() const { return params_.home; }
  [[nodiscard]] bool is_link() const { return params_.is_link; }
  [[nodiscard]] bool is_connected() const { return connected_; }
  void set_connected(bool connected) { connected_ = connected; }
  [[nodiscard]] receive::SenderClock& clock() { return clock_; }
  [[nodiscard]] std::vector<std::unique_ptr<IngressTrack>>& tracks() { return tracks_; }
  [[nodiscard]] std::vector<std::unique_ptr<EgressSlot>>& slots() { return slots_; }
  [[nodiscard]] EgressSlot* slot_of(Ssrc media);
  [[nodiscard]] EgressSlot* find_slot(SlotId id);
  // The layer that receives `ssrc`; nullptr when it is not one of this peer's media streams.
  [[nodiscard]] IngressLayer* layer_of(Ssrc ssrc);
  // From the receiver's reports; the transport's own measurement until one came.
  [[nodiscard]] Duration rtt() const { return rtt_; }
  void note_rtt(Duration rtt) { rtt_ = rtt; }

  // More than any honest browser sends: 3 layers, their repair streams, and the sections beside
  // them.
  static constexpr size_t kMaxSsrcs = 32;
  // A link carries a whole room: 40 classes with three layers, their repair streams and a voice
  // each are 280.
  static constexpr size_t kMaxLinkSsrcs = 1024;
  // Packets of streams not known yet: a page's first ones all come at once, and until one brings
  // its mid a few of each are in vain.
  static constexpr int kNewcomers = 64;
  static constexpr int kNewcomersPerSecond = 32;
  // Streams that take the place of others: a page that shares its screen again, an encoder that
  // starts anew. Each makes all receivers begin again.
  static constexpr int kReplacements = 16;
  static constexpr int kReplacementsPerSecond = 2;
  static constexpr Duration kReportInterval = Duration::seconds(1);
  // Feedback is kept below this, so that it survives any path.
  static constexpr size_t kMaxRtcp = 1100;

 private:
  struct Binding {
    Ssrc ssrc;
    IngressTrack* track = nullptr;
    uint8_t layer = 0;
    bool is_rtx = false;
  };

  // So many at once, and then so many a second.
  class Allowance {
   public:
    Allowance(int burst, int per_second)
        : burst_(burst), per_second_(per_second), millionths_(int64_t{burst} * 1'000'000) {}
    bool take(Instant now);

   private:
    int burst_;
    int per_second_;
    int64_t millionths_;
    Instant last_;
  };

  Binding* find_binding(Ssrc ssrc);
  Binding* learn(Instant now, const rtp::PacketView& view, const rtp::Extensions& extensions,
                 DropCounters& drops);
  IngressTrack* track_for(const rtp::PacketView& view, const rtp::Extensions& extensions);
  void bind_known_ssrcs(IngressTrack& track);
  [[nodiscard]] size_t max_ssrcs() const { return is_link() ? kMaxLinkSsrcs : kMaxSsrcs; }
  void relay_key_frame_wishes(Instant now, IngressTrack& track, Outbox& out) const;
  void bind_pair(IngressTrack& track, uint8_t layer, const PublishedSection::SsrcPair& pair);
  void add_receiver_reports(Instant now, RtcpPacket& packet);
  void add_nacks(Instant now, RtcpPacket& packet);
  void add_transport_feedback(Instant now, ByteWriter& writer);

  Params params_;
  uint32_t handle_;
  Ssrc rtcp_ssrc_;
  bool connected_ = false;
  std::vector<std::unique_ptr<IngressTrack>> tracks_;
  std::vector<std::unique_ptr<EgressSlot>> slots_;
  std::vector<Binding> bindings_;
  Allowance newcomers_{kNewcomers, kNewcomersPerSecond};
  Allowance replacements_{kReplacements, kReplacementsPerSecond};
  receive::SenderClock clock_;
  receive::TransportCcRecorder transport_cc_;
  receive::TransportCcRecorder::Feedback feedback_;  // kept for its memory
  std::vector<uint16_t> nack_list_;                  // kept for its memory
  Ssrc last_media_ssrc_;
  uint16_t next_transport_sequence_ = 1;
  Duration rtt_;
  Instant next_report_;
  uint64_t bytes_in_ = 0;
  uint64_t bytes_out_ = 0;
  uint64_t quality_bytes_in_ = 0;
  uint64_t quality_bytes_out_ = 0;
  Instant last_quality_;
};

}  // namespace media::sfu

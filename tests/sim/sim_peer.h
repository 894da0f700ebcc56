// A browser made of our own modules: sends simulcast VP8 and Opus with sender reports on its own
// clock, answers NACK and PLI; receives, repairs, and judges whether what came can be decoded.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "media/receive/nack_generator.h"
#include "media/receive/receive_stream.h"
#include "media/rtcp/compound.h"
#include "media/rtp/packet_view.h"
#include "media/sfu/room_shard.h"
#include "sim_net.h"
#include "tests/support/rtp_samples.h"
#include "tests/support/sections.h"

namespace sim {

using media::Ssrc;

struct PublisherParams {
  bool video = true;
  bool simulcast = false;
  bool audio = true;
  uint8_t audio_dbov = 20;
  uint16_t first_sequence = 1000;
  uint32_t first_timestamp = 50'000;
  uint16_t first_picture = 100;
  size_t packets_per_frame = 3;
  bool short_picture_ids = false;
  bool sender_reports = true;
  int64_t max_bps = 0;  // agreed for the picture
  Duration clock_offset = Duration::seconds(1'000'000);  // own NTP clock less the simulation's
};

// One picture layer or one voice as its sender numbers it.
struct SentStream {
  Ssrc ssrc;
  Ssrc rtx;
  uint16_t sequence = 0;
  uint32_t timestamp = 0;
  uint16_t rtx_sequence = 1;
  uint16_t picture = 0;
  uint8_t tl0 = 0;
  uint8_t keyidx = 0;
  bool key_wanted = true;
  int keys_asked = 0;
  int keys_sent = 0;
  std::vector<Instant> key_requests;
  bool paused = false;
  std::map<uint16_t, Bytes> sent;  // for retransmission
  uint32_t frames = 0;
};

// What a slot received, judged as a decoder would.
struct Watched {
  explicit Watched(Ssrc s, uint32_t rate) : stream(s, rate) {}

  media::receive::ReceiveStream stream;
  media::receive::NackGenerator nacks;
  struct Packet {
    int64_t sequence = 0;
    uint32_t timestamp = 0;
    bool marker = false;
    bool starts = false;
    bool key = false;
    uint16_t picture = 0;
    uint8_t tl0 = 0;
    uint32_t stamp = 0;
    Instant at;
  };
  std::map<int64_t, Packet> packets;  // by unwrapped sequence
  int64_t duplicates = 0;
  std::set<std::string> mids;
  std::vector<std::pair<uint64_t, uint32_t>> reports;  // NTP, RTP timestamp of sender reports
  std::optional<Instant> first_at;

  // Sequence numbers between the first and the last that never came.
  [[nodiscard]] int64_t missing() const;
  // Frames that a decoder shows: whole, and following the frame before it or a key frame.
  [[nodiscard]] int64_t decodable_frames() const;
  // Picture ids (modulo 2^15) of the frames in order of sequence.
  [[nodiscard]] std::vector<uint16_t> picture_ids() const;
};

class SimPeer {
 public:
  SimPeer(uint32_t id, uint64_t seed, LineParams up, LineParams down)
      : id_(id), up_(seed * 2 + 1, up), down_(seed * 2 + 2, down) {}

  // Before joining.
  void publish(const PublisherParams& params);
  void add_video_slot(uint32_t slot, media::SlotUse use = media::SlotUse::Main);
  void add_audio_slot(uint32_t slot, media::SlotUse use = media::SlotUse::Main);
  [[nodiscard]] media::sfu::Peer::Params params() const;

  // One millisecond.
  void on_time(Instant now);
  void on_downlink(Instant now, const Bytes& packet);

  [[nodiscard]] media::PeerId id() const { return media::PeerId(id_); }
  [[nodiscard]] media::TrackId video_track() const { return media::TrackId(id_ * 10 + 1); }
  [[nodiscard]] media::TrackId audio_track() const { return media::TrackId(id_ * 10 + 2); }
  Line& up() { return up_; }
  Line& down() { return down_; }
  std::vector<SentStream>& layers() { return layers_; }
  SentStream& voice() { return voice_; }
  PublisherParams& publishing() { return publishing_; }
  // What came in a slot; by its number.
  Watched& watched(uint32_t slot) { return *watched_.at(slot_ssrc(slot)); }
  [[nodiscard]] static uint32_t slot_ssrc(uint32_t slot) { return 0x70000000 + slot * 16; }
  void send_rtcp(Instant now, Bytes packet) { up_.send(now, std::move(packet)); }
  void restart_source(Instant now);  // new ssrcs and numbering, as after a page's track replacement
  void ask_key_frame(Instant now, uint32_t slot);
  int feedback_messages = 0;  // transport-wide, received
  bool answers_nacks = true;
  bool sends_nacks = true;
  std::vector<media::rtcp::ReportBlock> reception;  // as the server reports it

 private:
  void send_frame(Instant now, size_t layer);
  void send_voice(Instant now);
  void send_reports(Instant now);
  void send_nacks(Instant now);
  void on_feedback(Instant now, media::ByteSpan packet);
  void resend(Instant now, SentStream& s, uint16_t sequence);
  void on_media(Instant now, media::ByteSpan packet);
  SentStream* sent_stream(Ssrc ssrc);
  void remember(SentStream& s, uint16_t sequence, Bytes packet);

  uint32_t id_;
  Line up_;
  Line down_;
  bool publishes_ = false;
  PublisherParams publishing_;
  std::vector<SentStream> layers_;
  SentStream voice_;
  uint16_t transport_sequence_ = 1;
  std::vector<media::ReceiveSection> slots_;
  std::map<uint32_t, std::unique_ptr<Watched>> watched_;  // by ssrc
  Instant next_frame_;
  Instant next_voice_;
  Instant next_report_;
  Instant next_nack_;
  uint32_t generation_ = 0;
};

}  // namespace sim

// One watcher's judgement of what arrives: gaps, duplicates and order from the readable headers of
// all packets, delay from those that are opened; loses packets on purpose and asks for them again;
// makes the feedback that a browser would send. Pure: told the time, randomness given.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "media/base/bytes.h"
#include "media/base/ids.h"
#include "media/base/rng.h"
#include "media/base/time.h"
#include "media/receive/nack_generator.h"
#include "media/receive/transport_cc_recorder.h"
#include "media/rtcp/reports.h"
#include "media/rtp/extension_map.h"
#include "signaling/load/stream_check.h"

namespace signaling::load {

// How a watcher behaves.
struct Manners {
  // Share (0..1) of arriving packets that are thrown away as if the line had lost them.
  double loss = 0;
  // Missing pictures' packets are asked for (RFC 4585) and come as RTX (RFC 4588).
  bool nack = false;
  bool transport_cc = false;
  // One packet in so many is decrypted; the headers of all are read. At least 1.
  unsigned open_every = 1;
};

// What was thrown away and came back, summed over streams.
struct RepairCounts {
  uint64_t thrown_away = 0;  // by `Manners::loss`, retransmissions included
  uint64_t asked = 0;        // sequence numbers in NACKs, repetitions included
  uint64_t rtx = 0;          // retransmissions that arrived and were kept
  uint64_t repaired = 0;     // of those, the ones that filled a hole
  RepairCounts& operator+=(const RepairCounts& other);
  RepairCounts operator-(const RepairCounts& other) const;
};

// Takes compound RTCP packets; each is called with one.
class RtcpSink {
 public:
  virtual ~RtcpSink() = default;
  virtual void send_rtcp(media::ByteSpan compound) = 0;
};

class Reception {
 public:
  // A stream that the server announced; `rtx` when it retransmits.
  struct Announced {
    media::Ssrc media;
    std::optional<media::Ssrc> rtx;
  };

  // `rng` outlives this.
  Reception(const Manners& manners, std::vector<Announced> announced,
            const media::rtp::ExtensionMap& extensions, media::Rng& rng);

  // A protected packet as it came from the line. True when it should be opened, and then given to
  // on_plain().
  bool on_arrival(media::Instant now, media::ByteSpan packet);
  // The opened packet; gives the time of sending that it carries, if it carries one.
  std::optional<media::Instant> on_plain(media::Instant now, media::ByteSpan packet);
  void on_rtcp(media::Instant now, media::ByteSpan compound);
  // Sends what is due: receiver reports each second, NACKs, transport-wide feedback. `rtt` spaces
  // repeated NACKs.
  void poll(media::Instant now, media::Duration rtt, RtcpSink& sink);

  // How often poll() should be called: as often as the promptest feedback needs it.
  [[nodiscard]] media::Duration tick() const;
  [[nodiscard]] bool has_media() const { return has_media_; }
  // As the line delivered it, before anything was thrown away or repaired; retransmission streams
  // are not part of it.
  [[nodiscard]] StreamCheck::Counts line() const;
  [[nodiscard]] const RepairCounts& repair() const { return repair_; }
  // Packets of announced pictures that were thrown away and have not come back yet.
  [[nodiscard]] uint64_t holes() const;

 private:
  struct Stream {
    uint32_t ssrc = 0;
    std::optional<uint32_t> rtx;
    StreamCheck line;
    media::receive::NackGenerator nacks;
    media::SeqUnwrapper sequences;
    std::vector<int64_t> holes;  // thrown away, not back; the newest kMaxHoles
    // For receiver reports (RFC 3550 section 6.4.1).
    uint64_t kept = 0;
    uint64_t reported_expected = 0;
    uint64_t reported_kept = 0;
    std::optional<int64_t> first;
    uint32_t last_sr = 0;
    media::Instant last_sr_at;
  };
  static constexpr size_t kMaxHoles = 1024;

  Stream& stream_of(uint32_t ssrc);
  Stream* repaired_by(uint32_t rtx_ssrc);
  void note_media(media::Instant now, Stream& stream, uint16_t number, bool lost);
  void on_rtx(media::Instant now, Stream& stream, media::ByteSpan payload);
  void report(media::Instant now, RtcpSink& sink);
  media::rtcp::ReportBlock block_of(media::Instant now, Stream& stream) const;
  void ask(media::Instant now, media::Duration rtt, RtcpSink& sink);
  void send_transport_feedback(media::Instant now, RtcpSink& sink);

  Manners manners_;
  media::rtp::ExtensionMap extensions_;
  media::Rng& rng_;
  std::vector<Stream> streams_;
  media::receive::TransportCcRecorder arrivals_;
  RepairCounts repair_;
  bool has_media_ = false;
  unsigned since_opened_ = 0;
  media::Instant next_report_;
};

}  // namespace signaling::load

// What one received RTP stream (one SSRC) looks like from here: unwrapped numbers, duplicates,
// jitter and loss. Owner: sfu::IngressLayer, or a client's receiver. Thread: the owner's. RFC 3550
// appendices A.1, A.3, A.8.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "media/base/ids.h"
#include "media/base/seq.h"
#include "media/base/time.h"
#include "media/rtcp/reports.h"

namespace media::receive {

class ReceiveStream {
 public:
  ReceiveStream(Ssrc ssrc, uint32_t clock_rate) : ssrc_(ssrc), clock_rate_(clock_rate) {}

  enum class Verdict : uint8_t { Newest, Late, Duplicate, TooOld };
  struct Arrival {
    Verdict verdict = Verdict::Newest;
    int64_t sequence = 0;    // unwrapped
    int64_t timestamp = 0;   // unwrapped
    bool restarted = false;  // the source jumped in its numbering; `sequence` still grows
  };
  // Newest: beyond all before. Late: fills a gap. Duplicates and packets older than the window
  // change nothing. `repaired` marks a retransmission: it fills its gap but says nothing about
  // jitter.
  Arrival on_packet(Instant now, uint16_t sequence, uint32_t timestamp, size_t payload_size,
                    bool repaired);
  // A sender report came: `ntp` goes back in our reports (RFC 3550 LSR, DLSR).
  void on_sender_report(Instant now, uint64_t ntp);
  // The unwrapped form of a timestamp near the newest one.
  [[nodiscard]] int64_t unwrap_timestamp(uint32_t timestamp) const {
    return timestamps_.peek(timestamp);
  }

  // The block for a receiver report sent at `now`; starts the next interval. Nothing before the
  // first packet.
  std::optional<rtcp::ReportBlock> take_report(Instant now);

  [[nodiscard]] Ssrc ssrc() const { return ssrc_; }
  [[nodiscard]] uint32_t clock_rate() const { return clock_rate_; }
  [[nodiscard]] uint64_t packets() const { return packets_; }
  [[nodiscard]] bool has_packets() const { return started_; }
  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  // Packets that were sent as far as the numbering tells, and distinct ones that came without being
  // asked for again.
  [[nodiscard]] int64_t expected() const { return started_ ? highest_ - first_ + 1 : 0; }
  [[nodiscard]] uint64_t unrepaired() const { return unrepaired_; }
  [[nodiscard]] uint64_t repaired() const { return repaired_; }
  [[nodiscard]] Instant last_arrival() const { return last_arrival_; }

 private:
  // Over 5 s of a 2 Mbit/s picture; a jump of more means that the source started again.
  static constexpr int64_t kWindow = 1024;
  void restart(uint16_t sequence, uint32_t timestamp);
  void update_jitter(Instant now, int64_t timestamp);

  Ssrc ssrc_;
  uint32_t clock_rate_;
  SeqUnwrapper sequences_;
  TimestampUnwrapper timestamps_;
  std::bitset<static_cast<size_t>(kWindow)> seen_;
  bool started_ = false;
  int64_t sequence_base_ = 0;  // added to what the unwrapper says; grows when the source restarts
  int64_t first_ = 0;
  int64_t highest_ = 0;
  std::optional<uint16_t> suspect_next_;  // the sequence that would confirm a restart of the source
  uint64_t packets_ = 0;
  uint64_t unrepaired_ = 0;  // distinct packets that came without our asking
  uint64_t repaired_ = 0;
  uint64_t bytes_ = 0;
  Instant last_arrival_;
  int64_t last_transit_ = 0;
  bool has_transit_ = false;
  int64_t jitter_q4_ = 0;  // jitter * 16
  int64_t reported_expected_ = 0;
  int64_t reported_received_ = 0;
  uint64_t last_sr_ntp_ = 0;
  Instant last_sr_at_;
};

}  // namespace media::receive

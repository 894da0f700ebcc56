// One sent RTP stream: counters, sender reports, and what the receiver says about it (RFC 3550
// sections 6.4.1, A.3).
//
// A sender report states which session instant a timestamp means. The relation comes from the
// original sender's own reports and never from arrival times; before the first of those there is
// none to send. Owner: sfu::EgressSlot, or a client's sender. Thread: the owner's.
#pragma once

#include <cstdint>
#include <optional>

#include "media/base/ids.h"
#include "media/base/time.h"
#include "media/rtcp/reports.h"

namespace media::send {

// NTP form of a session instant. The session clock is not a wall clock: it is placed at the Unix
// epoch (1970 = NTP second 2208988800), so that every stream of a room shares one time line.
inline constexpr int64_t kSessionEpochNtpMicros = 2'208'988'800LL * 1'000'000;
constexpr rtcp::NtpTime session_ntp(Duration session_time) {
  return rtcp::NtpTime::from_micros(kSessionEpochNtpMicros + session_time.as_micros());
}

class SendStream {
 public:
  static constexpr Duration kReportInterval = Duration::seconds(1);

  explicit SendStream(Ssrc ssrc) : ssrc_(ssrc) {}

  void on_sent(size_t payload_size) {
    ++packets_;
    octets_ += payload_size;
  }
  // True when a report should go out now if the sender's clock is known.
  [[nodiscard]] bool report_due(Instant now) const { return packets_ != 0 && now >= next_report_; }
  // After a switch of source the receiver needs the new relation at once.
  void hasten_report() { next_report_ = Instant(); }
  // `rtp_timestamp` is what this stream shows at session time `session_now`.
  rtcp::SenderInfo make_report(Instant now, Duration session_now, uint32_t rtp_timestamp);

  // A report block about this stream. `session_now` is the session clock at its arrival.
  void on_report_block(Duration session_now, const rtcp::ReportBlock& block);

  [[nodiscard]] Ssrc ssrc() const { return ssrc_; }
  [[nodiscard]] uint64_t packets() const { return packets_; }
  [[nodiscard]] uint64_t octets() const { return octets_; }
  // From the last report block; nothing before one came.
  [[nodiscard]] std::optional<Duration> rtt() const { return rtt_; }
  [[nodiscard]] double loss() const { return loss_; }

 private:
  Ssrc ssrc_;
  uint64_t packets_ = 0;
  uint64_t octets_ = 0;
  Instant next_report_;
  std::optional<Duration> rtt_;
  double loss_ = 0;
};

}  // namespace media::send

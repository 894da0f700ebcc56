#include "media/send/send_stream.h"

namespace media::send {

namespace {
// More than a minute is a forged or broken report.
constexpr Duration kMaxRtt = Duration::seconds(60);
}  // namespace

rtcp::SenderInfo SendStream::make_report(Instant now, Duration session_now,
                                         uint32_t rtp_timestamp) {
  next_report_ = now + kReportInterval;
  return rtcp::SenderInfo{.ssrc = ssrc_,
                          .ntp = session_ntp(session_now),
                          .rtp_timestamp = rtp_timestamp,
                          .packet_count = static_cast<uint32_t>(packets_),
                          .octet_count = static_cast<uint32_t>(octets_)};
}

void SendStream::on_report_block(Duration session_now, const rtcp::ReportBlock& block) {
  if (block.ssrc != ssrc_) return;
  loss_ = static_cast<double>(block.fraction_lost) / 256.0;
  if (block.last_sr == 0) return;
  const uint32_t compact =
      session_ntp(session_now).middle32() - block.last_sr - block.delay_since_last_sr;
  // Rounding of the three terms may make a loopback trip slightly negative.
  const Duration rtt = static_cast<int32_t>(compact) < 0 ? Duration() : rtcp::from_compact(compact);
  if (rtt <= kMaxRtt) rtt_ = rtt;
}

}  // namespace media::send

// Answers "when was this captured, on the session clock" for one publishing peer.
//
// The sender's reports say which of its own NTP instants an RTP timestamp means (RFC 3550
// section 6.4.1); all streams of a peer share that NTP clock. Where its zero lies on the session
// clock is found by a minimum filter over (arrival - NTP): the report that waited least in queues
// tells it best. Congestion therefore moves nothing, and voice and picture of one peer keep their
// exact relation. Corrections are slewed, so that capture times never run backwards. Without
// reports arrival time stands in, and the answer says so. Owner: one publishing peer (sfu) or the
// recorder. Thread: the owner's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/base/ids.h"
#include "media/base/time.h"
#include "media/rtcp/reports.h"

namespace media::receive {

struct CaptureTime {
  Duration session_time;
  bool from_sender_report = false;
};

class SenderClock {
 public:
  // A sender report for `ssrc` arrived at session time `arrival`. `rtp` is the unwrapped timestamp
  // of that stream. Reports whose NTP time is zero (unknown, RFC 3550) or that contradict the
  // stream's own course are ignored.
  void on_sender_report(Duration arrival, Ssrc ssrc, rtcp::NtpTime ntp, int64_t rtp,
                        uint32_t clock_rate);

  // A packet of `ssrc` said itself when it was captured (abs-capture-time), on the clock of the
  // sender's reports. Stands in for a report until one comes.
  void on_capture_time(Duration arrival, Ssrc ssrc, rtcp::NtpTime ntp, int64_t rtp,
                       uint32_t clock_rate);
  // The session time of an instant of the sender's clock; nothing before that clock is known.
  [[nodiscard]] std::optional<Duration> session_time_of(Duration now, rtcp::NtpTime ntp) const;

  // Capture instant of the unwrapped timestamp `rtp` of `ssrc`, asked at session time `now`, which
  // is also the answer while no report has come: then and only then from_sender_report is false.
  [[nodiscard]] CaptureTime capture_time(Duration now, Ssrc ssrc, int64_t rtp) const;

  // The timestamp that stream has at session time `at`; nothing without a report.
  [[nodiscard]] std::optional<int64_t> rtp_at(Duration now, Ssrc ssrc, Duration at) const;

  [[nodiscard]] bool has_report(Ssrc ssrc) const { return find(ssrc) != nullptr; }
  void remove(Ssrc ssrc);

 private:
  struct Stream {
    Ssrc ssrc;
    uint32_t clock_rate = 90000;
    int64_t ntp_us = 0;
    int64_t rtp = 0;
    bool contradicted = false;  // the last report did not fit this one
  };
  // Minimum of (arrival - ntp) within one span of time.
  struct Bucket {
    int64_t index = INT64_MIN;
    int64_t min_offset_us = INT64_MAX;
  };

  [[nodiscard]] const Stream* find(Ssrc ssrc) const;
  [[nodiscard]] bool is_plausible(const Stream& old, const Stream& fresh) const;
  void restart(Duration arrival, int64_t offset_us);
  void learn(Duration arrival, int64_t offset_us);
  [[nodiscard]] int64_t target_offset() const;
  [[nodiscard]] int64_t offset_at(Duration now) const;

  // Two minutes of memory: long enough that a lesson-long burst of queueing still finds an
  // undelayed report, short enough to follow 100 ppm of drift (12 ms).
  static constexpr size_t kBuckets = 12;
  static constexpr Duration kBucketSpan = Duration::seconds(10);
  // Slew towards the target: 20 ms per second, so that no two packets 1 ms apart change order.
  static constexpr int64_t kSlewPpm = 20'000;
  // A report this far from the filter means that the sender's clock was set: start afresh.
  static constexpr int64_t kClockStepUs = 5'000'000;

  std::vector<Stream> streams_;
  std::array<Bucket, kBuckets> buckets_{};
  bool started_ = false;
  Duration slew_from_;  // session time at which base_offset_us_ held
  int64_t base_offset_us_ = 0;
  int64_t target_offset_us_ = 0;
};

}  // namespace media::receive

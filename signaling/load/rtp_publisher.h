// A cheap publisher for capacity runs: packets of the size and rhythm of Opus and VP8, without
// codecs, each stamped with its time of sending. Thread: its own.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "media/base/result.h"

namespace signaling::load {

class RtpPublisher {
 public:
  // The mix of the capacity measurements: 50 packets/s of 80 bytes, 30 pictures/s of 6 packets of
  // 1050 bytes.
  static constexpr unsigned kPacketsPerSecond = 50 + 30 * 6;

  struct Params {
    std::string url;  // WHIP
    std::string token;
    bool insecure = false;
  };
  // Opens the session and waits until media flows (at most 10 s).
  static media::Outcome<std::unique_ptr<RtpPublisher>> start(const Params& params);
  // Ends the session.
  ~RtpPublisher();
  RtpPublisher(const RtpPublisher&) = delete;
  RtpPublisher& operator=(const RtpPublisher&) = delete;

  [[nodiscard]] bool is_lost() const;

 private:
  struct Parts;
  explicit RtpPublisher(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace signaling::load

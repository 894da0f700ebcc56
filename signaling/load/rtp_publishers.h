// Cheap publishers for capacity runs: packets of the size and rhythm of Opus and VP8, without
// codecs, each stamped with its time of sending. All on one thread of their own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "media/base/result.h"
#include "media/base/time.h"

namespace signaling::load {

// What one publisher sends: by default 50 packets/s of 80 bytes, 30 pictures/s of 6 packets of 1050
// bytes, which is 1.5 Mbit/s.
struct PacketMix {
  unsigned fps = 30;
  unsigned packets_per_picture = 6;
  unsigned packet_bytes = 1050;  // payload; 64 to 1100
  // A picture's packets leave over this time, as a browser's pacer sends them; zero: at once.
  media::Duration pace;
  static constexpr unsigned kSoundPackets = 50;
  [[nodiscard]] unsigned packets_per_second() const {
    return kSoundPackets + fps * packets_per_picture;
  }
};

class RtpPublishers {
 public:
  struct Where {
    std::string url;  // WHIP
    std::string token;
  };
  struct Params {
    std::vector<Where> rooms;  // one publisher each
    bool insecure = false;
    PacketMix mix;
  };
  // Opens the sessions one after the other and waits until all are connected (at most 10 s).
  // Errors: the first that could not be opened, in a sentence.
  static media::Outcome<std::unique_ptr<RtpPublishers>> start(const Params& params);
  // Ends the sessions.
  ~RtpPublishers();
  RtpPublishers(const RtpPublishers&) = delete;
  RtpPublishers& operator=(const RtpPublishers&) = delete;

  [[nodiscard]] unsigned lost() const;
  // Pictures left out because the publisher's thread came too late: the load's own fault.
  [[nodiscard]] uint64_t skipped_pictures() const;

 private:
  struct Parts;
  explicit RtpPublishers(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace signaling::load

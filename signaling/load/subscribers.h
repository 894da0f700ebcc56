// Many WHEP watchers on one or two threads: joins them a few at a time, decrypts and judges
// everything they receive.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "media/base/result.h"
#include "media/base/time.h"
#include "signaling/load/stream_check.h"

namespace signaling::load {

class Subscribers {
 public:
  struct Params {
    std::string url;  // WHEP
    std::string token;
    bool insecure = false;
    unsigned count = 1;
    unsigned threads = 1;        // that receive
    unsigned joins_at_once = 4;  // POSTs under way together
  };
  // Since the previous reading.
  struct Reading {
    media::Duration span;
    StreamCheck::Counts counts;
    std::vector<uint32_t> delays_us;  // from sending to here, one per stamped packet
  };

  explicit Subscribers(Params params);
  // Leaves: every session is deleted.
  ~Subscribers();
  Subscribers(const Subscribers&) = delete;
  Subscribers& operator=(const Subscribers&) = delete;

  // Starts joining; returns when every subscriber has media or has failed, or after `limit`.
  void join_all(media::Duration limit);
  [[nodiscard]] unsigned joined() const;
  [[nodiscard]] unsigned lost() const;
  // From the POST to the first media packet, for those that joined.
  [[nodiscard]] std::vector<uint32_t> join_times_us() const;
  // The first failure, in a sentence; empty when all went well.
  [[nodiscard]] std::string first_failure() const;
  Reading read();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace signaling::load

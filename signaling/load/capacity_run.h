// The capacity measurement: one cheap publisher, N watchers, a few windows; every figure is the
// median of its windows.
#pragma once

#include <atomic>
#include <string>

#include "media/base/result.h"
#include "media/base/time.h"

namespace signaling::load {

struct CapacityParams {
  std::string whip_url;  // empty: somebody else publishes
  std::string whep_url;
  std::string token;        // publishes
  std::string watch_token;  // watches
  bool insecure = false;
  unsigned subscribers = 0;
  unsigned threads = 1;
  unsigned windows = 3;
  media::Duration window = media::Duration::seconds(5);
  media::Duration warm_up = media::Duration::seconds(2);
  int server_pid = 0;  // 0: no figures of the server
};

struct CapacityResult {
  unsigned subscribers = 0;
  unsigned joined = 0;
  unsigned lost = 0;  // failed to join, or fell off
  double join_p50_ms = 0;
  double join_p99_ms = 0;
  double delay_p50_ms = 0;
  double delay_p99_ms = 0;
  double delivered_pps = 0;
  double offered_pps = 0;  // 0 when the publisher is not ours
  uint64_t missing = 0;    // sums over all windows
  uint64_t duplicates = 0;
  uint64_t reordered = 0;
  double cpu_us_per_packet = 0;  // of the server; 0 without its pid
  double cpu_percent = 0;        // of one core
  double rss_kb_per_subscriber = 0;
  std::string first_failure;
};

media::Outcome<CapacityResult> run_capacity(const CapacityParams& params,
                                            const std::atomic<bool>& stop);

std::string as_table(const CapacityResult& result);
std::string as_json(const CapacityResult& result);  // one line

}  // namespace signaling::load

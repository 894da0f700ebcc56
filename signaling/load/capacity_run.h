// The capacity measurement: publishers, watchers, a few windows; every figure is the median of its
// windows. Optionally a storm at the end: many watchers leave together and come back.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "media/base/result.h"
#include "media/base/time.h"
#include "signaling/load/reception.h"
#include "signaling/load/rooms.h"
#include "signaling/load/rtp_publishers.h"

namespace signaling::load {

struct CapacityParams {
  std::vector<Room> rooms;
  bool publish = false;  // one RtpPublishers publisher per room; otherwise somebody else publishes
  PacketMix mix;
  bool insecure = false;
  unsigned subscribers = 0;  // per room
  unsigned threads = 1;
  double join_rate = 0;  // joins per second; 0: four at a time
  bool paused = false;
  bool fresh_tls = false;
  Manners manners;
  unsigned windows = 3;
  media::Duration window = media::Duration::seconds(5);
  media::Duration warm_up = media::Duration::seconds(2);
  int server_pid = 0;  // 0: no figures of the server
  // Watchers that join for the storm, leave together and come back within `storm_within`.
  unsigned storm = 0;
  media::Duration storm_within = media::Duration::seconds(5);
};

struct StormResult {
  unsigned watchers = 0;
  unsigned back = 0;
  double all_back_s = 0;  // from hanging up to the last one's media; 0 when not all came back
  double rejoin_p50_ms = 0;
  double rejoin_p99_ms = 0;
  // Of those who stayed, in a quiet window of the same length and during the storm.
  double others_p99_before_ms = 0;
  double others_p99_during_ms = 0;
  uint64_t others_missing = 0;
};

struct CapacityResult {
  unsigned rooms = 0;
  unsigned subscribers = 0;  // in all rooms
  unsigned joined = 0;
  unsigned lost = 0;  // failed to join, or fell off
  double join_p50_ms = 0;
  double join_p99_ms = 0;
  double delay_p50_ms = 0;
  double delay_p99_ms = 0;
  double delay_max_ms = 0;
  double delivered_pps = 0;
  double offered_pps = 0;  // 0 when the publisher is not ours
  uint64_t missing = 0;    // sums over all windows, as the line delivered them
  uint64_t duplicates = 0;
  uint64_t reordered = 0;
  RepairCounts repair;
  double cpu_us_per_packet = 0;  // of the server; 0 without its pid
  double cpu_percent = 0;        // of one core
  double cpu_ms_per_join = 0;    // without what forwarding cost meanwhile
  double rss_kb_per_subscriber = 0;
  uint64_t skipped_pictures = 0;  // by the load, which was too slow
  double load_cpu_percent = 0;    // of one core, this process
  StormResult storm;              // watchers == 0: there was none
  std::string first_failure;
};

// What a run looks like while it goes on.
struct Progress {
  std::string phase;  // "joining", "measuring 2/3", …
  unsigned joined = 0;
  unsigned wanted = 0;
  unsigned lost = 0;
};

// `on_progress` is called about five times a second, on the calling thread. Errors: no publisher
// could be opened, or there is no process `server_pid`.
media::Outcome<CapacityResult> run_capacity(
    const CapacityParams& params, const std::atomic<bool>& stop,
    const std::function<void(const Progress&)>& on_progress = {});

std::string as_table(const CapacityResult& result);
std::string as_json(const CapacityResult& result);  // one line

}  // namespace signaling::load

// The server's numbers as Prometheus text (exposition format 0.0.4).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "media/api/types.h"
#include "signaling/app/hls_house.h"
#include "signaling/app/live_lessons.h"
#include "signaling/app/source_house.h"
#include "signaling/web/server.h"
#include "storage/sql/storage_thread.h"

namespace signaling::app {

struct ProcessUsage {
  double cpu_seconds = 0;  // user and system, all threads
  uint64_t resident_bytes = 0;
  uint64_t open_descriptors = 0;
  uint64_t max_descriptors = 0;
  double start_time_s = 0;  // Unix time
};
// Of this process, from /proc/self.
ProcessUsage read_process_usage();

struct MetricsInput {
  std::vector<media::api::WorkerStats> workers;
  LiveStats live;
  web::ServerStats web;
  storage::sql::StorageStats storage;
  ProcessUsage process;
  std::map<std::string, uint64_t, std::less<>> refusals;  // Api::refusals
  HlsStats streams;
  SourceStats sources;
};

std::string metrics_text(const MetricsInput& input);

}  // namespace signaling::app

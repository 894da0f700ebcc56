// Logging rubric: error = gave up; warn = recovered anomaly; info = one line per lifecycle change;
// debug = the rest. Never per packet, never a token, an SDP, an ICE password or chat text.
#pragma once

#include <spdlog/spdlog.h>

#include <memory>
#include <string>

namespace media {

// A named logger (ice, dtls, sfu, engine, worker, pipe, ws, http, storage, app) sharing one
// asynchronous stderr sink that drops the oldest line when it is full, so that a slow terminal
// never stalls a worker.
std::shared_ptr<spdlog::logger> logger(const std::string& name);

// Levels: trace debug info warn error off. Unknown text leaves the level and returns false.
bool set_log_level(const std::string& level);

}  // namespace media

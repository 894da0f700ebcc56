// One WHEP session turned into the files of an HLS stream. Blocking; owner: `tongke hls`.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>

#include "media/base/result.h"

namespace signaling::broadcast {

struct Job {
  std::string url;  // of the lesson's WHEP endpoint, on this machine
  std::string token;
  std::filesystem::path directory;  // exists, and nobody else writes there
};

struct StudioError {
  std::string message;
  bool refused = false;  // trying again will not help: the lesson is over, or not for watching
};

// Runs until `stop` or an error. `say` is given each announcement, in order.
tl::expected<void, StudioError> run_studio(const Job& job, const std::atomic<bool>& stop,
                                           const std::function<void(const std::string&)>& say);

}  // namespace signaling::broadcast

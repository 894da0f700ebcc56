// One source from its first byte to its end: reads it, and once it shows something, publishes it
// over WHIP. Runs in the child process; blocks.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "media/ingest/source_reader.h"
#include "signaling/ingest/job.h"

namespace signaling::ingest {

// How it ended. `reason` is a fault_name(), "not-allowed" (the address), "refused" (our server) or
// "role-taken" (another source shows the same already);
// empty when it was stopped.
struct Ending {
  std::string reason;
  std::string detail;  // a sentence for the log; without credentials
};

// Called some two hundred times a second, for sources that we feed ourselves; false when no more
// will come.
using Feeder = std::function<bool(media::ingest::SourceReader&)>;

Ending run_source(const Target& target, const media::ingest::SourceParams& params,
                  const Feeder& feeder, const std::atomic<bool>& stop);

// ---- what is told on stdout, one object a line ----
void tell_state(const std::string& state);
void tell_ending(const Ending& ending);

}  // namespace signaling::ingest

// `tongke ingest`: the child process that reads foreign media. Started by the server, which writes
// the job to its stdin; see job.h.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace signaling::ingest {

// Registers the subcommand. When it was chosen, `run` does the work after parsing and returns the
// exit code.
void add_command(CLI::App& app, std::function<int()>& run);

}  // namespace signaling::ingest

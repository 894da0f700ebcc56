// `tongke load`: a load generator that speaks WHIP (RFC 9725) and WHEP to a running server, for
// capacity planning, and the synthetic teacher of the demo lesson.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace signaling::load {

// Registers the subcommand. When it was chosen, `run` does the work after parsing and returns the
// exit code.
void add_command(CLI::App& app, std::function<int()>& run);

}  // namespace signaling::load

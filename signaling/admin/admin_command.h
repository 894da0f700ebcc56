// `tongke admin`: accounts, tokens, lists, checks. Through the running server's socket when there
// is one, otherwise on the database itself.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace signaling::admin {

// Adds the "admin" command with its subcommands to `app`. After parsing, `run` is set when one was
// given; it does the work and returns the process's exit code (0 done, 1 failed with a sentence on
// stderr).
void add_command(CLI::App& app, std::function<int()>& run);

}  // namespace signaling::admin

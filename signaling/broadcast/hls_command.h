// `tongke hls`: the child process that makes one lesson's HLS stream. It watches the lesson over
// WHEP as any player does, so that permissions, layers and key frames need no second path, and
// writes parts into a folder of the server's; what it made it says on stdout (signaling/hls's
// announcement.h). Not meant to be started by hand.
//
// The job comes on stdin as one JSON object: {"url","token","directory"}. Ends with 0 when told to
// stop, 3 when the server refuses the session, 1 when the connection or an encoder is lost: whoever
// started it starts it again.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace signaling::broadcast {

inline constexpr int kExitRefused = 3;

// Adds the "hls" command; after parsing, `run` is set when it was given.
void add_command(CLI::App& app, std::function<int()>& run);

}  // namespace signaling::broadcast

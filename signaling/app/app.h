// `tongke serve`: makes the parts, joins them and takes them down again in order.
#pragma once

#include <functional>
#include <memory>

#include "media/base/result.h"
#include "signaling/config/config.h"

namespace CLI {
class App;
}

namespace signaling::app {

class App {
 public:
  // Opens the database, starts the media workers and listens. Blocks for as long as that takes;
  // nobody is served yet.
  static media::Outcome<std::unique_ptr<App>> start(const config::Config& config);
  virtual ~App() = default;

  // Serves on this thread until stop(). `on_ready` is called on it once clients may come, with the
  // line that `tongke serve` prints: {"ready":true,"https":"https://A:P","lesson":"…"}. Returns the
  // exit code.
  virtual int run(const std::function<void(const std::string& ready_line)>& on_ready) = 0;
  // Finishes recordings, tells every client, then lets run() return; within kStopTime whatever
  // hangs. Any thread.
  virtual void stop() = 0;
};

// Adds the "serve" command. After parsing, `run` is set when it was given; it serves and returns
// the exit code.
void add_command(CLI::App& app, std::function<int()>& run);

}  // namespace signaling::app

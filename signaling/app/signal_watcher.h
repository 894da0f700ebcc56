// SIGINT and SIGTERM as calls: the first asks to stop, the second ends the process at once.
#pragma once

#include <functional>
#include <thread>

namespace signaling::app {

class SignalWatcher {
 public:
  // Blocks both signals in the calling thread, and so in all that it starts: make it before any
  // other thread. `on_first` is called on the watcher's thread.
  explicit SignalWatcher(std::function<void()> on_first);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  void watch();

  std::function<void()> on_first_;
  int signals_ = -1;
  int end_ = -1;
  std::thread thread_;
};

}  // namespace signaling::app

// The only place where tests let time pass: asking again until something holds, and keeping a
// sender's pace.
#pragma once

#include <chrono>
#include <thread>

namespace tests {

// True once `done()` is; false when it is not within `limit`.
template <class Done>
bool wait_until(Done&& done, std::chrono::seconds limit = std::chrono::seconds(30)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

// A sender of real media sends in real time. A tick that comes late does not delay those after it.
class RealTimePace {
 public:
  void wait_for_tick(std::chrono::microseconds since_start) const {
    std::this_thread::sleep_until(start_ + since_start);
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace tests

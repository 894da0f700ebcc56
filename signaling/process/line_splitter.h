// Lines out of what a pipe delivers. Pure. Private to signaling/process.
#pragma once

#include <string>
#include <string_view>

namespace signaling::process {

class LineSplitter {
 public:
  explicit LineSplitter(size_t longest) : longest_(longest) {}

  // Calls `emit(std::string)` for each line that is complete. A line is cut at `longest`; its rest
  // is left out. Empty lines are no lines.
  template <class Emit>
  void feed(std::string_view bytes, Emit&& emit) {
    for (const char c : bytes) {
      if (c == '\n') {
        finish(emit);
      } else if (line_.size() < longest_) {
        line_.push_back(c);
      }
    }
  }
  // What stands without an end.
  template <class Emit>
  void finish(Emit&& emit) {
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    if (!line_.empty()) emit(std::move(line_));
    line_.clear();
  }

 private:
  size_t longest_;
  std::string line_;
};

}  // namespace signaling::process

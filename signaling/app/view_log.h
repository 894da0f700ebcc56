// Which openings of a recording are new views: a player asks for one file in many ranges, and
// seeks. Pure.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>

#include "media/base/time.h"

namespace signaling::app {

inline constexpr media::Duration kViewLasts =
    media::Duration::seconds(600);  // since the last request of it
inline constexpr size_t kMaxViews =
    4096;  // the oldest is forgotten, and counted again if it goes on

class ViewLog {
 public:
  // True when `actor` has not touched `object` for kViewLasts: this request begins a view.
  bool begins_view(const std::string& actor, const std::string& object, media::Instant now);

 private:
  struct View {
    std::string key;
    media::Instant last;
  };
  std::list<View> views_;  // by last request, oldest first
  std::unordered_map<std::string, std::list<View>::iterator> by_key_;
};

}  // namespace signaling::app

#include "signaling/app/view_log.h"

#include <utility>

namespace signaling::app {

bool ViewLog::begins_view(const std::string& actor, const std::string& object, media::Instant now) {
  const std::string key = actor + '\n' + object;
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    const bool begins = now - found->second->last > kViewLasts;
    found->second->last = now;
    views_.splice(views_.end(), views_, found->second);
    return begins;
  }
  if (views_.size() >= kMaxViews) {
    by_key_.erase(views_.front().key);
    views_.pop_front();
  }
  views_.push_back({key, now});
  by_key_[key] = std::prev(views_.end());
  return true;
}

}  // namespace signaling::app

#include "media/receive/keyframe_requester.h"

#include <algorithm>

namespace media::receive {

namespace {
// A publisher that ignores this many requests is paused or gone; go on at the slow pace.
constexpr int kQuickRetries = 3;
}  // namespace

bool KeyFrameRequester::poll(Instant now, Duration rtt) {
  if (!wished_) return false;
  if (asked_before_) {
    const Duration retry = std::max(kMinRetry, rtt * 2);
    const bool quick = !answered_ && unanswered_ <= kQuickRetries;
    if (now - last_ask_ < (quick ? retry : std::max(interval_, retry))) return false;
  }
  asked_before_ = true;
  unanswered_ = answered_ ? 1 : unanswered_ + 1;
  answered_ = false;
  last_ask_ = now;
  return true;
}

void KeyFrameRequester::on_key_frame(Instant now) {
  // The interval runs from the answer: requests that were on their way when it came must not buy a
  // second one.
  if (!answered_) last_ask_ = std::max(last_ask_, now);
  answered_ = true;
  unanswered_ = 0;
  wished_ = false;
}

}  // namespace media::receive

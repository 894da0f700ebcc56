// `--publish-demo`: the synthetic master teacher as a WHIP publisher; comes back by itself when the
// server restarts.
#pragma once

#include <atomic>
#include <string>

#include "media/base/result.h"
#include "media/base/time.h"

namespace signaling::load {

struct DemoParams {
  std::string url;  // WHIP
  std::string token;
  bool insecure = false;
  unsigned fps = 30;
  bool grain = false;  // pictures that need the encoders' whole rate, 2.1 Mbit/s in all
  // Stop after this long; zero: until `stop`.
  media::Duration for_time;
};

// Publishes until `stop` or the time is up. Errors: the first session cannot be opened for a reason
// that waiting does not cure (401, 403, 404, an untrusted certificate).
media::Outcome<void> publish_demo(const DemoParams& params, const std::atomic<bool>& stop);

}  // namespace signaling::load

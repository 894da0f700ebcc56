// Takes RTMP pushes, or RTMPS: rtmp://HOST:PORT/<lesson>/<token>, where the token is one that may
// publish over WHIP. Each connection is a process of its own, so that no sender's bytes can harm
// another's stream.
#pragma once

#include <atomic>

#include "media/base/result.h"
#include "signaling/ingest/job.h"

namespace signaling::ingest {

// Connections at a time; each may cost as much as a 720p encoder.
inline constexpr int kMaxPushes = 16;

// Tells {"state":"listening","port":N} on stdout, then runs until `stop`. Must be called before
// this process has a second thread. In the process of a connection it does not return.
media::Outcome<void> listen_rtmp(const ListenJob& job, const std::atomic<bool>& stop);

}  // namespace signaling::ingest

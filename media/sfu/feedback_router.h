// Who consumes which RTCP (media/README.md has the table). Nothing is passed from one peer to
// another: a receiver's reports and requests end here and can at most change what that receiver
// gets, or wish for a throttled key frame. Stateless. Thread: one worker.
#pragma once

#include "media/base/bytes.h"
#include "media/base/time.h"
#include "media/sfu/outbox.h"
#include "media/sfu/peer.h"

namespace media::sfu {

// One decrypted RTCP packet of `from`. Blocks about streams that `from` neither sends nor receives
// are counted and otherwise ignored.
void route_feedback(Instant now, Duration session_now, Peer& from, ByteSpan plain, Outbox& out);

}  // namespace media::sfu

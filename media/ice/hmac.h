// HMAC-SHA1 for STUN's MESSAGE-INTEGRITY, from OpenSSL.
#pragma once

#include "media/base/bytes.h"
#include "media/stun/message.h"

namespace media::ice {

stun::Sha1Digest hmac_sha1(ByteSpan key, ByteSpan message);

}  // namespace media::ice

#include "media/ice/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "media/base/check.h"

namespace media::ice {

stun::Sha1Digest hmac_sha1(ByteSpan key, ByteSpan message) {
  stun::Sha1Digest digest{};
  unsigned size = 0;
  CHECK(HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), message.data(), message.size(),
             digest.data(), &size) != nullptr);
  return digest;
}

}  // namespace media::ice

// The ciphers of one direction of one transport, derived from its master key: one for RTP, one for
// RTCP. Shared by sender and receiver, which add framing. Owner: SrtpSender, SrtpReceiver.
#pragma once

#include <array>
#include <optional>

#include "media/srtp/cipher.h"
#include "media/srtp/keying.h"
#include "media/srtp/profile.h"

namespace media::srtp {

struct StreamCipher {
  StreamCipher(Profile profile, const MasterKey& master, Stream stream, Backend backend) {
    const SessionKeys keys = derive(profile, master, stream);
    salt = keys.salt;
    const Backend chosen = resolve(backend, profile);
    if (is_aead(profile)) {
      gcm.emplace(ByteSpan(keys.cipher).first(key_size(profile)), chosen);
    } else {
      cm.emplace(keys, chosen);
    }
  }

  std::array<uint8_t, kMaxSalt> salt{};
  // One of the two, by profile.
  std::optional<GcmCipher> gcm;
  std::optional<CmCipher> cm;
};

struct SessionCiphers {
  SessionCiphers(Profile as, const MasterKey& master, Backend backend)
      : profile(as),
        rtp(as, master, Stream::Rtp, backend),
        rtcp(as, master, Stream::Rtcp, backend) {}

  Profile profile;
  StreamCipher rtp;
  StreamCipher rtcp;
};

}  // namespace media::srtp

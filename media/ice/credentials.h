// ICE usernames and passwords (RFC 8445 section 5.3).
#pragma once

#include "media/base/model.h"
#include "media/base/rng.h"

namespace media::ice {

// 6 bits per character of the ICE alphabet: 72 bits of ufrag so that no two sessions share one by
// chance, 144 bits of password (the RFC asks for 24 and 128).
inline constexpr size_t kUfragLength = 12;
inline constexpr size_t kPasswordLength = 24;

// `rng` must be fit for secrets (net::OsRng) outside of tests.
IceCredentials make_credentials(Rng& rng);

}  // namespace media::ice

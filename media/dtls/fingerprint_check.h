// What replaces the chain checks of a web PKI: the peer's certificate must have the fingerprint
// that signaling told us (RFC 8122, RFC 8827 section 5.1). Private to this folder.
#pragma once

#include "media/base/model.h"

struct x509_store_ctx_st;

namespace media::dtls {

// Set as the app data of each SSL before its handshake.
struct FingerprintCheck {
  Fingerprint expected{};
  bool matched = false;
};

// For SSL_CTX_set_cert_verify_callback: 1 when the certificate presented matches, compared in
// constant time.
int check_fingerprint(x509_store_ctx_st* store, void* argument);

}  // namespace media::dtls

#include "media/ice/credentials.h"

#include <string_view>

namespace media::ice {

namespace {

// RFC 8839 section 5.4: ice-char.
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string make_text(Rng& rng, size_t length) {
  std::string text(length, '\0');
  for (char& c : text) c = kAlphabet[static_cast<size_t>(rng.next() >> 58)];
  return text;
}

}  // namespace

IceCredentials make_credentials(Rng& rng) {
  IceCredentials credentials;
  credentials.ufrag = make_text(rng, kUfragLength);
  credentials.password = make_text(rng, kPasswordLength);
  return credentials;
}

}  // namespace media::ice

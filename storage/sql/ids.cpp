#include "storage/sql/ids.h"

#include <openssl/evp.h>
#include <sys/random.h>

#include <array>
#include <cstdint>

#include "media/base/check.h"

namespace storage::sql {

Id new_id() {
  std::array<uint8_t, kIdBytes> bytes{};
  // getrandom() of up to 256 bytes is neither cut short nor interrupted once the pool is ready
  // (random(7)).
  CHECK(getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  Id id;
  id.reserve(kIdLength);
  uint32_t buffer = 0;
  int bits = 0;
  for (const uint8_t byte : bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      id.push_back(kAlphabet[(buffer >> bits) & 63U]);
    }
  }
  if (bits > 0) id.push_back(kAlphabet[(buffer << (6 - bits)) & 63U]);
  return id;
}

std::string sha256_hex(std::string_view bytes) {
  std::array<uint8_t, 32> digest{};
  unsigned length = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) == 1);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (const uint8_t byte : digest) {
    text.push_back(kHex[byte >> 4]);
    text.push_back(kHex[byte & 15U]);
  }
  return text;
}

}  // namespace storage::sql

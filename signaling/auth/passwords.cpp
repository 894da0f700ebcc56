#include "signaling/auth/passwords.h"

#include <fmt/format.h>
#include <sodium.h>

#include <array>

#include "media/base/check.h"

namespace signaling::auth {

namespace {

void ready() {
  CHECK(sodium_init() >= 0);
}

// Verified against when there is no hash, so that the work is the same; made once per process.
const std::string& nobodys_hash() {
  static const std::string kHash = [] {
    std::array<char, crypto_pwhash_STRBYTES> text{};
    static constexpr char kAny[] = "no account";
    CHECK(crypto_pwhash_str(text.data(), kAny, sizeof(kAny) - 1, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                            crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0);
    return std::string(text.data());
  }();
  return kHash;
}

bool verifies(const std::string& hash, const std::string& password) {
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

// libsodium answers 0 or 1 for its own strings, -1 for anything else.
bool is_hash(const std::string& hash) {
  return hash.size() < crypto_pwhash_STRBYTES &&
         crypto_pwhash_str_needs_rehash(hash.c_str(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                        crypto_pwhash_MEMLIMIT_INTERACTIVE) >= 0;
}

}  // namespace

media::Outcome<std::string> hash_password(const std::string& password) {
  ready();
  if (password.size() < kMinPasswordBytes || password.size() > kMaxPasswordBytes) {
    return media::env_fail(
        fmt::format("a password has {} to {} bytes.", kMinPasswordBytes, kMaxPasswordBytes));
  }
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str(text.data(), password.data(), password.size(),
                        crypto_pwhash_OPSLIMIT_INTERACTIVE,
                        crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0) {
    return media::env_fail("there is no memory to hash a password; it takes 64 MiB.");
  }
  return std::string(text.data());
}

bool verify_password(const std::string& password, const std::string& hash) {
  ready();
  if (password.size() > kMaxPasswordBytes) return false;
  if (!is_hash(hash)) {
    (void)verifies(nobodys_hash(), password);
    return false;
  }
  return verifies(hash, password);
}

bool needs_rehash(const std::string& hash) {
  ready();
  return hash.size() >= crypto_pwhash_STRBYTES ||
         crypto_pwhash_str_needs_rehash(hash.c_str(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                        crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0;
}

}  // namespace signaling::auth

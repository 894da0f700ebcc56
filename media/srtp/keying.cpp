#include "media/srtp/keying.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "media/base/check.h"

namespace media::srtp {

namespace {

// RFC 3711 section 4.3.2 and RFC 7714 section 11.
enum class Label : uint8_t {
  RtpCipher = 0,
  RtpAuth = 1,
  RtpSalt = 2,
  RtcpCipher = 3,
  RtcpAuth = 4,
  RtcpSalt = 5
};

// RFC 3711 section 4.3.3: the key stream of AES-CM under the master key, starting at (label || 0)
// xor salt. A 96-bit salt stands in front of 16 zero bits (RFC 7714 section 11).
void derive_one(Profile profile, const MasterKey& master, Label label, MutableByteSpan out) {
  std::array<uint8_t, 16> iv{};
  std::copy_n(master.salt.begin(), salt_size(profile), iv.begin());
  iv[7] = static_cast<uint8_t>(iv[7] ^ static_cast<uint8_t>(label));
  std::fill(out.begin(), out.end(), uint8_t{0});
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  CHECK(context != nullptr);
  const EVP_CIPHER* cipher = key_size(profile) == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
  CHECK(EVP_EncryptInit_ex(context, cipher, nullptr, master.key.data(), iv.data()) == 1);
  int written = 0;
  CHECK(EVP_EncryptUpdate(context, out.data(), &written, out.data(),
                          static_cast<int>(out.size())) == 1);
  EVP_CIPHER_CTX_free(context);
}

}  // namespace

MasterKey::~MasterKey() {
  OPENSSL_cleanse(key.data(), key.size());
  OPENSSL_cleanse(salt.data(), salt.size());
}

SessionKeys::~SessionKeys() {
  OPENSSL_cleanse(cipher.data(), cipher.size());
  OPENSSL_cleanse(auth.data(), auth.size());
  OPENSSL_cleanse(salt.data(), salt.size());
}

SessionKeys derive(Profile profile, const MasterKey& master, Stream stream) {
  const bool rtp = stream == Stream::Rtp;
  SessionKeys keys;
  derive_one(profile, master, rtp ? Label::RtpCipher : Label::RtcpCipher,
             MutableByteSpan(keys.cipher).first(key_size(profile)));
  derive_one(profile, master, rtp ? Label::RtpSalt : Label::RtcpSalt,
             MutableByteSpan(keys.salt).first(salt_size(profile)));
  if (!is_aead(profile)) {
    derive_one(profile, master, rtp ? Label::RtpAuth : Label::RtcpAuth, keys.auth);
  }
  return keys;
}

Result<MasterKeys> split_exporter(Profile profile, ByteSpan block) {
  if (block.size() != exporter_size(profile)) {
    return fail(Errc::Truncated, "DTLS exporter block of the wrong size");
  }
  const size_t key = key_size(profile);
  const size_t salt = salt_size(profile);
  MasterKeys keys;
  ByteReader reader(block);
  std::ranges::copy(reader.bytes(key), keys.client.key.begin());
  std::ranges::copy(reader.bytes(key), keys.server.key.begin());
  std::ranges::copy(reader.bytes(salt), keys.client.salt.begin());
  std::ranges::copy(reader.bytes(salt), keys.server.salt.begin());
  return keys;
}

}  // namespace media::srtp

#include "media/dtls/alert_records.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <string_view>

namespace media::dtls {

namespace {

// RFC 6347 section 4.1.
constexpr size_t kHeader = 13;
constexpr size_t kSequenceAt = 3;  // epoch and number
constexpr size_t kSequence = 8;
constexpr uint8_t kAlert = 21;
constexpr uint16_t kVersion12 = 0xfefd;
constexpr size_t kTag = 16;
// RFC 5246 section 7.2: level and description.
constexpr size_t kAlertSize = 2;
constexpr uint8_t kWarning = 1;
constexpr uint8_t kFatal = 2;
constexpr uint8_t kCloseNotify = 0;

constexpr size_t kRandom = 32;
constexpr size_t kMasterSecret = 48;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* p) const { EVP_CIPHER_CTX_free(p); }
  void operator()(EVP_KDF_CTX* p) const { EVP_KDF_CTX_free(p); }
  void operator()(EVP_KDF* p) const { EVP_KDF_free(p); }
};

// RFC 5246 section 6.3: the key block of a finished handshake.
bool expand_keys(SSL* ssl, MutableByteSpan out) {
  static constexpr std::string_view kLabel = "key expansion";
  std::array<uint8_t, kMasterSecret> secret{};
  std::array<uint8_t, kLabel.size() + 2 * kRandom> seed{};
  std::ranges::copy(kLabel, seed.begin());
  uint8_t* const randoms = seed.data() + kLabel.size();
  if (SSL_get_server_random(ssl, randoms, kRandom) != kRandom ||
      SSL_get_client_random(ssl, randoms + kRandom, kRandom) != kRandom ||
      SSL_SESSION_get_master_key(SSL_get_session(ssl), secret.data(), secret.size()) !=
          secret.size()) {
    return false;
  }
  const EVP_MD* digest = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(ssl));
  const std::unique_ptr<EVP_KDF, FreeContext> kdf(
      EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_PRF, nullptr));
  const std::unique_ptr<EVP_KDF_CTX, FreeContext> context(EVP_KDF_CTX_new(kdf.get()));
  if (digest == nullptr || context == nullptr) return false;
  std::string name = EVP_MD_get0_name(digest);
  const std::array<OSSL_PARAM, 4> params = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, secret.data(), secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed.data(), seed.size()),
      OSSL_PARAM_construct_end()};
  const bool ok = EVP_KDF_derive(context.get(), out.data(), out.size(), params.data()) == 1;
  OPENSSL_cleanse(secret.data(), secret.size());
  return ok;
}

// RFC 5246 section 6.2.3.3: number, type, version and length of the plaintext.
std::array<uint8_t, kHeader> additional_data(ByteSpan header) {
  std::array<uint8_t, kHeader> data{};
  std::copy_n(header.data() + kSequenceAt, kSequence, data.begin());
  std::copy_n(header.data(), 3, data.data() + kSequence);
  store_be16(data.data() + kHeader - 2, kAlertSize);
  return data;
}

}  // namespace

std::unique_ptr<AlertRecords> AlertRecords::from(ssl_st* ssl, bool is_server,
                                                 ByteSpan sent_finished) {
  std::unique_ptr<AlertRecords> made(new AlertRecords());
  size_t iv_size = 4;
  made->explicit_size_ = 8;
  made->cipher_ = SSL_CIPHER_get_cipher_nid(SSL_get_current_cipher(ssl));
  switch (made->cipher_) {
    case NID_aes_128_gcm:
      made->key_size_ = 16;
      break;
    case NID_aes_256_gcm:
      made->key_size_ = 32;
      break;
    case NID_chacha20_poly1305:
      made->key_size_ = 32;
      made->explicit_size_ = 0;
      iv_size = kMaxIv;
      break;
    default:
      return nullptr;
  }
  std::array<uint8_t, 2 * (kMaxKey + kMaxIv)> block{};
  const MutableByteSpan used = MutableByteSpan(block).first(2 * (made->key_size_ + iv_size));
  if (SSL_version(ssl) != DTLS1_2_VERSION ||
      sent_finished.size() < kHeader + made->explicit_size_ || !expand_keys(ssl, used)) {
    return nullptr;
  }
  ByteReader reader(used);
  Direction& client = is_server ? made->theirs_ : made->ours_;
  Direction& server = is_server ? made->ours_ : made->theirs_;
  std::ranges::copy(reader.bytes(made->key_size_), client.key.begin());
  std::ranges::copy(reader.bytes(made->key_size_), server.key.begin());
  std::ranges::copy(reader.bytes(iv_size), client.iv.begin());
  std::ranges::copy(reader.bytes(iv_size), server.iv.begin());
  OPENSSL_cleanse(block.data(), block.size());
  made->next_sequence_ = load_be64(sent_finished.data() + kSequenceAt) + 1;
  if (made->explicit_size_ != 0)
    made->next_explicit_ = load_be64(sent_finished.data() + kHeader) + 1;
  return made;
}

AlertRecords::~AlertRecords() {
  OPENSSL_cleanse(&ours_, sizeof(ours_));
  OPENSSL_cleanse(&theirs_, sizeof(theirs_));
}

AlertRecords::Iv AlertRecords::nonce(const Direction& direction, ByteSpan sequence,
                                     ByteSpan explicit_part) const {
  Iv iv = direction.iv;
  if (explicit_size_ != 0) {
    std::ranges::copy(explicit_part, iv.begin() + 4);
  } else {
    for (size_t i = 0; i < sequence.size(); ++i)
      iv[4 + i] = static_cast<uint8_t>(iv[4 + i] ^ sequence[i]);
  }
  return iv;
}

bool AlertRecords::ends(ByteSpan record) const {
  if (record.size() != kHeader + explicit_size_ + kAlertSize + kTag || record[0] != kAlert ||
      load_be16(record.data() + 1) != kVersion12 || load_be16(record.data() + kSequenceAt) != 1) {
    return false;
  }
  const Iv iv = nonce(theirs_, record.subspan(kSequenceAt, kSequence),
                      record.subspan(kHeader, explicit_size_));
  const auto aad = additional_data(record);
  const uint8_t* const sealed = record.data() + kHeader + explicit_size_;
  std::array<uint8_t, kTag> tag{};
  std::copy_n(sealed + kAlertSize, kTag, tag.begin());
  std::array<uint8_t, kAlertSize + kTag> plain{};
  const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* const c = context.get();
  int n = 0;
  const bool authentic =
      EVP_DecryptInit_ex(c, EVP_get_cipherbynid(cipher_), nullptr, theirs_.key.data(), iv.data()) ==
          1 &&
      EVP_DecryptUpdate(c, nullptr, &n, aad.data(), static_cast<int>(aad.size())) == 1 &&
      EVP_DecryptUpdate(c, plain.data(), &n, sealed, static_cast<int>(kAlertSize)) == 1 &&
      EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kTag), tag.data()) == 1 &&
      EVP_DecryptFinal_ex(c, plain.data() + kAlertSize, &n) == 1;
  return authentic && (plain[0] == kFatal || plain[1] == kCloseNotify);
}

std::vector<uint8_t> AlertRecords::close_notify() {
  std::vector<uint8_t> record(kHeader + explicit_size_ + kAlertSize + kTag);
  record[0] = kAlert;
  store_be16(record.data() + 1, kVersion12);
  store_be64(record.data() + kSequenceAt, next_sequence_++);
  store_be16(record.data() + kHeader - 2, static_cast<uint16_t>(record.size() - kHeader));
  if (explicit_size_ != 0) store_be64(record.data() + kHeader, next_explicit_++);
  const Iv iv = nonce(ours_, ByteSpan(record).subspan(kSequenceAt, kSequence),
                      ByteSpan(record).subspan(kHeader, explicit_size_));
  const auto aad = additional_data(record);
  const std::array<uint8_t, kAlertSize> plain = {kWarning, kCloseNotify};
  uint8_t* const sealed = record.data() + kHeader + explicit_size_;
  const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* const c = context.get();
  int n = 0;
  const bool ok =
      EVP_EncryptInit_ex(c, EVP_get_cipherbynid(cipher_), nullptr, ours_.key.data(), iv.data()) ==
          1 &&
      EVP_EncryptUpdate(c, nullptr, &n, aad.data(), static_cast<int>(aad.size())) == 1 &&
      EVP_EncryptUpdate(c, sealed, &n, plain.data(), static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(c, sealed + kAlertSize, &n) == 1 &&
      EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kTag), sealed + kAlertSize) ==
          1;
  if (!ok) record.clear();
  return record;
}

}  // namespace media::dtls

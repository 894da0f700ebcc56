#include "media/srtp/cipher.h"

#include <intel-ipsec-mb.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <utility>

#include "media/base/check.h"

namespace media::srtp {

namespace {

// The library's table of functions for this CPU, made once and only read afterwards: the direct GCM
// calls keep no state in it, so that all threads share it. nullptr without AES-NI and carry-less
// multiplication.
const IMB_MGR* ipsec_functions() {
  static const IMB_MGR* const kFunctions = []() -> const IMB_MGR* {
    IMB_MGR* made = alloc_mb_mgr(0);
    if (made == nullptr) return nullptr;
    IMB_ARCH arch = IMB_ARCH_NONE;
    init_mb_mgr_auto(made, &arch);
    const bool usable =
        imb_get_errno(made) == 0 && arch != IMB_ARCH_NONE && arch != IMB_ARCH_NOAESNI;
    if (!usable) {
      free_mb_mgr(made);
      return nullptr;
    }
    return made;
  }();
  return kFunctions;
}

struct FreeManager {
  void operator()(IMB_MGR* manager) const { free_mb_mgr(manager); }
};

// HMAC by way of jobs keeps state in the manager, so that each thread has its own. Only called
// where ipsec_functions() is there.
IMB_MGR* ipsec_jobs() {
  thread_local const std::unique_ptr<IMB_MGR, FreeManager> kManager([] {
    IMB_MGR* made = alloc_mb_mgr(0);
    CHECK(made != nullptr);
    init_mb_mgr_auto(made, nullptr);
    return made;
  }());
  return kManager.get();
}

EVP_CIPHER_CTX* make_gcm_context(const uint8_t* key, bool wide, bool encrypt) {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  CHECK(context != nullptr);
  const EVP_CIPHER* cipher = wide ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
  // GCM's default IV length is the 12 bytes that SRTP uses.
  CHECK(EVP_CipherInit_ex(context, cipher, nullptr, key, nullptr, encrypt ? 1 : 0) == 1);
  return context;
}

// One packet at a time leaves the library's sixteen SHA-1 lanes empty but for one, and OpenSSL's
// SHA instructions win: see bench_media_srtp.
constexpr Backend automatic_cm() {
  return Backend::OpenSsl;
}

}  // namespace

struct GcmCipher::IpsecKey {
  gcm_key_data expanded;
  ~IpsecKey() { OPENSSL_cleanse(&expanded, sizeof(expanded)); }
};

bool has_ipsec_mb() {
  return ipsec_functions() != nullptr;
}

Backend resolve(Backend wanted, Profile profile) {
  if (wanted == Backend::OpenSsl || !has_ipsec_mb()) return Backend::OpenSsl;
  if (wanted == Backend::IpsecMb) return Backend::IpsecMb;
  return is_aead(profile) ? Backend::IpsecMb : automatic_cm();
}

const char* backend_name() {
  return resolve(Backend::Automatic, Profile::AeadAes128Gcm) == Backend::IpsecMb ? "ipsec-mb"
                                                                                 : "openssl";
}

const char* backend_arch() {
  const IMB_MGR* functions = ipsec_functions();
  switch (functions != nullptr ? functions->used_arch : uint32_t{IMB_ARCH_NONE}) {
    case IMB_ARCH_SSE:
      return "sse";
    case IMB_ARCH_AVX:
      return "avx";
    case IMB_ARCH_AVX2:
      return "avx2";
    case IMB_ARCH_AVX512:
      return "avx512";
    default:
      return "";
  }
}

GcmCipher::GcmCipher(ByteSpan key, Backend backend) : wide_(key.size() == 32) {
  CHECK(key.size() == 16 || key.size() == 32);
  if (backend == Backend::OpenSsl || !has_ipsec_mb()) {
    std::ranges::copy(key, key_.begin());
    return;
  }
  ipsec_ = std::make_unique<IpsecKey>();
  const IMB_MGR* functions = ipsec_functions();
  (wide_ ? functions->gcm256_pre : functions->gcm128_pre)(key.data(), &ipsec_->expanded);
}

GcmCipher::GcmCipher(GcmCipher&& other) noexcept
    : ipsec_(std::move(other.ipsec_)),
      seal_(std::exchange(other.seal_, nullptr)),
      open_(std::exchange(other.open_, nullptr)),
      wide_(other.wide_),
      key_(other.key_) {}

GcmCipher::~GcmCipher() {
  EVP_CIPHER_CTX_free(seal_);
  EVP_CIPHER_CTX_free(open_);
  OPENSSL_cleanse(key_.data(), key_.size());
}

void GcmCipher::seal(const GcmIv& iv, ByteSpan aad, MutableByteSpan text, uint8_t* tag) {
  if (ipsec_ != nullptr) {
    const IMB_MGR* functions = ipsec_functions();
    gcm_context_data context;
    (wide_ ? functions->gcm256_enc : functions->gcm128_enc)(
        &ipsec_->expanded, &context, text.data(), text.data(), text.size(), iv.data(), aad.data(),
        aad.size(), tag, kGcmTag);
    return;
  }
  if (seal_ == nullptr) seal_ = make_gcm_context(key_.data(), wide_, true);
  int n = 0;
  bool ok = EVP_EncryptInit_ex(seal_, nullptr, nullptr, nullptr, iv.data()) == 1;
  ok = ok && EVP_EncryptUpdate(seal_, nullptr, &n, aad.data(), static_cast<int>(aad.size())) == 1;
  if (!text.empty()) {
    ok = ok &&
         EVP_EncryptUpdate(seal_, text.data(), &n, text.data(), static_cast<int>(text.size())) == 1;
  }
  ok = ok && EVP_EncryptFinal_ex(seal_, tag, &n) == 1;
  ok = ok && EVP_CIPHER_CTX_ctrl(seal_, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kGcmTag), tag) == 1;
  CHECK(ok);
}

bool GcmCipher::open(const GcmIv& iv, ByteSpan aad, MutableByteSpan text, const uint8_t* tag) {
  if (ipsec_ != nullptr) {
    const IMB_MGR* functions = ipsec_functions();
    gcm_context_data context;
    std::array<uint8_t, kGcmTag> computed{};
    (wide_ ? functions->gcm256_dec : functions->gcm128_dec)(
        &ipsec_->expanded, &context, text.data(), text.data(), text.size(), iv.data(), aad.data(),
        aad.size(), computed.data(), kGcmTag);
    return CRYPTO_memcmp(computed.data(), tag, kGcmTag) == 0;
  }
  if (open_ == nullptr) open_ = make_gcm_context(key_.data(), wide_, false);
  std::array<uint8_t, kGcmTag> expected{};
  std::copy_n(tag, kGcmTag, expected.begin());
  int n = 0;
  bool ok = EVP_DecryptInit_ex(open_, nullptr, nullptr, nullptr, iv.data()) == 1;
  ok = ok && EVP_DecryptUpdate(open_, nullptr, &n, aad.data(), static_cast<int>(aad.size())) == 1;
  if (!text.empty()) {
    ok = ok &&
         EVP_DecryptUpdate(open_, text.data(), &n, text.data(), static_cast<int>(text.size())) == 1;
  }
  ok = ok && EVP_CIPHER_CTX_ctrl(open_, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kGcmTag),
                                 expected.data()) == 1;
  CHECK(ok);
  std::array<uint8_t, 16> rest{};
  return EVP_DecryptFinal_ex(open_, rest.data(), &n) == 1;
}

struct CmCipher::IpsecKey {
  static constexpr size_t kSchedule = size_t{11} * 16;  // ten rounds and the key itself
  static constexpr size_t kSha1Block = 64;

  // The library reads both with aligned loads.
  alignas(16) std::array<uint8_t, kSchedule> schedule{};
  alignas(16) std::array<uint8_t, kHmacSha1Key> inner{};  // SHA-1 state after the padded key
  alignas(16) std::array<uint8_t, kHmacSha1Key> outer{};

  explicit IpsecKey(const SessionKeys& keys) {
    const IMB_MGR* functions = ipsec_functions();
    alignas(16) std::array<uint8_t, kSchedule> unused{};  // for decryption; counter mode has none
    functions->keyexp_128(keys.cipher.data(), schedule.data(), unused.data());
    // RFC 2104 section 2: the key is shorter than a block.
    std::array<uint8_t, kSha1Block> block{};
    const auto pad = [&](uint8_t with, uint8_t* state) {
      block.fill(with);
      for (size_t i = 0; i < keys.auth.size(); ++i)
        block[i] = static_cast<uint8_t>(block[i] ^ keys.auth[i]);
      functions->sha1_one_block(block.data(), state);
    };
    pad(0x36, inner.data());
    pad(0x5c, outer.data());
    OPENSSL_cleanse(block.data(), block.size());
    OPENSSL_cleanse(unused.data(), unused.size());
  }
  ~IpsecKey() {
    OPENSSL_cleanse(schedule.data(), schedule.size());
    OPENSSL_cleanse(inner.data(), inner.size());
    OPENSSL_cleanse(outer.data(), outer.size());
  }
  IpsecKey(const IpsecKey&) = delete;
  IpsecKey& operator=(const IpsecKey&) = delete;
};

CmCipher::CmCipher(const SessionKeys& keys, Backend backend) {
  if (backend != Backend::OpenSsl && has_ipsec_mb()) {
    ipsec_ = std::make_unique<IpsecKey>(keys);
    return;
  }
  cipher_ = EVP_CIPHER_CTX_new();
  CHECK(cipher_ != nullptr);
  CHECK(EVP_EncryptInit_ex(cipher_, EVP_aes_128_ctr(), nullptr, keys.cipher.data(), nullptr) == 1);
  EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  CHECK(hmac != nullptr);
  mac_ = EVP_MAC_CTX_new(hmac);
  EVP_MAC_free(hmac);
  CHECK(mac_ != nullptr);
  std::array<char, 5> digest = {'S', 'H', 'A', '1', '\0'};
  const std::array<OSSL_PARAM, 2> params = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  CHECK(EVP_MAC_init(mac_, keys.auth.data(), keys.auth.size(), params.data()) == 1);
}

CmCipher::CmCipher(CmCipher&& other) noexcept
    : ipsec_(std::move(other.ipsec_)),
      cipher_(std::exchange(other.cipher_, nullptr)),
      mac_(std::exchange(other.mac_, nullptr)) {}

CmCipher::~CmCipher() {
  EVP_CIPHER_CTX_free(cipher_);
  EVP_MAC_CTX_free(mac_);
}

void CmCipher::crypt(const CtrIv& iv, MutableByteSpan text) {
  if (text.empty()) return;
  if (ipsec_ != nullptr) {
    IMB_JOB job{};
    job.enc_keys = ipsec_->schedule.data();
    job.dec_keys = ipsec_->schedule.data();
    job.key_len_in_bytes = 16;
    job.src = text.data();
    job.dst = text.data();
    job.msg_len_to_cipher_in_bytes = text.size();
    job.iv = iv.data();
    job.iv_len_in_bytes = iv.size();
    CHECK(IMB_SUBMIT_CIPHER_BURST(ipsec_jobs(), &job, 1, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT,
                                  IMB_KEY_128_BYTES) == 1);
    return;
  }
  int n = 0;
  CHECK(EVP_EncryptInit_ex(cipher_, nullptr, nullptr, nullptr, iv.data()) == 1);
  CHECK(EVP_EncryptUpdate(cipher_, text.data(), &n, text.data(), static_cast<int>(text.size())) ==
        1);
}

void CmCipher::authenticate(MutableByteSpan message, ByteSpan suffix, uint8_t* tag) {
  std::array<uint8_t, 20> digest{};
  if (ipsec_ != nullptr) {
    // The library wants one piece: the suffix borrows the place behind the message.
    std::array<uint8_t, kSha1Tag> lent{};
    CHECK(suffix.size() <= lent.size());
    uint8_t* const behind = message.data() + message.size();
    std::copy_n(behind, suffix.size(), lent.begin());
    std::ranges::copy(suffix, behind);
    IMB_JOB job{};
    job.src = message.data();
    job.msg_len_to_hash_in_bytes = message.size() + suffix.size();
    job.auth_tag_output = digest.data();
    job.auth_tag_output_len_in_bytes = digest.size();
    job.u.HMAC._hashed_auth_key_xor_ipad = ipsec_->inner.data();
    job.u.HMAC._hashed_auth_key_xor_opad = ipsec_->outer.data();
    CHECK(IMB_SUBMIT_HASH_BURST(ipsec_jobs(), &job, 1, IMB_AUTH_HMAC_SHA_1) == 1);
    std::copy_n(lent.begin(), suffix.size(), behind);
    std::copy_n(digest.begin(), kSha1Tag, tag);
    return;
  }
  size_t n = 0;
  bool ok = EVP_MAC_init(mac_, nullptr, 0, nullptr) == 1;
  ok = ok && EVP_MAC_update(mac_, message.data(), message.size()) == 1;
  if (!suffix.empty()) ok = ok && EVP_MAC_update(mac_, suffix.data(), suffix.size()) == 1;
  ok = ok && EVP_MAC_final(mac_, digest.data(), &n, digest.size()) == 1;
  CHECK(ok);
  std::copy_n(digest.begin(), kSha1Tag, tag);
}

}  // namespace media::srtp

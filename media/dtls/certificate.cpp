#include "media/dtls/certificate.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "media/base/check.h"
#include "media/dtls/fingerprint_check.h"

namespace media::dtls {

namespace {

struct Free {
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// Ten years: the peer checks the fingerprint from the session description and nothing else.
constexpr long kValidSeconds = 10L * 365 * 24 * 3600;
// Before now, for peers whose clock is behind.
constexpr long kBackdateSeconds = 24 * 3600;

std::string openssl_reason() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  return text.data();
}

Owned<X509> make_x509(EVP_PKEY* key) {
  Owned<X509> cert(X509_new());
  uint64_t serial = 0;
  X509_NAME* name = X509_get_subject_name(cert.get());
  const std::array<unsigned char, 7> common_name = {'t', 'o', 'n', 'g', 'k', 'e', '\0'};
  std::array<unsigned char, sizeof(serial)> random{};
  bool ok = RAND_bytes(random.data(), static_cast<int>(random.size())) == 1;
  std::memcpy(&serial, random.data(), sizeof(serial));
  ok = ok && X509_set_version(cert.get(), X509_VERSION_3) == 1;
  ok = ok && ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert.get()), (serial >> 1) | 1) == 1;
  ok = ok && X509_gmtime_adj(X509_getm_notBefore(cert.get()), -kBackdateSeconds) != nullptr;
  ok = ok && X509_gmtime_adj(X509_getm_notAfter(cert.get()), kValidSeconds) != nullptr;
  ok = ok &&
       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name.data(), -1, -1, 0) == 1;
  ok = ok && X509_set_issuer_name(cert.get(), name) == 1;
  ok = ok && X509_set_pubkey(cert.get(), key) == 1;
  ok = ok && X509_sign(cert.get(), key, EVP_sha256()) > 0;
  return ok ? std::move(cert) : nullptr;
}

}  // namespace

struct Certificate::Parts {
  Owned<EVP_PKEY> key;
  Owned<X509> cert;
  Owned<SSL_CTX> context;
  Fingerprint fingerprint{};
};

namespace {

// One context for both roles; DtlsEndpoint adds what differs between associations.
Owned<SSL_CTX> make_context(X509* cert, EVP_PKEY* key) {
  Owned<SSL_CTX> context(SSL_CTX_new(DTLS_method()));
  if (context == nullptr) return nullptr;
  SSL_CTX* c = context.get();
  bool ok = SSL_CTX_set_min_proto_version(c, DTLS1_2_VERSION) == 1;
  // RFC 8827 section 6.5 asks for ECDHE-ECDSA with AES-128-GCM on P-256; the others serve RSA
  // clients.
  ok = ok &&
       SSL_CTX_set_cipher_list(c,
                               "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                               "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                               "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305") == 1;
  ok = ok && SSL_CTX_set1_groups_list(c, "X25519:P-256") == 1;
  ok = ok && SSL_CTX_use_certificate(c, cert) == 1;
  ok = ok && SSL_CTX_use_PrivateKey(c, key) == 1;
  // Returns 0 on success, unlike the others.
  ok = ok && SSL_CTX_set_tlsext_use_srtp(
                 c, "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80") == 0;
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(c, check_fingerprint, nullptr);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_QUERY_MTU |
                             SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_SINGLE_ECDH_USE);
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(c, 1);  // a DTLS record layer must see whole datagrams
  SSL_CTX_set_quiet_shutdown(c, 0);
  return ok ? std::move(context) : nullptr;
}

}  // namespace

int check_fingerprint(x509_store_ctx_st* store, void* /*argument*/) {
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* check = static_cast<FingerprintCheck*>(SSL_get_app_data(ssl));
  const X509* presented = X509_STORE_CTX_get0_cert(store);
  Fingerprint digest{};
  unsigned size = 0;
  check->matched =
      presented != nullptr && X509_digest(presented, EVP_sha256(), digest.data(), &size) == 1 &&
      size == digest.size() && CRYPTO_memcmp(digest.data(), check->expected.data(), size) == 0;
  X509_STORE_CTX_set_error(store, check->matched ? X509_V_OK : X509_V_ERR_CERT_UNTRUSTED);
  return check->matched ? 1 : 0;
}

Certificate::Certificate(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Certificate::Certificate(Certificate&&) noexcept = default;
Certificate& Certificate::operator=(Certificate&&) noexcept = default;
Certificate::~Certificate() = default;

Outcome<Certificate> Certificate::make() {
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  if (key == nullptr) return env_fail("cannot make a P-256 key: " + openssl_reason());
  const Owned<X509> cert = make_x509(key.get());
  if (cert == nullptr) return env_fail("cannot make a DTLS certificate: " + openssl_reason());
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_X509(bio.get(), cert.get()) != 1) {
    return env_fail("cannot encode a DTLS certificate: " + openssl_reason());
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return from_pem(std::string(text, static_cast<size_t>(size)));
}

Outcome<Certificate> Certificate::from_pem(const std::string& pem) {
  auto parts = std::make_unique<Parts>();
  const Owned<BIO> key_text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  parts->key.reset(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  const Owned<BIO> cert_text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  parts->cert.reset(PEM_read_bio_X509(cert_text.get(), nullptr, nullptr, nullptr));
  if (parts->key == nullptr || parts->cert == nullptr) {
    return env_fail(
        "the DTLS certificate file does not hold a private key and a certificate in PEM form");
  }
  if (X509_check_private_key(parts->cert.get(), parts->key.get()) != 1) {
    return env_fail("the DTLS certificate does not belong to its private key");
  }
  unsigned size = 0;
  CHECK(X509_digest(parts->cert.get(), EVP_sha256(), parts->fingerprint.data(), &size) == 1);
  parts->context = make_context(parts->cert.get(), parts->key.get());
  if (parts->context == nullptr) return env_fail("cannot set up DTLS: " + openssl_reason());
  return Certificate(std::move(parts));
}

Outcome<Certificate> Certificate::load_or_make(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) {
      return env_fail("cannot read the DTLS certificate " + path.string() +
                      ": make it readable for this user");
    }
    auto made = make();
    if (!made) return made;
    if (const auto saved = made->save(path); !saved) return tl::unexpected<EnvError>(saved.error());
    return made;
  }
  std::stringstream text;
  text << file.rdbuf();
  auto loaded = from_pem(text.str());
  if (!loaded)
    return env_fail(path.string() + ": " + loaded.error().message +
                    "; delete it to have a new one made");
  return loaded;
}

const Fingerprint& Certificate::fingerprint() const {
  return parts_->fingerprint;
}

std::string Certificate::to_pem() const {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_PrivateKey(bio.get(), parts_->key.get(), nullptr, nullptr, 0, nullptr,
                                 nullptr) == 1);
  CHECK(PEM_write_bio_X509(bio.get(), parts_->cert.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<size_t>(size)};
}

Outcome<void> Certificate::save(const std::filesystem::path& path) const {
  const std::string pem = to_pem();
  // Written beside its place and renamed, so that a crash leaves no half a key.
  const std::string beside = path.string() + ".new";
  const int fd =
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  bool ok = fd >= 0;
  ok = ok && ::write(fd, pem.data(), pem.size()) == static_cast<ssize_t>(pem.size());
  ok = ok && ::fsync(fd) == 0;
  const int problem = errno;
  if (fd >= 0) ::close(fd);
  ok = ok && ::rename(beside.c_str(), path.c_str()) == 0;
  if (!ok) {
    return env_fail("cannot write the DTLS certificate " + path.string() + " (" +
                    std::strerror(problem) + "): check the directory's permissions and free space");
  }
  return {};
}

ssl_ctx_st* Certificate::context() const {
  return parts_->context.get();
}

std::string to_string(const Fingerprint& fingerprint) {
  static constexpr std::array<char, 17> kDigits = {"0123456789ABCDEF"};
  std::string text;
  text.reserve(fingerprint.size() * 3);
  for (const uint8_t byte : fingerprint) {
    if (!text.empty()) text += ':';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace media::dtls

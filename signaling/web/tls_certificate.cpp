#include "signaling/web/tls_certificate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace signaling::web {
namespace {

struct OpenSslDelete {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, OpenSslDelete>;

constexpr int64_t kDay = 24 * 3600;
// Browsers refuse leaf certificates of more than 825 days even when they were told to trust them
// (Apple, 2019).
constexpr int64_t kLifetime = 820 * kDay;
constexpr int64_t kRenewBefore = 30 * kDay;

bool is_address(const std::string& name) {
  std::array<uint8_t, 16> bytes{};
  return ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

Owned<X509> read_certificate(const std::filesystem::path& file) {
  const Owned<BIO> bio(BIO_new_file(file.c_str(), "r"));
  return Owned<X509>(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
}

Owned<EVP_PKEY> read_key(const std::filesystem::path& file) {
  const Owned<BIO> bio(BIO_new_file(file.c_str(), "r"));
  return Owned<EVP_PKEY>(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr)
                             : nullptr);
}

bool still_good(const TlsFiles& files, const std::vector<std::string>& names, int64_t now_s) {
  const Owned<X509> certificate = read_certificate(files.certificate);
  const Owned<EVP_PKEY> key = read_key(files.private_key);
  if (!certificate || !key || X509_check_private_key(certificate.get(), key.get()) != 1)
    return false;
  for (const std::string& name : names) {
    const int covered = is_address(name) ? X509_check_ip_asc(certificate.get(), name.c_str(), 0)
                                         : X509_check_host(certificate.get(), name.c_str(),
                                                           name.size(), 0, nullptr);
    if (covered != 1) return false;
  }
  time_t renew_at = now_s + kRenewBefore;
  return X509_cmp_time(X509_get0_notAfter(certificate.get()), &renew_at) > 0;
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Owned<X509> make_certificate(EVP_PKEY* key, const std::vector<std::string>& names, int64_t now_s) {
  Owned<X509> certificate(X509_new());
  std::array<uint8_t, 16> serial{};
  if (!certificate || RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1)
    return nullptr;
  serial[0] &= 0x7F;  // RFC 5280 section 4.1.2.2: positive
  BIGNUM* number = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get()));
  BN_free(number);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()),
                now_s - kDay);  // a client's clock may be behind
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), now_s + kLifetime);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>("Tongke"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  X509_set_pubkey(certificate.get(), key);
  std::string alternatives;
  for (const std::string& name : names) {
    alternatives += fmt::format("{}{}:{}", alternatives.empty() ? "" : ",",
                                is_address(name) ? "IP" : "DNS", name);
  }
  if (!add_extension(certificate.get(), NID_subject_alt_name, alternatives) ||
      !add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(certificate.get(), NID_ext_key_usage, "serverAuth") ||
      X509_sign(certificate.get(), key, EVP_sha256()) == 0) {
    return nullptr;
  }
  return certificate;
}

// Written beside and renamed, so that a crash never leaves half a file under the name.
media::Outcome<void> write_file(const std::filesystem::path& file, const std::string& text) {
  const std::string beside = file.string() + ".new";
  const int fd =
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  const bool written = fd >= 0 &&
                       ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!written || ::rename(beside.c_str(), file.c_str()) != 0) {
    return media::env_fail(fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
  }
  return {};
}

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return std::string(bytes, static_cast<size_t>(size));
}

}  // namespace

media::Outcome<TlsFiles> ensure_self_signed(const std::filesystem::path& directory,
                                            const std::vector<std::string>& names, int64_t now_s) {
  const TlsFiles files{directory / "certificate.pem", directory / "private-key.pem"};
  std::vector<std::string> all = names;
  all.emplace_back("localhost");
  if (still_good(files, all, now_s)) return files;

  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error)
    return media::env_fail(fmt::format("cannot make {}: {}", directory.string(), error.message()));
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const Owned<X509> certificate = key ? make_certificate(key.get(), all, now_s) : nullptr;
  const Owned<BIO> key_text(BIO_new(BIO_s_mem()));
  const Owned<BIO> certificate_text(BIO_new(BIO_s_mem()));
  if (!certificate ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1 ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1) {
    return media::env_fail(
        "OpenSSL could not make a certificate; is the public address a host name or an IP "
        "address?");
  }
  if (auto written = write_file(files.private_key, text_of(key_text.get())); !written) {
    return tl::unexpected<media::EnvError>(written.error());
  }
  if (auto written = write_file(files.certificate, text_of(certificate_text.get())); !written) {
    return tl::unexpected<media::EnvError>(written.error());
  }
  return files;
}

}  // namespace signaling::web

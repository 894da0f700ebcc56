// The server's DTLS identity: a self-signed ECDSA P-256 certificate, its SHA-256 fingerprint, and
// the TLS context that all endpoints with this identity share. Made once at start-up; read by any
// thread afterwards.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "media/base/model.h"
#include "media/base/result.h"

struct ssl_ctx_st;

namespace media::dtls {

class Certificate {
 public:
  // A new key and certificate. WebRTC peers compare the fingerprint only, so name and dates carry
  // no meaning.
  static Outcome<Certificate> make();
  // From PEM text holding one private key and one certificate.
  static Outcome<Certificate> from_pem(const std::string& pem);
  // Loads `path`, or makes a certificate and saves it there (mode 0600) when the file does not
  // exist.
  static Outcome<Certificate> load_or_make(const std::filesystem::path& path);
  Certificate(Certificate&&) noexcept;
  Certificate& operator=(Certificate&&) noexcept;
  ~Certificate();

  [[nodiscard]] const Fingerprint& fingerprint() const;
  // Private key and certificate. Secret.
  [[nodiscard]] std::string to_pem() const;
  [[nodiscard]] Outcome<void> save(const std::filesystem::path& path) const;

  // For DtlsEndpoint.
  [[nodiscard]] ssl_ctx_st* context() const;

 private:
  struct Parts;
  explicit Certificate(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// "AB:CD:…" as in a=fingerprint:sha-256 (RFC 8122 section 5).
std::string to_string(const Fingerprint& fingerprint);

}  // namespace media::dtls

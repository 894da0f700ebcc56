// The certificate that a server without one makes for itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "media/base/result.h"

namespace signaling::web {

struct TlsFiles {
  std::filesystem::path certificate;  // PEM, leaf first
  std::filesystem::path private_key;  // PEM
};

// Returns <directory>/{certificate,private-key}.pem: an ECDSA P-256 certificate, self-signed, for
// `names` (host names and numeric addresses) and localhost. Makes them when they are missing, do
// not cover a name, or end within 30 days of `now_s` (Unix time); otherwise keeps them, so that a
// browser's exception lasts. The key is readable by its owner only.
media::Outcome<TlsFiles> ensure_self_signed(const std::filesystem::path& directory,
                                            const std::vector<std::string>& names, int64_t now_s);

}  // namespace signaling::web

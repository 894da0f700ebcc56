// Which hosts a source may be on. A teacher types an address; the server must not be led by it to
// what only the server can reach (a cloud's metadata service, its own admin ports).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "media/base/result.h"

struct sockaddr;

namespace signaling::ingest {

// An IPv6 network; IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2).
struct Network {
  std::array<uint8_t, 16> bytes{};
  unsigned bits = 128;
};

// "169.254.0.0/16", "fe80::/10", a bare address. Errors: Malformed.
media::Result<Network> parse_network(std::string_view text);

class AddressPolicy {
 public:
  // Errors: names the network that cannot be read.
  static media::Outcome<AddressPolicy> make(const std::vector<std::string>& deny);
  // A numeric address; anything else is refused.
  [[nodiscard]] bool permits(const std::string& address) const;

 private:
  std::vector<Network> deny_;
};

// Looks `host` up (blocks) and gives a numeric address of it. All that the name stands for must be
// permitted, so that no second look-up can lead elsewhere. Errors: a sentence.
media::Outcome<std::string> resolve_permitted(const std::string& host, const AddressPolicy& policy);

}  // namespace signaling::ingest

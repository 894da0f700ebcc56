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

// What no source is on unless the operator says so: this machine, what only its own line reaches
// (RFC 3927, where clouds keep their metadata), nowhere, everyone. Schools' own networks (RFC 1918)
// are where recorders stand.
const std::vector<std::string>& default_deny();

// The server's own doors: a source that is one of them would make it call itself.
struct OwnDoors {
  std::vector<std::string> addresses;  // numeric
  std::vector<uint16_t> ports;
};

class AddressPolicy {
 public:
  // A network of `allow` is allowed although `deny` contains it; `own` is never allowed. Errors:
  // names the network that cannot be read.
  static media::Outcome<AddressPolicy> make(const std::vector<std::string>& deny,
                                            const std::vector<std::string>& allow = {},
                                            const OwnDoors& own = {});
  // A numeric address; anything else is refused.
  [[nodiscard]] bool permits(const std::string& address, uint16_t port) const;

 private:
  std::vector<Network> deny_;
  std::vector<Network> allow_;
  std::vector<Network> own_;
  std::vector<uint16_t> own_ports_;
};

// The addresses of this machine's network interfaces.
std::vector<std::string> addresses_of_this_machine();

// Looks `host` up (blocks) and gives a numeric address of it. All that the name stands for must be
// permitted, so that no second look-up can lead elsewhere. Errors: a sentence.
media::Outcome<std::string> resolve_permitted(const std::string& host, uint16_t port,
                                              const AddressPolicy& policy);

}  // namespace signaling::ingest

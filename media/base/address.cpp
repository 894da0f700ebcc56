#include "media/base/address.h"

#include <arpa/inet.h>

#include <algorithm>

namespace media {

namespace {
constexpr std::array<uint8_t, 12> kV4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
}

bool Address::is_v4() const {
  return std::equal(kV4Prefix.begin(), kV4Prefix.end(), ip.begin());
}

std::string Address::ip_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_v4()) {
    inet_ntop(AF_INET, ip.data() + 12, text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, ip.data(), text.data(), text.size());
  }
  return text.data();
}

std::string Address::to_string() const {
  return (is_v4() ? ip_string() : "[" + ip_string() + "]") + ":" + std::to_string(port) +
         (transport == Transport::Tcp ? "/tcp" : "");
}

Result<Address> Address::parse(const std::string& ip, uint16_t port) {
  Address out;
  out.port = port;
  if (inet_pton(AF_INET, ip.c_str(), out.ip.data() + 12) == 1) {
    std::copy(kV4Prefix.begin(), kV4Prefix.end(), out.ip.begin());
    return out;
  }
  if (inet_pton(AF_INET6, ip.c_str(), out.ip.data()) == 1) return out;
  return fail(Errc::Malformed, "not a numeric IP address");
}

}  // namespace media

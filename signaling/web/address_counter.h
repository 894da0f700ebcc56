// How many connections of strangers each address holds. Pure. One IPv6 household owns a /64 and
// counts as one.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

namespace signaling::web {

class AddressCounter {
 public:
  // False, and not counted, when `address` already holds `limit`.
  bool try_add(const std::string& address, size_t limit);
  void remove(const std::string& address);
  [[nodiscard]] size_t count(const std::string& address) const;

 private:
  std::unordered_map<std::string, size_t> counts_;
};

// "2001:db8:1:2:3::4" -> "2001:db8:1:2::/64"; IPv4, also mapped into IPv6, as "192.0.2.1".
std::string address_key(const std::string& address);
// `::ffff:192.0.2.1` -> `192.0.2.1`; everything else unchanged.
std::string plain_address(const std::string& address);
bool is_loopback(const std::string& address);

}  // namespace signaling::web

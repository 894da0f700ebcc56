#include "signaling/web/address_counter.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace signaling::web {

bool AddressCounter::try_add(const std::string& address, size_t limit) {
  size_t& count = counts_[address_key(address)];
  if (count >= limit) {
    if (count == 0) counts_.erase(address_key(address));
    return false;
  }
  ++count;
  return true;
}

void AddressCounter::remove(const std::string& address) {
  const auto found = counts_.find(address_key(address));
  if (found != counts_.end() && --found->second == 0) counts_.erase(found);
}

size_t AddressCounter::count(const std::string& address) const {
  const auto found = counts_.find(address_key(address));
  return found == counts_.end() ? 0 : found->second;
}

std::string plain_address(const std::string& address) {
  constexpr const char* kMapped = "::ffff:";
  const std::string lower_prefix = address.substr(0, 7);
  if (lower_prefix == kMapped && address.find('.') != std::string::npos) return address.substr(7);
  return address;
}

std::string address_key(const std::string& address) {
  std::string plain = plain_address(address);
  std::array<uint8_t, 16> bytes{};
  if (::inet_pton(AF_INET6, plain.c_str(), bytes.data()) != 1) return plain;
  std::fill(bytes.begin() + 8, bytes.end(), uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  return std::string(text.data()) + "/64";
}

bool is_loopback(const std::string& address) {
  const std::string plain = plain_address(address);
  return plain == "::1" || plain.starts_with("127.");
}

}  // namespace signaling::web
